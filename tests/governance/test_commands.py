"""What an operator can do from a shell, what each command says, and that the reference knows every one of them."""

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command, get_commands, load_command_class
from django.core.management.base import BaseCommand

from audits.trail import Entry, verify
from governance.models import Account, PolicyDraft, PolicyVersion
from governance.roles import Group, Role, Verb
from governance.selectors.projections import PROJECTIONS
from governance.services.policies import SHIPPED
from governance.services.tokens import find_token
from tests import make

PROJECT = Path(__file__).resolve().parents[2]
OURS = sorted(name for name, app in get_commands().items() if app in {"audits", "registry", "governance"})
PASSWORD = "a long and winding road"


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[str, str]]:
    """Run a command and return what it wrote to standard output and to standard error."""

    def run(*words: str, text_in: str = "") -> tuple[str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(text_in))
        out, err = io.StringIO(), io.StringIO()
        call_command(*words, stdout=out, stderr=err)
        return out.getvalue(), err.getvalue()

    return run


@pytest.mark.django_db
def test_an_operator_lets_a_person_in(command: Callable[..., tuple[str, str]]) -> None:
    said, _ = command("create_account", "rita", "--name", "Rita Risk", "--password-stdin", text_in=f"{PASSWORD}\n")
    command("grant_role", "rita", "reviewer", "--group", "risk")
    rita = Account.objects.get(login="rita")
    assert said == f"Created the person rita, named {rita.uid} on the trail.\n"
    assert rita.check_password(PASSWORD)
    assert rita.groups_reviewed_for() == {Group.RISK}
    acts = list(Entry.objects.order_by("index").values_list("actor", "action"))
    assert acts == [
        ("process:command:create_account", "account.created"),
        ("process:command:grant_role", "role.granted"),
    ]
    assert "Rita" not in "".join(Entry.objects.values_list("text", flat=True))
    assert verify(projections=PROJECTIONS).is_whole


@pytest.mark.django_db
def test_a_token_is_the_only_line_on_standard_output(command: Callable[..., tuple[str, str]]) -> None:
    make.contributor("training-pipeline")
    said, aside = command(
        "issue_token", "training-pipeline", "--name", "nightly", "--scope", "read", "--scope", "register"
    )
    token = find_token(said.strip())
    assert token is not None
    assert token.scopes == ["read", "register"]
    assert said.count("\n") == 1
    assert "may read, register until" in aside
    assert said.strip() not in aside


@pytest.mark.django_db
def test_a_shipped_policy_is_published_once_and_any_other_is_proposed(
    command: Callable[..., tuple[str, str]], tmp_path: Path
) -> None:
    shipped = next(path for path in SHIPPED if path.stem == "minimal-risk")
    first, again = command("publish_policy", str(shipped)), command("publish_policy", str(shipped))
    assert first == again
    assert first[0].startswith("In force: minimal-risk, edition 1, sha256 ")
    document = tmp_path / "high-risk.yaml"
    document.write_text(make.POLICY)
    said, _ = command("publish_policy", str(document), "--reason", "The board asked for it.")
    draft = PolicyDraft.objects.get()
    assert said.startswith("Proposed: high-risk, sha256 ")
    assert f"POST /api/v1/policies/drafts/{draft.uid}/approval" in said
    assert (draft.authored_by, draft.reason) == ("process:command:publish_policy", "The board asked for it.")
    assert PolicyVersion.objects.count() == 1


@pytest.mark.django_db
def test_a_policy_is_simulated_before_anything_is_proposed(
    command: Callable[..., tuple[str, str]], tmp_path: Path
) -> None:
    make.policy()
    pipeline = make.contributor()
    make.completed(make.version(pipeline, make.model(pipeline)))
    document = tmp_path / "stricter.yaml"
    document.write_text(make.POLICY.replace("min_ratio: 0.8", "min_ratio: 0.9"))
    said, aside = command("simulate_policy", str(document))
    lines = [line.split() for line in said.splitlines()]
    assert "beside edition 1: 1 versions judged without approvals, 1 verdicts would change." in said
    assert lines[1:] == [
        ["care-programme", "1", "production", "full", "allow", "->", "wait"],
        ["high-risk/impact-ratio:", "passed", "->", "not_run"],
    ]
    assert aside == ""
    document.write_text(make.POLICY.replace("fairness.", "fairnes."))
    with pytest.raises(CommandError, match=r"stricter.yaml:5:\d+: There is no check"):
        command("simulate_policy", str(document))


@pytest.mark.django_db
def test_the_errors_of_a_policy_are_named_by_place(command: Callable[..., tuple[str, str]], tmp_path: Path) -> None:
    document = tmp_path / "high-risk.yaml"
    document.write_text(make.POLICY.replace("fairness.impact_ratio", "fairness.no_such_check"))
    with pytest.raises(CommandError, match=rf"^{re.escape(str(document))}:5:\d+: .*no_such_check(.|\n)*Nothing was"):
        command("publish_policy", str(document))
    assert not PolicyDraft.objects.exists()


def test_a_profile_of_a_table_is_printed_for_others(command: Callable[..., tuple[str, str]], tmp_path: Path) -> None:
    table = tmp_path / "reference.csv"
    table.write_text("age,town\n" + "".join(f"{20 + row % 5},Bonn\n" for row in range(100)))
    declaration = {"task": "regression", "columns": {"age": {"roles": ["feature"]}, "town": {"roles": ["feature"]}}}
    printed, _ = command(
        "profile_table", str(table), "--format", "csv", "--declaration", "-", text_in=json.dumps(declaration)
    )
    age, town = json.loads(printed)["columns"]
    assert (age["numbers"]["values"], age["numbers"]["counts"]) == ([20, 21, 22, 23, 24], [20] * 5)
    assert (town["rows"], town["texts"]) == (100, {"Bonn": 100})


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("words", "text_in", "sentence"),
    [
        (["create_account", "taken", "--no-password"], "", "There is an account named 'taken' already."),
        (["create_account", "new", "--password-stdin"], "short\n", "The password will not do: "),
        (["create_account", "new"], "", "Nobody is there to type a password"),
        (["grant_role", "nobody", "auditor"], "", "There is no account named 'nobody'."),
        (["grant_role", "taken", "reviewer"], "", "A reviewer reviews for a group"),
        (["grant_role", "taken", "auditor", "--group", "risk"], "", "other roles have none"),
        (["grant_role", "taken", "emperor"], "", "invalid choice: 'emperor'"),
        (["issue_token", "taken", "--name", "x", "--scope", "read"], "", "roles do not allow: read"),
        (["issue_token", "taken", "--name", "x", "--scope", "read", "--days", "0"], "", "1 to 366 days, not 0"),
        (["publish_policy", "no-such-file.yaml"], "", "Cannot read no-such-file.yaml: "),
        (["publish_policy", "-"], "", "the document is empty"),
        (["profile_table", "t.csv", "--format", "csv", "--declaration", "-"], "{", "- is no JSON document: "),
        (["profile_table", "t.csv", "--format", "csv", "--declaration", "-"], "{}", "The task is missing"),
    ],
)
def test_a_refusal_is_one_plain_sentence_and_changes_nothing(
    command: Callable[..., tuple[str, str]], words: list[str], text_in: str, sentence: str
) -> None:
    make.account("taken")
    before = Entry.objects.count()
    with pytest.raises(CommandError, match=re.escape(sentence)):
        command(*words, text_in=text_in)
    assert Entry.objects.count() == before


def options_of(name: str) -> set[str]:
    def strings(parser: Any) -> set[str]:
        return {string for action in parser._actions for string in action.option_strings if string.startswith("--")}

    command = load_command_class(get_commands()[name], name)
    return strings(command.create_parser("manage.py", name)) - strings(BaseCommand().create_parser("manage.py", "-"))


def section_of(name: str) -> str:
    page = (PROJECT / "docs" / "reference" / "commands.md").read_text()
    found = re.search(rf"^## `{name}`\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert found, f"docs/reference/commands.md has no section on {name}"
    return found[1]


@pytest.mark.parametrize("name", OURS)
def test_every_command_is_documented_with_all_of_its_options_and_no_others(name: str) -> None:
    assert set(re.findall(r"`(--[a-z-]+)", section_of(name))) == options_of(name)


def test_no_command_is_documented_that_there_is_not() -> None:
    page = (PROJECT / "docs" / "reference" / "commands.md").read_text()
    assert re.findall(r"^## `(\w+)`", page, re.MULTILINE) == sorted(OURS)


@pytest.mark.parametrize("value", [*Role, *Group, *Verb])
def test_every_role_group_and_scope_can_be_given_from_the_shell(value: str) -> None:
    given = section_of("issue_token") + section_of("grant_role")
    assert f"`{value}`" in given


def test_every_setting_is_documented_and_no_other() -> None:
    source = (PROJECT / "governance" / "conf" / "settings.py").read_text()
    page = (PROJECT / "docs" / "reference" / "settings.md").read_text()
    read = set(re.findall(r'"(COUNTERSIGN_[A-Z_]+|DATABASE_URL)"', source))
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == read
