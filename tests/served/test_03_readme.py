"""What the README says is what happens: its walk-through is executed line by line against a running service."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_walk_through_happens_as_told(service: tuple[str, dict[str, str]]) -> None:
    _, environment = service
    script = next(block for block in blocks("sh") if "artifact=" in block)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    told = next(block for block in blocks("text") if block.startswith("blocked"))
    assert done.stdout.endswith(told), done.stdout


@pytest.mark.parametrize("target", ["run", "test", "demo", "help"])
def test_the_commands_named_exist(target: str) -> None:
    assert f"make {target}" in README
    subprocess.run(["make", "--dry-run", target], cwd=ROOT, check=True, capture_output=True)


def test_every_page_named_exists() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
