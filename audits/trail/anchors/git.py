"""How are checkpoints kept in a git repository?"""

import os
import subprocess
from pathlib import Path
from typing import ClassVar

from audits.trail.anchors.anchor import AnchorFailed, different, file_name, is_same, size_in

SECONDS = 30
# Neither the operator's own settings nor hooks that lie in the repository have a say in what we commit.
_SETTINGS = (
    *("-c", "user.name=Countersign", "-c", "user.email=countersign@localhost", "-c", "commit.gpgsign=false"),
    *("-c", "core.hooksPath=/dev/null", "-c", "core.autocrlf=false", "-c", "gc.auto=0"),
)


class GitAnchor:
    """A repository with a work tree, one commit a note; pushed when it has a remote named origin.

    A remote that refuses to be rewritten (`receive.denyNonFastForwards`) is what makes it worth something.
    """

    is_near: ClassVar[bool] = False
    is_continuous: ClassVar[bool] = False

    def __init__(self, folder: Path) -> None:
        self.name = f"git:{folder}"
        self._folder = folder

    def keep(self, note: str, size: int) -> None:
        name = file_name(size)
        if size in self.sizes():
            if not is_same(self.read(size), note):
                raise different(self.name, size)
        else:
            (self._folder / name).write_bytes(note.encode())
            self._git("add", "--", name)
            self._git("commit", "--quiet", "--message", f"Trail checkpoint over {size} entries", "--", name)
        if "origin" in self._git("remote").split():
            self._git("push", "--quiet", "origin", "HEAD")

    def sizes(self) -> list[int]:
        # What was committed counts; a file that only lies there could be anybody's.
        if not self._git("rev-list", "--all", "--max-count=1").strip():
            return []
        names = self._git("ls-tree", "--name-only", "HEAD").splitlines()
        return sorted(size for name in names if (size := size_in(name)) is not None)

    def read(self, size: int) -> str:
        return self._git("show", f"HEAD:{file_name(size)}")

    def _git(self, *arguments: str) -> str:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        environment |= {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
        try:
            done = subprocess.run(  # noqa: S603 - our own command, and no shell
                ["git", *_SETTINGS, *arguments],  # noqa: S607 - git is where the operator's path says
                cwd=self._folder,
                env=environment,
                capture_output=True,
                timeout=SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as problem:
            raise AnchorFailed(f"{self.name}: git {arguments[0]} could not be run: {problem}") from None
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().split("\n")[-1]
            raise AnchorFailed(f"{self.name}: git {arguments[0]} failed: {said} Make it with 'git init' first.")
        return done.stdout.decode()
