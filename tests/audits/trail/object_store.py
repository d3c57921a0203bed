"""A real object store on this machine, with versions and a lock, spoken to over its own protocol."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import httpx
import pytest
from moto.server import ThreadedMotoServer

BUCKET = "checkpoints"


@contextmanager
def locked_bucket() -> Iterator[Any]:
    """Yield a bucket in which nobody, its owner included, removes what was stored for the next ten days."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    # What an earlier one held lives on in this process.
    httpx.post(f"{address}/moto-api/reset").raise_for_status()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", address)
        patch.setenv("AWS_ACCESS_KEY_ID", "anyone")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "a secret")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        bucket = boto3.resource("s3").Bucket(BUCKET)
        bucket.create(ObjectLockEnabledForBucket=True)
        bucket.meta.client.put_object_lock_configuration(
            Bucket=BUCKET,
            ObjectLockConfiguration={
                "ObjectLockEnabled": "Enabled",
                "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 10}},
            },
        )
        yield bucket
        server.stop()
