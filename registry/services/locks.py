"""How is it made sure that one act at a time changes a model? Each lock is held until the transaction ends."""

from django.db.models import IntegerField

from audits.prepared import Given, Prepared
from registry.models import ModelState, RegisteredModel

_KEY = Given("key", IntegerField())
_VERSIONS = Prepared(
    lambda: RegisteredModel.objects.select_for_update().filter(pk=_KEY).order_by().values_list("pk"),
)
_DESCRIPTION = Prepared(lambda: ModelState.objects.select_for_update().filter(pk=_KEY).values_list("pk"))


def lock_versions(model_id: int) -> None:
    """Let nobody else number, alias or delete a version of a model."""
    _VERSIONS.first(key=model_id)


def lock_description(model: RegisteredModel) -> None:
    """Let nobody else name, describe or tag a model or its versions."""
    _DESCRIPTION.first(key=model.pk)
