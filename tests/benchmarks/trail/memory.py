"""What is the most memory this process has held at once, and what does a group of processes hold?"""

from pathlib import Path

_ALL = Path("/proc")


def peak_bytes() -> int:
    # Not getrusage: its figure begins with that of the process that started this one.
    return _kibibytes(_ALL / "self" / "status", "VmHWM:") * 1024


def bytes_of_group(group: int) -> int:
    """Return what the processes of a group hold together just now; what several of them share counts once."""
    total = 0
    for folder in _ALL.glob("[0-9]*"):
        try:
            if int((folder / "stat").read_text().rpartition(")")[2].split()[2]) == group:
                total += _kibibytes(folder / "smaps_rollup", "Pss:")
        except OSError:
            continue  # It has ended meanwhile.
    return total * 1024


def _kibibytes(file: Path, name: str) -> int:
    return next((int(line.split()[1]) for line in file.read_text().splitlines() if line.startswith(name)), 0)
