"""What a TOML file says is read as it is meant, or refused with the place that is wrong."""

from pathlib import Path

import pytest

from governance.cli.answers import CouldNotTell
from governance.cli.description import read_description, read_table

GOOD = """\
[model]
name = "loans"
risk_tier = "limited"

[version]
artifact = "loans.txt"
source = "https://ci.example/runs/17"
documents = {model_card = "card.md", external_evaluation = {file = "card.md", attested_by = "Lab"}}

[version.tables.evaluation]
file = "rows.csv"
delimiter = ";"
task = "binary"
favourable = 1

[version.tables.evaluation.columns]
repaid = ["label"]
age = {roles = ["sensitive"], bands = [40]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("loans.txt", "card.md", "rows.csv", "rows.parquet"):
        (tmp_path / name).write_text("x")
    return tmp_path


def described(folder: Path, text: str) -> Path:
    (folder / "countersign.toml").write_text(text)
    return folder / "countersign.toml"


def test_a_description_names_the_model_the_version_and_its_files(folder: Path) -> None:
    said = read_description(described(folder, GOOD))
    assert said.model == {"name": "loans", "risk_tier": "limited"}
    assert said.version == {"source": "https://ci.example/runs/17"}
    assert said.artifact is not None
    assert (said.artifact.path.name, said.artifact.declaration) == ("loans.txt", {"kind": "artifact"})
    assert said.tables["evaluation"].declaration == {
        "kind": "table",
        "format": {"format": "csv", "delimiter": ";"},
        "declaration": {
            "task": "binary",
            "favourable": 1,
            "columns": {"repaid": {"roles": ["label"]}, "age": {"roles": ["sensitive"], "bands": [40]}},
        },
    }
    assert said.documents["external_evaluation"].declaration == {
        "kind": "document",
        "document": "external_evaluation",
        "attested_by": "Lab",
    }


def test_a_prompt_says_what_it_is_and_a_parquet_file_shows_it(folder: Path) -> None:
    text = GOOD.replace('artifact = "loans.txt"', 'artifact = {file = "loans.txt", format = "text"}')
    said = read_description(
        described(folder, text.replace("rows.csv", "rows.parquet").replace('delimiter = ";"\n', ""))
    )
    assert said.artifact is not None
    assert said.artifact.declaration == {"kind": "artifact", "format": "text"}
    assert said.tables["evaluation"].declaration["format"] == {"format": "parquet"}


def test_a_table_can_be_declared_in_a_file_of_its_own(folder: Path) -> None:
    path = described(folder, 'task = "regression"\ncolumns = {price = ["label"]}\n')
    said = read_table(path, folder / "rows.csv")
    assert said.declaration["declaration"] == {"task": "regression", "columns": {"price": {"roles": ["label"]}}}


def test_moments_are_said_as_text_because_json_has_none(folder: Path) -> None:
    text = "[model]\nname = 'x'\n[version]\nsince = [2026-03-01, 2026-03-01T10:00:00Z, 10:00:00]\n"
    said = read_description(described(folder, text))
    assert said.version == {"since": ["2026-03-01", "2026-03-01T10:00:00+00:00", "10:00:00"]}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[model", "is not TOML"),
        ("", "the section [model] is missing"),
        ("[model]\nname = 'x'\n", "the section [version] is missing"),
        ("[model]\n[version]\n", "say what the model is called"),
        ("[model]\nname = 3\n[version]\n", "say what the model is called"),
        ("[model]\nname = 'x'\n[version]\n[versions]\n", "there is no section 'versions'"),
        ("[model]\nname = 'x'\n[version]\nartifact = 'gone.txt'\n", "version.artifact names gone.txt"),
        ("[model]\nname = 'x'\n[version]\nartifact = 3\n", "version.artifact names no file"),
        ("[model]\nname = 'x'\n[version]\ntables = 3\n", "tables and documents are sections"),
        (
            "[model]\nname = 'x'\n[version]\ntables = {evaluation = 'rows.csv'}\n",
            "version.tables.evaluation is a section",
        ),
        ("[model]\nname = 'x'\n[version.tables.evaluation]\n", "version.tables.evaluation.file names no file"),
        ("[model]\nname = 'x'\n[version]\nwidth = [1, nan]\n", "version.width is nan"),
    ],
)
def test_what_is_wrong_is_named(folder: Path, text: str, problem: str) -> None:
    with pytest.raises(CouldNotTell, match=r"countersign\.toml") as refused:
        read_description(described(folder, text))
    assert problem in str(refused.value)


def test_a_file_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(CouldNotTell, match="No such file"):
        read_description(folder / "nothing.toml")
