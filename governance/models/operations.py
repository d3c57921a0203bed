"""What does the machinery remember for itself? Ordinary rows; nothing is decided from them."""

from django.db import models

from governance.models.accounts import AccessToken, Account


class IdempotencyKey(models.Model):
    """A request that a client may send again: what it was, and what was answered. Operational."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200, help_text="As sent in the header Idempotency-Key.")
    request_sha256 = models.CharField(max_length=64, help_text="Digest of method, path and body.")
    status = models.PositiveSmallIntegerField(null=True, help_text="HTTP status answered; null while under way.")
    body = models.TextField(blank=True, help_text="Body answered.")
    location = models.CharField(max_length=500, blank=True)
    started_at = models.DateTimeField(help_text="UTC.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "key"], name="idempotency_key_once")]

    def __str__(self) -> str:
        return f"{self.key} {self.status or 'under way'}"


class TokenUse(models.Model):
    """When a token was last used, to the minute, and how many requests of that minute are given out. Operational."""

    token = models.OneToOneField(AccessToken, on_delete=models.CASCADE, related_name="use", primary_key=True)
    minute = models.DateTimeField(help_text="Start of the minute it was last used in, UTC.")
    taken = models.PositiveIntegerField(help_text="Requests that processes took for that minute.")

    def __str__(self) -> str:
        return f"{self.token} {self.minute:%H:%M} {self.taken}"


class Upload(models.Model):
    """A file that comes in pieces: what was announced. How far it is, its bytes on disk tell. Operational."""

    uid = models.UUIDField(unique=True, help_text="Name for the outside world, and of the file.")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    sha256 = models.CharField(max_length=64, help_text="Digest announced, hex.")
    size = models.BigIntegerField(help_text="Bytes announced.")
    begun_at = models.DateTimeField(help_text="UTC.")
    expires_at = models.DateTimeField(db_index=True, help_text="When it is thrown away unfinished, UTC.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "sha256", "size"], name="upload_once")]

    def __str__(self) -> str:
        return f"{self.uid} {self.sha256[:12]}"
