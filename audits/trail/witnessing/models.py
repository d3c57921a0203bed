"""What did witnesses say about our trail, and what did we, as a witness, say about others?"""

from django.db import models

from audits.trail.models import Checkpoint


class Cosignature(models.Model):
    """A witness's word that it saw one of our checkpoints, and that it extends the ones it saw before.

    Created by: `witnessing.cosigned.keep_cosignature`, for an answer whose signature was verified.
    States: 1. kept. Append-only.
    Personal data: no; a witness is a service.
    """

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="cosignatures")
    witness = models.CharField(max_length=300, help_text="Name and key id of the witness's key.")
    line = models.TextField(help_text="The C2SP signature line, verbatim, with its newline.")
    time = models.BigIntegerField(help_text="POSIX seconds, by the witness's clock; inside the signature.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["checkpoint", "witness"], name="one_word_per_witness")]

    def __str__(self) -> str:
        return f"{self.witness} saw {self.checkpoint_id}"


class WitnessedCheckpoint(models.Model):
    """A checkpoint of another log that we, as its witness, cosigned.

    Created by: `witnessing.memory.witness_checkpoint`. The row with the largest size is what we remember of a log.
    States: 1. remembered. Append-only, and one after the other: of two rows that follow the same size, the database
    refuses the second, so that a log cannot have two futures.
    Personal data: no.
    """

    # Not an entry: two installations that are each other's witness would make each other's trail grow for ever.
    origin = models.CharField(max_length=300, help_text="The log's name, first line of its checkpoints.")
    origin_sha256 = models.CharField(max_length=64, db_index=True, help_text="SHA-256 of the origin, hex.")
    old_size = models.BigIntegerField(help_text="Size of the checkpoint remembered before; 0 for none.")
    size = models.BigIntegerField(help_text="Entries covered.")
    root = models.BinaryField(max_length=32, help_text="RFC 6962 root.")
    note = models.TextField(help_text="The note as the log sent it, with its signature, verbatim.")
    seen_at = models.DateTimeField(help_text="UTC.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["origin", "old_size"], name="one_future_per_log"),
            models.UniqueConstraint(fields=["origin", "size"], name="one_tree_per_size"),
        ]

    def __str__(self) -> str:
        return f"{self.origin} at {self.size}"
