"""How does a module of this project start in a process that never sees Django, settings or a database?

    python -I audits/runs/without_django.py MODULE ARGUMENT ...

The faces of `audits.runs` and `audits.evidence` import models, which need Django and its settings, which hold
secrets.  A process that is about to open untrusted files wants none of them within reach, so those two faces
are left out here: their modules can be imported, the packages themselves stay empty.
"""

import runpy
import sys
from pathlib import Path
from types import ModuleType

_PROJECT = Path(__file__).resolve().parents[2]
_FACES_LEFT_OUT = ("audits.runs", "audits.evidence")


def leave_faces_out() -> None:
    """Let the modules behind the faces be imported without the faces."""
    sys.path.insert(0, str(_PROJECT))
    for name in _FACES_LEFT_OUT:
        package = ModuleType(name)
        package.__path__ = [str(_PROJECT.joinpath(*name.split(".")))]
        sys.modules[name] = package


if __name__ == "__main__":
    leave_faces_out()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
