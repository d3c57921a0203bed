"""Charts say in words and shapes what they say in colour, and never let a foreign text become markup."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance import charts

GROUPS = [
    {"group": "sex: Female", "value": 0.769, "low": 0.701, "high": 0.842, "level": 0.95, "n": 12480},
    {"group": "sex: Male", "value": 1.0, "low": None, "high": None, "n": 900},
    {"group": "sex: not stated", "value": None, "n": 4},
]
SVG = "{http://www.w3.org/2000/svg}"


def chart_of_ratios(rows=GROUPS):
    return charts.interval_chart(rows, limit=0.8, ideal=1.0, title="Impact ratio by sex", unit="1")


@pytest.mark.parametrize(
    ("value", "unit", "against", "text"),
    [
        (0.769, "1", None, "0.769"),
        (0.76949, "1", None, "0.769"),
        (-0.031, "1", None, "−0.031"),
        (0.0, "1", None, "0.000"),
        (12480, "rows", None, "12\u202f480 rows"),
        (1.5, "ms", None, "1.500 ms"),
        (0.0004145, "1", None, "0.00041"),
        (0.00000012, "1", None, "1.2e−7"),
        (None, "1", None, "not calculable"),
        (float("nan"), "1", None, "not calculable"),
        (float("inf"), "1", None, "not calculable"),
        (0.8, "1", 0.8, "0.800"),
        (0.7996, "1", 0.8, "0.7996"),
        (0.7999999, "1", 0.8, "0.7999999"),
    ],
)
def test_numbers_are_printed_for_people(value, unit, against, text):
    assert charts.printed(value, unit, against=against) == text


@given(st.floats(0.001, 1), st.floats(0.001, 1))
def test_a_figure_off_its_limit_is_never_printed_as_the_limit(value, limit):
    if abs(value - limit) > 1e-9:
        assert charts.printed(value, against=limit) != charts.printed(limit)


@pytest.mark.parametrize(
    ("row", "limit", "ideal", "said"),
    [
        ({"value": 0.7, "low": 0.6, "high": 0.79}, 0.8, 1, "beyond the limit"),
        ({"value": 0.7, "low": 0.6, "high": 0.9}, 0.8, 1, "beyond the limit (interval reaches across it)"),
        ({"value": 0.85, "low": 0.7, "high": 0.9}, 0.8, 1, "within the limit (interval reaches across it)"),
        ({"value": 0.8}, 0.8, 1, "within the limit"),
        ({"value": 0.1}, 0.1, 0, "within the limit"),
        ({"value": 0.11}, 0.1, 0, "beyond the limit"),
        ({"value": 0.11}, 0.1, None, "limit without a direction"),
        ({"value": 0.11}, None, 0, "no limit set"),
        ({"value": None}, 0.1, 0, "not calculable"),
        ({"value": 0.11, "limit": 0.2, "ideal": 0}, 0.1, 0, "within the limit"),
    ],
)
def test_a_reading_says_the_side_of_the_limit_in_words(row, limit, ideal, said):
    assert charts.reading(row, limit=limit, ideal=ideal) == said


def test_a_chart_has_a_role_a_title_and_a_text_alternative():
    root = ElementTree.fromstring(chart_of_ratios())  # noqa: S314 - our own output
    title, described = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == f"{title.get('id')} {described.get('id')}"
    assert title.text == "Impact ratio by sex"
    assert "sex: Female: 0.769, interval 0.701 to 0.842 (95 % confidence), beyond the limit" in described.text
    assert "sex: not stated: not calculable" in described.text
    assert "The limit is 0.800." in described.text


def test_beyond_the_limit_differs_in_shape_and_in_words_not_only_in_colour():
    svg = chart_of_ratios()
    assert svg.count("<circle") == 1, "the group within the limit is a circle"
    assert "0.769 beyond the limit" in re.sub("<[^>]+>", "", svg)
    colourless = svg.replace(charts.BEYOND, "black").replace(charts.INSIDE, "black")
    assert "<circle" in colourless
    assert "Z" in colourless, "the group beyond it is a diamond"


@pytest.mark.parametrize("colour", [charts.INSIDE, charts.BEYOND])
@pytest.mark.parametrize("ground", ["#ffffff", "#111827", "#0f172a"])
def test_marks_stand_out_on_light_and_on_dark(colour, ground):
    def luminance(hexed):
        channels = [int(hexed[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    lighter, darker = sorted([luminance(colour), luminance(ground)], reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 3


def test_text_and_axes_follow_the_colour_of_the_page():
    colours = set(re.findall(r'(?:fill|stroke)="([^"]+)"', chart_of_ratios()))
    assert colours == {"currentColor", "none", charts.INSIDE, charts.BEYOND}


def test_a_chart_lives_under_a_strict_content_policy():
    for svg in (chart_of_ratios(), charts.bar_chart(GROUPS, title="Shares"), a_strip()):
        assert not re.search(r"style=|<style|<script|\son\w+=|href=", svg)


@given(st.text(max_size=40))
def test_any_group_name_gives_well_formed_markup_without_new_elements(name):
    rows = [{"group": name, "value": 0.5, "low": 0.4, "high": 0.6}]
    for svg in (
        charts.interval_chart(rows, limit=0.8, ideal=1, title=name),
        charts.bar_chart(rows, title=name),
        charts.gate_strip([{"title": name, "state": "wait"}], title=name),
    ):
        tags = {element.tag.removeprefix(SVG) for element in ElementTree.fromstring(svg).iter()}  # noqa: S314
        assert tags <= {"svg", "title", "desc", "path", "circle", "text", "rect"}


@given(
    st.lists(st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True)), max_size=6),
    st.one_of(st.none(), st.floats(-5, 5)),
)
def test_any_numbers_can_be_drawn(values, limit):
    rows = [{"group": str(i), "value": value} for i, value in enumerate(values)]
    svg = charts.interval_chart(rows, limit=limit, ideal=0, title="t")
    assert "nan" not in svg
    assert "inf" not in svg
    ElementTree.fromstring(charts.bar_chart(rows, title="t", limit=limit))  # noqa: S314


def test_long_labels_keep_what_tells_groups_apart():
    names = [f"age_years x marital_status/{age} and single" for age in ("under 25", "40 and over")]
    drawing = str(charts.interval_chart([{"group": n, "value": 0.1} for n in names], limit=0.2, ideal=0.0, title="Gap"))
    told = re.findall(r'text-anchor="end" font-size="13" fill="currentColor">([^<]*)<', drawing)
    assert told == ["age_years…nder 25 and single", "age_years…nd over and single"]


def test_the_same_rows_give_the_same_drawing():
    assert chart_of_ratios() == chart_of_ratios()


def test_a_template_engine_does_not_escape_a_drawing_twice():
    assert chart_of_ratios().__html__() is not None
    assert chart_of_ratios().__html__().startswith("<svg")


def test_the_table_beside_the_chart_carries_every_figure():
    header, body = charts.table_of(GROUPS, limit=0.8, ideal=1)
    assert header == ("Group", "Figure", "Interval", "Rows", "Limit", "Reading")
    assert body[0] == (
        "sex: Female",
        "0.769",
        "0.701 to 0.842 (95 % confidence)",
        "12\u202f480",
        "0.800",
        "beyond the limit (interval reaches across it)",
    )
    assert body[1][2:4] == ("none given", "900")
    assert body[2][1] == "not calculable"


def a_strip():
    rows = [{"title": state, "state": state} for state in ("satisfied", "wait", "block")]
    return charts.gate_strip(rows, title="What the gate asks for")


def test_a_strip_tells_each_requirement_in_words_and_in_a_shape_of_its_own():
    svg = a_strip()
    assert "1, satisfied: satisfied; 2, wait: waiting; 3, block: blocking." in svg
    assert svg.count("<circle") == 3, "three dots wait"
    assert svg.count("stroke-dasharray") == 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zoë 信用", "Zoë 信用"),
        ("a\u202eb", "a[U+202E]b"),
        ("a\u200bb", "a[U+200B]b"),
        ("a\x00b", "a[U+0000]b"),
        ("a\nb", "a b"),
        ("pay\u200dpal", "pay[U+200D]pal"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\ue000", "[U+E000]"),
    ],
)
def test_what_cannot_be_seen_is_shown_as_its_code_point(text, shown):
    assert charts.plain(text) == shown
