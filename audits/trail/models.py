"""What does the trail consist of?"""

from typing import ClassVar

from django.db import models


class Entry(models.Model):
    """One line of the trail: somebody did something to something.

    Created by: `Recording.append`, as the last statement of a use case's transaction.
    States: 1. appended. There is no other; triggers refuse update, delete and truncate.
    Personal data: no. Actors are stable ids.
    """

    id = models.UUIDField(
        primary_key=True, help_text="Minted before the row it explains, so that the row can point here."
    )
    index = models.BigIntegerField(unique=True, help_text="Position in the log, from 0, without gaps.")
    recorded_at = models.DateTimeField(help_text="UTC, by the log's clock; never decreases with the index.")
    actor = models.CharField(max_length=120, db_index=True, help_text="kind:id; copied from the text.")
    action = models.CharField(max_length=60, db_index=True, help_text="noun.participle; copied from the text.")
    subject = models.CharField(max_length=300, help_text="What it happened to, e.g. version/name/3.")
    subject_number = models.BigIntegerField(help_text="1, 2, 3 … within the subject; inside the text.")
    text = models.TextField(help_text="Canonical JSON (RFC 8785, safe subset), stored and hashed verbatim.")
    leaf_hash = models.BinaryField(max_length=32, help_text="SHA-256(0x00 || text), RFC 6962 section 2.1.")
    chain_hash = models.BinaryField(max_length=32, help_text="SHA-256(previous chain hash || leaf hash).")
    proof = models.BinaryField(
        max_length=32, null=True, help_text="HMAC by the service that wrote it; none in entries older than proofs."
    )

    class Meta:
        verbose_name_plural = "entries"
        ordering = ["-index"]
        constraints = [
            models.UniqueConstraint(fields=["subject", "subject_number"], name="entry_once_per_subject_number")
        ]

    def __str__(self) -> str:
        return f"{self.index} {self.action} {self.subject}"


class Head(models.Model):
    """Where the trail ends. The single row is locked while entries are numbered.

    An operational row: everything in it can be recomputed from the entries, and `verify_trail` does so.
    """

    id = models.PositiveSmallIntegerField(primary_key=True)
    size = models.BigIntegerField(help_text="Number of entries.")
    chain_hash = models.BinaryField(max_length=32, help_text="Chain hash of the last entry; 32 zero bytes before it.")
    recorded_at = models.DateTimeField(help_text="Time of the last entry, UTC.")

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_head")]

    def __str__(self) -> str:
        return f"head at {self.size}"


class TreeState(models.Model):
    """How far the Merkle tree has been integrated. Operational: recomputable from the entries.

    Its row is locked while the tree grows and while a checkpoint is signed.
    """

    id = models.PositiveSmallIntegerField(primary_key=True)
    size = models.BigIntegerField(help_text="Number of entries integrated.")
    frontier = models.BinaryField(
        help_text="Hashes of the tiles that are not full, level 1 first, 32 bytes each; level 0 is in the entries."
    )

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_tree_state")]

    def __str__(self) -> str:
        return f"tree at {self.size}"


class TrailTile(models.Model):
    """256 neighbouring hashes of one level of the tree, from which proofs are made (C2SP tlog-tiles).

    Created by: `tree.integrate`, as soon as its last hash is known.
    States: 1. full. Append-only; a tile that is not full has no row.
    Personal data: no.
    """

    level = models.PositiveSmallIntegerField(help_text="Tile level; its hashes are over 256 ** level entries each.")
    index = models.BigIntegerField(help_text="Place of the tile within its level, from 0.")
    hashes = models.BinaryField(max_length=8192, help_text="256 hashes of 32 bytes, left to right.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["level", "index"], name="tile_once_per_place")]

    def __str__(self) -> str:
        return f"tile {self.level}/{self.index}"


class Checkpoint(models.Model):
    """A signed size and root of the trail (C2SP tlog-checkpoint).

    Created by: `checkpoints.publish_checkpoint`, by the dispatcher, whenever the trail has grown.
    States: 1. signed. Append-only.
    """

    size = models.BigIntegerField(primary_key=True, help_text="Entries covered.")
    root = models.BinaryField(max_length=32, help_text="RFC 6962 root of the entries 0 to size - 1.")
    note = models.TextField(help_text="The C2SP signed note, verbatim.")
    signed_at = models.DateTimeField(help_text="UTC.")

    class Meta:
        ordering = ["-size"]

    def __str__(self) -> str:
        return f"checkpoint at {self.size}"


class PersonKey(models.Model):
    """The key under which the free text of one actor is encrypted, for one kind of text.

    Operational: made with the first text, its secret emptied by an erasure. Nothing is decided from it, and no digest
    covers it.
    Personal data: it opens some.
    """

    id = models.UUIDField(primary_key=True, help_text="Named in the ciphertext and in the entry of an erasure.")
    actor = models.CharField(max_length=120, help_text="Whose texts, kind:id.")
    purpose = models.CharField(max_length=20, help_text="Which kind of text, e.g. approval.")
    secret = models.BinaryField(max_length=32, help_text="AES-256 key; empty once it is destroyed.")
    made_at = models.DateTimeField(help_text="UTC.")
    destroyed_at = models.DateTimeField(null=True, help_text="UTC.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["actor", "purpose"], name="one_key_per_actor_and_purpose")]

    def __str__(self) -> str:
        return f"key {self.id} for {self.purpose}"


class Recorded(models.Model):
    """A row that cannot exist without the entry that explains it.

    The column is not null and unique, and its foreign key is checked at commit: `create`, `bulk_create` and raw
    SQL fail in the database when they bring no entry. Concrete models install `AppendOnly` in a migration.

    `columns_added_later` names the fields a table got after rows of it were recorded. They stand in a row's digest only
    while they hold something else than their default, so that an upgrade leaves every earlier digest as it was.
    """

    columns_added_later: ClassVar[frozenset[str]] = frozenset()

    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, related_name="+", editable=False)

    class Meta:
        abstract = True
