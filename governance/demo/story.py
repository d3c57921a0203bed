"""What happens in the demo? The whole story, spoken over HTTP and nothing else.

Every step says what it expects; a step that comes out otherwise ends the story with what was found instead.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from governance.demo.client import Client, Refused
from governance.demo.world import DemoVersion, World

Tell = Callable[[str], None]
PATIENCE_SECONDS = 300
MARKS = {"allow": "✓", "wait": "…", "block": "✗"}

# The lines of the demo's policy that can block one of its versions.
REQUIREMENT_OF = {
    "fairness.impact_ratio": "impact-ratio-by-sex",
    "fairness.equal_opportunity_gap": "equal-opportunity",
}


class StoryDiffers(Exception):
    """A step did not come out as told."""


@dataclass(slots=True)
class Told:
    """What the story has found so far: the gate's answers by version, and the reports it saved."""

    answers: dict[int, dict[str, Any]] = field(default_factory=dict)
    reports: list[Path] = field(default_factory=list)


def expect(claim: str, found: object, expected: object) -> None:
    """Go on when a step came out as told. Raises: StoryDiffers."""
    if found != expected:
        raise StoryDiffers(f"{claim}: expected {expected!r}, found {found!r}")


def tell_story(world: World, clients: Mapping[str, Client], *, reports: Path, tell: Tell) -> Told:
    """Run the story against a service: register, check, block, pass, approve, supersede, roll back, report.

    `clients` are those of pipeline, rita (risk), carl (compliance), ana (auditor) and olga (operator).
    Raises: StoryDiffers, Refused.
    """
    told, pipeline = Told(), clients["pipeline"]
    pipeline.post(
        "/models",
        {
            "name": world.model_name,
            "risk_tier": "high",
            "task": "binary",
            "description": world.description,
            "intended_use": world.intended_use,
        },
    )
    tell(f"A pipeline registered the model {world.model_name}, risk tier high.")
    for version in world.versions:
        _submit(world.model_name, version, pipeline, tell)
        _ask(world.model_name, version, pipeline, told, tell)
        if version.expected_gate == "wait":
            _sign(world.model_name, version, clients, told, tell)
    _roll_back(world, clients["olga"], tell)
    _export(world, clients["ana"], reports, told, tell)
    return told


def _submit(model: str, version: DemoVersion, pipeline: Client, tell: Tell) -> None:
    artifact = pipeline.post(
        "/evidence", {"kind": "artifact", "sha256": pipeline.upload(version.artifact), "name": version.artifact.name}
    )
    tables = {
        purpose: pipeline.post(
            "/evidence",
            {
                "kind": "table",
                "sha256": pipeline.upload(path),
                "name": path.name,
                "format": {"format": "csv"},
                "declaration": version.declaration,
            },
        )["uid"]
        for purpose, path in (("evaluation", version.evaluation), ("reference", version.reference))
    }
    registered = pipeline.post(
        f"/models/{model}/versions", {"artifact": artifact["uid"], "tables": tables, "notes": version.story}
    )
    expect("the number of the version", registered["number"], version.number)
    tell(
        f"\nVersion {version.number}: {version.title}. Artifact {registered['artifact_sha256'][:12]}…, checks ordered."
    )
    _wait_for_checks(model, version.number, pipeline)


def _wait_for_checks(model: str, number: int, pipeline: Client) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        runs = pipeline.get(f"/models/{model}/versions/{number}/checks")["items"]
        if runs and all(run["verdict"] for run in runs):
            return
        time.sleep(0.3)
    raise StoryDiffers(f"The checks of version {number} were not done after {PATIENCE_SECONDS} seconds.")


def _ask(model: str, version: DemoVersion, pipeline: Client, told: Told, tell: Tell) -> None:
    promotion = pipeline.post("/promotions", {"model": model, "version": version.number, "target": "production"})
    told.answers[version.number] = promotion
    outcomes = {"block": "blocked", "wait": "waiting"}
    expect(f"the gate's answer to version {version.number}", promotion["outcome"], outcomes[version.expected_gate])
    reasons = promotion["decision"]["reasons"]
    blocked = sorted(reason["requirement"] for reason in reasons if reason["outcome"] == "block")
    expected = sorted(REQUIREMENT_OF[check] for check in version.blocked_by)
    expect(f"what blocks version {version.number}", blocked, expected)
    tell(f"It asks for production. The gate answers {promotion['decision']['outcome'].upper()}:")
    for reason in reasons:
        tell(f"  {MARKS[reason['outcome']]} {reason['sentence']}")


def _sign(model: str, version: DemoVersion, clients: Mapping[str, Client], told: Told, tell: Tell) -> None:
    uid = told.answers[version.number]["uid"]
    approve = {"verdict": "approve", "group": "risk", "reason": "Read the figures, the intervals and the price named."}
    try:
        clients["pipeline"].post(f"/promotions/{uid}/approvals", approve)
    except Refused as refused:
        expect("the answer to the pipeline's own approval", refused.status, 403)
        tell("The pipeline that registered it tries to approve it itself, and is refused.")
    else:
        raise StoryDiffers("The pipeline could approve its own version.")
    clients["rita"].post(f"/promotions/{uid}/approvals", approve)
    expect("the outcome after one of two approvals", clients["rita"].get(f"/promotions/{uid}")["outcome"], "waiting")
    tell("Rita approves for risk; one approval is still missing.")
    compliance = {
        "verdict": "approve",
        "group": "compliance",
        "reason": "The intended use and the notices are in order.",
    }
    clients["carl"].post(f"/promotions/{uid}/approvals", compliance)
    told.answers[version.number] = clients["carl"].get(f"/promotions/{uid}")
    expect("the outcome after both approvals", told.answers[version.number]["outcome"], "promoted")
    _expect_live(model, version.number, clients["carl"])
    tell(f"Carl approves for compliance: version {version.number} goes live, and the alias champion points at it.")


def _expect_live(model: str, number: int, client: Client) -> None:
    expect("where champion points", client.get(f"/models/{model}/aliases/champion")["version"]["number"], number)
    expect("the stage of the live version", client.get(f"/models/{model}/versions/{number}")["stage"], "production")


def _roll_back(world: World, olga: Client, tell: Tell) -> None:
    *_, earlier, latest = [version for version in world.versions if version.expected_gate == "wait"]
    expect(
        "the superseded stage", olga.get(f"/models/{world.model_name}/versions/{earlier.number}")["stage"], "retired"
    )
    started = time.monotonic()
    olga.post(
        f"/models/{world.model_name}/aliases/champion/rollback", {"reason": "The ward reports implausible selections."}
    )
    took = time.monotonic() - started
    _expect_live(world.model_name, earlier.number, olga)
    stage = olga.get(f"/models/{world.model_name}/versions/{latest.number}")["stage"]
    expect("the stage after the rollback", stage, "suspended")
    tell(
        f"\nOlga rolls back with a reason: version {earlier.number} is live again after {took:.2f} s, "
        f"version {latest.number} is suspended."
    )


def _export(world: World, ana: Client, reports: Path, told: Told, tell: Tell) -> None:
    live = next(version for version in reversed(world.versions[:-1]) if version.expected_gate == "wait")
    path = f"/models/{world.model_name}/versions/{live.number}/reports"
    for format_name in ("html", "pdf", "json", "csv"):
        export = ana.post(path, {"format": format_name})
        target = reports / Path(export["file_name"]).name
        target.write_bytes(ana.download(f"/reports/{export['uid']}/content"))
        told.reports.append(target)
    tell(f"Ana exports the report of version {live.number} for a regulator:")
    for target in told.reports:
        tell(f"  {target} ({target.stat().st_size:,} bytes)")
