"""data_quality.encoding_damage on text that programs have damaged, and on text that only looks odd."""

from __future__ import annotations

import pyarrow as pa
import pytest

from audits.checks import Roles
from audits.checks.statistics.text_damage import damage_of
from tests.audits.checks.tables import judged, keys, measured

NAME = "data_quality.encoding_damage"
ROLES = Roles(task="regression", features=("note",))

WORDS = [
    "Zürich",
    "café",
    "naïve",
    "Łódź",
    "Αθήνα",
    "Москва",
    "don’t",
    "“quoted”",
    "5 €",
    "東京",
    "20 °C",
    "¿qué?",
    "ñandú",
]


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("wrong", ["windows-1252", "latin-1"])
def test_utf_8_read_as_something_else_is_mojibake_and_the_word_itself_is_sound(word: str, wrong: str) -> None:
    assert damage_of(word) == ()
    mistaken = word.encode().decode(wrong, "replace")
    assert "mojibake" in damage_of(mistaken) or "control" in damage_of(mistaken)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Z\ufffdrich", ("replaced",)),
        ("Z?rich", ("replaced",)),
        ("why? because", ()),
        ("https://example.org/a?b=c", ()),
        ("R&amp;D", ("entity",)),
        ("R&D; fish & chips", ()),
        ("Caf&eacute; &#233;", ("entity",)),
        ("a\x00b", ("control",)),
        ("a\tb\nc", ()),
        ("« été »", ()),
        ("«été»", ()),
        ("CHÂTEAU Ünal Åse", ()),
    ],
)
def test_each_kind_is_told_from_sound_text(text: str, kinds: tuple[str, ...]) -> None:
    assert damage_of(text) == kinds


def test_damaged_cells_are_counted_by_column_and_kind() -> None:
    table = pa.table({"note": ["ZÃ¼rich", "ZÃ¼rich", "Bern", None, "R&amp;D"]})
    outcome = judged(NAME, table, ROLES)
    assert keys(outcome) == [f"{NAME}/note/entity", f"{NAME}/note/mojibake"]
    assert measured(outcome, "damaged_share", "note/mojibake").value == 0.5
    assert measured(outcome, "damaged_cells", "note").value == 2
    assert judged(NAME, table, ROLES, max_share=0.5).verdict == "passed"
    assert judged(NAME, table, ROLES, allowed=["note"]).verdict == "passed"
