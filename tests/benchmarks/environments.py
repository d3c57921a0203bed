"""Where do the peers live? Each in an environment of its own, because their requirements contradict one another."""

import subprocess
import sys
from pathlib import Path


def python_of(wanted: Path, place: Path) -> Path | str:
    """The interpreter of a peer, whose environment is made when it is not there; a text says why there is none.

    `wanted` is the peer's requirements file, called as the peer is; the environment lies in `place`.
    """
    home = place / wanted.stem
    python, installed = home / "bin" / "python", home / "installed.txt"
    if installed.exists() and installed.read_text() == wanted.read_text():
        return python
    sys.stderr.write(f"  installing {wanted.stem} …\n")
    commands: list[list[str]] = [
        [sys.executable, "-m", "venv", "--clear", str(home)],
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(wanted)],
    ]
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    installed.write_text(wanted.read_text())
    return python
