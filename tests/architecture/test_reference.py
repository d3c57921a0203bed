"""Is everything a person can meet documented? Each page of the reference is held to the code."""

import re
from pathlib import Path

import pytest

from audits.errors import DomainError
from governance import errors as governance_errors
from governance.actions import ACTIONS
from registry import errors as registry_errors

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"


def error_codes() -> set[str]:
    classes = [*vars(governance_errors).values(), *vars(registry_errors).values()]
    return {item.code for item in classes if isinstance(item, type) and issubclass(item, DomainError)} - {"refused"}


@pytest.mark.parametrize("code", sorted(error_codes()))
def test_every_error_code_is_documented(code: str) -> None:
    assert f"`{code}`" in (REFERENCE / "errors.md").read_text()


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_every_action_is_documented_with_its_meaning(action: str) -> None:
    assert f"| `{action}` | {ACTIONS[action]} |" in (REFERENCE / "actions.md").read_text()


def test_every_action_that_services_record_is_known() -> None:
    text = "".join(
        path.read_text() for floor in ("audits", "registry", "governance") for path in (ROOT / floor).rglob("*.py")
    )
    recorded = set(re.findall(r'action="([a-z_]+\.[a-z_]+)"', text))
    assert recorded <= set(ACTIONS)


@pytest.mark.parametrize(
    "code",
    [
        "text_changed",
        "chain_broken",
        "text_not_canonical",
        "column_differs",
        "entry_missing",
        "head_differs",
        "trail_shorter_than_checkpoint",
        "checkpoint_not_signed",
        "checkpoint_differs",
        "checkpoint_key_not_in_force",
        "key_entry_untrue",
        "key_unexpected",
        "tile_differs",
        "time_runs_back",
        "time_differs",
        "proof_missing",
        "proof_wrong",
        "clock_skew",
        "entries_unproved",
        "proofs_not_checked",
        "table_missing",
        "row_without_entry",
        "row_changed",
        "row_missing",
        "projection_differs",
        "guard_missing",
        "guard_bypassed",
    ],
)
def test_every_flaw_and_remark_is_documented(code: str) -> None:
    assert f"`{code}`" in (REFERENCE / "trail-flaws.md").read_text()


def test_no_flaw_is_found_that_is_not_documented() -> None:
    source = "".join((ROOT / "audits" / "trail" / name).read_text() for name in ("verification.py", "walk.py"))
    codes = set(re.findall(r'(?:Flaw\(|Remark\(|return )"([a-z]+_[a-z_]+)"', source))
    assert all(f"`{code}`" in (REFERENCE / "trail-flaws.md").read_text() for code in codes)
