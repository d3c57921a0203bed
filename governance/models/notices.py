"""Who must be told what? Messages to people; nothing is decided from them."""

from django.db import models

from governance.models.accounts import Account


class Notice(models.Model):
    """One sentence for one person, shown on the desk and in the API until it is read.

    Operational: written beside the entry that says the same. Created by: the services, through `tell`.
    Personal data: no, beyond whom it is for.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="notices")
    sentence = models.CharField(max_length=500)
    about = models.CharField(max_length=300, help_text="Subject, such as promotion/uid.")
    created_at = models.DateTimeField(help_text="UTC.")
    read_at = models.DateTimeField(null=True, help_text="UTC.")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.sentence
