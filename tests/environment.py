"""Loaded before the settings: every test process works in a directory of its own, never in the installation's."""

import atexit
import os
import shutil
import tempfile

_directory = tempfile.mkdtemp(prefix="countersign-test-")
atexit.register(shutil.rmtree, _directory, ignore_errors=True)

os.environ["COUNTERSIGN_DATA"] = _directory
os.environ["COUNTERSIGN_TRAIL_ORIGIN"] = "countersign.test/trail"
os.environ["COUNTERSIGN_TRAIL_KEY"] = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
# Between two tests the trail starts anew, which is just what an anchor is there to notice.
os.environ["COUNTERSIGN_ANCHORS"] = ""
# As many threads as the locked child has, and no more: there is a process of tests for each processor.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")
for name in ("COUNTERSIGN_BROKER_URL", "COUNTERSIGN_SECRET_KEY", "COUNTERSIGN_WITNESSES", "COUNTERSIGN_WITNESSED_LOGS"):
    os.environ.pop(name, None)
