"""A pipeline that governs its models with one file and no framework, as docs/how-to/use-in-a-pipeline.md tells it."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml

from governance.cli import program

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how-to/use-in-a-pipeline.md").read_text()
REFERENCE = (ROOT / "docs/reference/command-line.md").read_text()
WORKFLOW = (ROOT / "docs/how-to/countersign-workflow.yml").read_text()


def steps() -> list[str]:
    found = re.search(r"```sh steps\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return [line for line in found[1].splitlines() if line]


def test_the_pipeline_is_stopped_where_the_policy_says_no(service: tuple[str, dict[str, str]], tmp_path: Path) -> None:
    url, environment = service
    summary = tmp_path / "summary.md"
    environment |= {"COUNTERSIGN_URL": url, "COUNTERSIGN_TOKEN": environment["TOKEN"]}
    environment |= {"GITHUB_STEP_SUMMARY": str(summary), "PYTHONPATH": "", "COLUMNS": "100"}

    def ran(command: str) -> subprocess.CompletedProcess[str]:
        # The interpreter of the tests has httpx; the rest of this checkout is out of its reach in that folder.
        words = [sys.executable if word == "python3" else word for word in command.split()]
        return subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)

    for file in (ROOT / "docs/walk-through").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    assert ran(f"curl -sS --fail-with-body -O {url}/api/countersign.pyz").returncode == 0
    register, check, gate, promote = map(ran, steps())

    assert register.returncode == 0, register.stderr
    assert "loans/1 is registered" in register.stdout
    assert check.returncode == 1, check.stderr
    assert "2 of 5 checks of loans/1 did not pass" in check.stdout
    assert gate.returncode == 1, gate.stderr
    assert "✗ impact-ratio" in gate.stdout
    assert "Or a reviewer grants a waiver." in " ".join(gate.stdout.split())
    assert promote.returncode == 1, promote.stderr
    assert "Blocked: loans/1 to production." in promote.stdout
    assert summary.read_text().count("###") == 4
    assert ran("python3 countersign.pyz gate loans --url http://127.0.0.1:9 --json").returncode == 2


def test_the_description_of_the_page_and_the_workflow_can_be_read() -> None:
    found = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert found
    assert set(tomllib.loads(found[1])) == {"model", "version"}
    jobs = yaml.safe_load(WORKFLOW)["jobs"]
    runs = "\n".join(step.get("run", "") for job in jobs.values() for step in job["steps"])
    for line in re.findall(r"countersign\.pyz (\w.*)", runs):
        parsed = program.parser().parse_args(line.split())
        assert parsed.command in {"register", "gate", "promote", "admit"}


def test_every_command_and_option_is_documented() -> None:
    helped = subprocess.run(
        [sys.executable, "-m", "governance.cli", "--help"], cwd=ROOT, capture_output=True, text=True
    )
    commands = re.findall(r"^    (\w+)  +\w", helped.stdout, re.MULTILINE)
    assert len(commands) == 7
    for command in commands:
        assert f"| `{command} " in REFERENCE
        help_of = [sys.executable, "-m", "governance.cli", command, "--help"]
        told = subprocess.run(help_of, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        options = set(re.findall(r"(--[a-z-]+)", told)) - {"--help"}
        # The verifier's own options stand on its own page.
        assert command == "verify" or [one for one in sorted(options) if f"`{one}" not in REFERENCE] == []
