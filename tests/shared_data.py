"""Where do the tests find the real data sets that are too large to live in the project?"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

PROJECT_ROOT = Path(__file__).resolve().parent.parent


def shared_data_root() -> Path:
    """The folder named by COUNTERSIGN_SHARED_DATA, or shared/data beside the project."""
    named = os.environ.get("COUNTERSIGN_SHARED_DATA")
    return Path(named) if named else PROJECT_ROOT.parent / "shared" / "data"


def shared_data(*parts: str) -> Path:
    """The path of one shared file or folder; the test is skipped where it is absent.

    With CI=true an absent file fails the test, because a suite that skips everything is a false green.
    """
    path = shared_data_root().joinpath(*parts)
    if path.exists():
        return path
    reason = f"{path} is absent; set COUNTERSIGN_SHARED_DATA to the folder that holds {'/'.join(parts)}"
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason)
    pytest.skip(reason)
