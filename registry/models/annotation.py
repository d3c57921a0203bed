"""What is said about models and versions, beyond what they were registered with?"""

from django.db import models

from audits.trail import DocumentField, Recorded
from registry.models.model_version import ModelVersion
from registry.models.registered_model import RegisteredModel


class Annotation(Recorded):
    """Somebody described a model or a version anew, gave it tags or took some away. No policy reads them.

    Created by: `annotate`. States: 1. recorded. The newest word about a tag, and about the description, counts.
    Personal data: the texts may hold some; whoever writes them is told that they stay.
    """

    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="annotations")
    version = models.ForeignKey(
        ModelVersion, on_delete=models.PROTECT, null=True, related_name="annotations", help_text="None: of the model."
    )
    description = models.TextField(null=True, help_text="None: not spoken of.")
    tags = DocumentField(default=dict, help_text="Texts by name; null for a tag that was taken away.")
    noted_by = models.CharField(max_length=120, help_text="Actor, kind:id.")
    noted_at = models.DateTimeField(help_text="UTC.")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"about {self.version or self.model}"


class CurrentAnnotation(models.Model):
    """Projection: a tag, or under the empty name the description, that a model or a version has now.

    Rebuilt from the annotations by `verify_trail` and compared.
    """

    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="noted")
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, null=True, related_name="noted")
    tag = models.CharField(max_length=250, blank=True, help_text="Empty: the description.")
    value = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["model", "tag"], condition=models.Q(version__isnull=True), name="model_tag_once"
            ),
            models.UniqueConstraint(
                fields=["version", "tag"], condition=models.Q(version__isnull=False), name="version_tag_once"
            ),
        ]
        indexes = [models.Index(fields=["tag", "version"], name="annotation_by_tag")]

    def __str__(self) -> str:
        return f"{self.version or self.model}: {self.tag or 'description'}"
