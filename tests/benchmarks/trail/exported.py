"""S6: how long the bundle of the whole trail takes to write, and how much memory.

The bundle and the key stay in the directory named, for the verification.
"""

import shutil
import sys
import time
from pathlib import Path

import django

django.setup()

from audits.evidence import local_path  # noqa: E402
from audits.trail import log_verifier  # noqa: E402
from governance.services.bundles import export_bundle  # noqa: E402
from tests.benchmarks.board import at_most, shown, tell  # noqa: E402
from tests.benchmarks.trail.memory import peak_bytes  # noqa: E402
from tests.benchmarks.trail.writers import ACTOR  # noqa: E402

if __name__ == "__main__":
    place = Path(sys.argv[1])
    at_rest = peak_bytes() / 2**20
    began, cpu = time.perf_counter(), time.process_time()
    bundle = export_bundle(actor=ACTOR)
    seconds, cpu, peak = time.perf_counter() - began, time.process_time() - cpu, peak_bytes() / 2**20
    with local_path(bundle.sha256) as stored:
        shutil.copy(stored, place / "bundle.zip")
    (place / "key").write_text(log_verifier().key_string)
    weight = shown(bundle.size / 1e6, "MB")
    what = f"bundle of {bundle.checkpoint_size:,} entries exported ({weight}), {shown(cpu, 's')} of CPU"
    tell(
        at_most("S6", what, seconds, 15, "s"),
        at_most("S6", f"- its peak memory, {shown(at_rest, 'MiB')} of it the process at rest", peak, 128, "MiB"),
    )
