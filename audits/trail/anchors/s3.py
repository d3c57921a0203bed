"""How are checkpoints kept in an object store that speaks S3, under a lock that its owner cannot lift?

Where and with which rights is what every program of S3 reads from its environment: AWS_ENDPOINT_URL,
AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_DEFAULT_REGION, or a profile.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from audits.trail.anchors.anchor import AnchorFailed, different, file_name, is_same, size_in
from audits.trail.notes import MAX_NOTE_BYTES

SECONDS = 10


class S3Anchor:
    """A bucket, or a folder in one. Versions and retention are set on the bucket, by somebody else's hand.

    Of each object its oldest version counts. In a bucket with versions, overwriting an object adds a version and
    deleting it a marker; the lock keeps the first from being removed, so that whoever has our rights hides nothing.
    """

    is_near: ClassVar[bool] = False
    is_continuous: ClassVar[bool] = False

    def __init__(self, where: str) -> None:
        self.name = f"s3:{where}"
        self._name_of_bucket, _, folder = where.partition("/")
        self._prefix = f"{folder.rstrip('/')}/" if folder else ""

    def keep(self, note: str, size: int) -> None:
        if size not in self.sizes():
            with self._bucket("written") as bucket:
                bucket.put_object(Key=self._key(size), Body=note.encode(), ContentType="text/plain; charset=utf-8")
        if not is_same(self.read(size), note):
            raise different(self.name, size)

    def sizes(self) -> list[int]:
        with self._bucket("listed") as bucket:
            names = {version.object_key.removeprefix(self._prefix) for version in self._versions(bucket, self._prefix)}
        return sorted(size for name in names if (size := size_in(name)) is not None)

    def read(self, size: int) -> str:
        key = self._key(size)
        with self._bucket("read") as bucket:
            versions = [version for version in self._versions(bucket, key) if version.object_key == key]
            if not versions:
                raise AnchorFailed(f"{self.name}: {file_name(size)} is not there.")
            first = min(versions, key=lambda version: version.last_modified)
            try:
                return str(first.get()["Body"].read(MAX_NOTE_BYTES).decode())
            except UnicodeDecodeError:
                raise AnchorFailed(f"{self.name}: {file_name(size)} is no text; look into it.") from None

    def _key(self, size: int) -> str:
        return f"{self._prefix}{file_name(size)}"

    @staticmethod
    def _versions(bucket: Any, prefix: str) -> Iterator[Any]:
        # A marker that says "deleted" is listed among the versions, and has no size.
        return (version for version in bucket.object_versions.filter(Prefix=prefix) if version.size is not None)

    @contextmanager
    def _bucket(self, done: str) -> Iterator[Any]:
        try:
            # Here and not above: only who keeps checkpoints in such a store has the library, and pays for loading it.
            import boto3
            from botocore.config import Config
            from botocore.exceptions import BotoCoreError, ClientError
        except ModuleNotFoundError as missing:
            raise AnchorFailed(f"{self.name} needs a library: pip install boto3 ({missing}).") from None
        settings = Config(connect_timeout=SECONDS, read_timeout=SECONDS, retries={"max_attempts": 2})
        try:
            yield boto3.resource("s3", config=settings).Bucket(self._name_of_bucket)
        except (BotoCoreError, ClientError, ValueError) as problem:
            raise AnchorFailed(
                f"{self.name} cannot be {done}: {problem} Check the bucket, and the variables that begin with AWS_."
            ) from None
