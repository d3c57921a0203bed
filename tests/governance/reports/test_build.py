"""From the file of a version to the sections of a report: what is said, where, and in which words."""

import json

import pytest

from governance.reports.build import build
from governance.reports.requirement import decisive_figure, figure_in_words
from governance.reports.sections import Callout, Chart, Facts, Table
from governance.reports.words import harm_of, moment, stamp, terms_used

from .sample import measurement, promotions, requirement, requirements, version_file


def cover_of(file):
    return build(file).sections[0]


def words_of(section):
    return json.dumps([vars(block) for block in section.blocks], default=str, ensure_ascii=False)


def verdict_of(file):
    return next(block for block in cover_of(file).blocks if isinstance(block, Callout))


def section(file, id):
    return next(s for s in build(file).sections if s.id == id)


def test_page_one_says_what_the_gate_said_and_why():
    verdict = verdict_of(version_file())
    assert verdict.tone == "block"
    assert verdict.title == "The gate blocks the move to production"
    assert verdict.lines[0].startswith("Offer rate of women against men: Women are offered a loan 0.769 times")
    assert "Ines Marquardt asked for this move on 7 November 2026, 08:15:00 UTC" in verdict.lines[-1]


def test_what_is_satisfied_does_not_explain_a_no():
    assert "No column lacks" not in " ".join(verdict_of(version_file()).lines)


@pytest.mark.parametrize(
    ("change", "tone", "title"),
    [
        ({"state": "refused"}, "block", "The move to production was refused"),
        ({"state": "withdrawn"}, "none", "The request to move to production was withdrawn"),
        ({"decisions": []}, "wait", "The gate has not decided on the move to production yet"),
        ({"decisions": [{"outcome": "allow"}]}, "allow", "The gate allows the move to production"),
        ({"decisions": [{"outcome": "wait"}]}, "wait", "The gate waits before the move to production"),
        ({"decisions": [{"outcome": "surprise"}]}, "block", "The gate blocks the move to production"),
    ],
)
def test_the_latest_request_speaks_on_page_one(change, tone, title):
    asked = promotions()
    asked[-1].update(change)
    verdict = verdict_of(version_file(promotions=list(reversed(asked))))
    assert (verdict.tone, verdict.title) == (tone, title)


def test_a_version_nobody_asked_to_promote_has_no_verdict():
    assert "No promotion has been asked for" in verdict_of(version_file(promotions=[])).title


def test_every_named_gap_stands_on_page_one():
    file = version_file()
    for gap in file["gaps"]:
        assert gap in words_of(cover_of(file))


@pytest.mark.parametrize("outcome", ["inconclusive", "errored", "not_run", "running", "expired", "surprise"])
def test_a_gap_that_nobody_named_stands_on_page_one_too(outcome):
    lines = [requirement("age-gap", "Age gap", "fairness.x", outcome=outcome, state="block")]
    file = version_file(gaps=[], requirements=lines)
    assert f"Age gap (age-gap) is {outcome.replace('_', ' ')}." in words_of(cover_of(file))


def test_an_empty_file_says_that_everything_is_missing():
    report = build({})
    words = words_of(report.sections[0])
    for sentence in ("No requirement", "No evidence is recorded", "There is no signed checkpoint"):
        assert sentence in words
    assert report.stem == "countersign-model-v0"


def test_too_many_gaps_are_cut_on_page_one_and_told_in_full_in_section_one():
    file = version_file(gaps=[f"Gap number {i}. {'word ' * i * 10}" for i in range(40)])
    report = build(file)
    assert "What is missing (41)" in words_of(report.sections[0])
    assert "The full list of 41 stands in section 1." in words_of(report.sections[0])
    assert report.sections[1].title == "What is missing"
    assert len(report.sections[1].blocks[0].items) == 41, "one is not named by the file but shown by it"


def test_page_one_lists_what_stands_in_the_way_when_not_all_requirements_fit():
    many = [requirement(f"r{i}", f"Requirement {i}", "drift.x") for i in range(30)]
    many[29]["state"] = "block"
    table = next(b for b in cover_of(version_file(requirements=many)).blocks if isinstance(b, Table))
    assert len(table.rows) == 10
    assert table.rows[-1][1] == "Requirement 29"
    assert table.rows[-1][0] == "4.30"


def test_a_fairness_requirement_names_the_harm_and_the_groups():
    words = words_of(section(version_file(), "requirements"))
    assert "people of one group are given the favourable outcome less often" in words
    assert "Groups compared: sex: Female, sex: Male, sex: not stated." in words
    assert "people who deserved the favourable outcome are refused it more often" in words
    assert harm_of("drift.population_stability") == ""


def test_a_figure_in_words_has_its_interval_its_rows_and_its_side_of_the_limit():
    row = measurement("impact_ratio", 0.769, group="sex: Female", low=0.7265, high=0.8139, n=2081, ideal=1, limit=0.8)
    assert figure_in_words(row) == (
        "Impact ratio for sex: Female: 0.769, with 95 % confidence between 0.727 and 0.814, from 2\u202f081 rows. "
        "The limit is 0.800 and the ideal 1.000: beyond the limit. The interval reaches across the limit, so "
        "these rows alone do not settle on which side the true figure lies."
    )


def test_a_figure_that_cannot_be_computed_is_not_printed_as_a_number():
    row = measurement("impact_ratio", None, group="sex: Female", ideal=1, limit=0.8)
    assert figure_in_words(row) == "Impact ratio for sex: Female: not calculable."


def test_the_decisive_figure_is_the_furthest_beyond_or_the_closest():
    women, age, *_, drift = requirements()
    assert decisive_figure(women) == "sex: Female 0.769 (0.727 to 0.814), limit 0.800"
    assert decisive_figure(age) == "age: 55 and over 0.087 (0.042 to 0.134), limit 0.100"
    assert decisive_figure(drift) == "not calculable"


def test_every_chart_is_followed_by_a_table_with_every_one_of_its_rows():
    for part in build(version_file()).sections:
        for block, following in zip(part.blocks, [*part.blocks[1:], None], strict=True):
            if isinstance(block, Chart):
                assert isinstance(following, Table)
                assert len(following.rows) >= len(block.rows)


def test_more_groups_than_fit_a_page_become_several_charts_and_one_table():
    rows = [measurement("gap", i / 100, group=f"g{i}", low=0, high=1, ideal=0, limit=0.5) for i in range(45)]
    file = version_file(requirements=[requirement("r", "R", "fairness.x", measurements=rows)])
    blocks = section(file, "requirements").blocks
    assert [len(b.rows) for b in blocks if isinstance(b, Chart)] == [20, 20, 5]
    assert [len(b.rows) for b in blocks if isinstance(b, Table)] == [45]
    assert "45 further figures: see the tables." in words_of(section(file, "requirements"))


def test_a_refusal_is_reported_with_name_meaning_reason_and_time():
    tables = [b for b in section(version_file(), "promotions").blocks if isinstance(b, Table)]
    signed = [row for table in tables if table.caption == "Approvals and refusals" for row in table.rows]
    refusal = next(row for row in signed if row[0] == "Tobias Okafor")
    assert refusal[1:3] == ("model risk", "✗ refusal")
    assert refusal[3].startswith("The gap between women and men is not explained.")
    assert refusal[4] == "2026-11-04 10:15:00"


def test_a_signature_is_reported_with_both_names_its_meaning_and_what_became_of_it():
    signature = {
        "by": "Dora Deputy",
        "on_behalf_of": "Rita Risk",
        "group": "risk",
        "verdict": "approve",
        "meaning": "responsible_for",
        "reason": "Read.",
        "at": "2026-11-04T10:15:00Z",
        "reauthenticated_at": "2026-11-04T10:14:59Z",
        "lapsed": "evidence",
        "conditions": [{"text": "Measure again.", "owner": "Carl", "due_at": "2026-12-04T10:15:00Z", "state": "open"}],
    }
    file = version_file()
    file["promotions"][0]["approvals"] = [signature]
    tables = {b.caption: b.rows for b in reversed(section(file, "promotions").blocks) if isinstance(b, Table)}
    signed = next(row for row in tables["Approvals and refusals"])
    assert signed[:3] == (
        "Dora Deputy for Rita Risk",
        "risk",
        "✓ responsible for, password given again; lapsed, evidence changed",
    )
    assert tables["Conditions of the approvals"] == (("Measure again.", "Carl", "2026-12-04 10:15:00", "open"),)


def test_the_whole_history_is_listed():
    table = section(version_file(), "history").blocks[-1]
    assert len(table.rows) == 30


def test_the_trail_section_says_how_much_is_not_witnessed_and_how_to_verify():
    words = words_of(section(version_file(), "trail"))
    for said in ("1\u202f294 entries", "Entries 0 to 1\u202f279 lie under", "The last 14 entries are signed by"):
        assert said in words
    assert "How to verify in three steps" in words


def test_a_trail_without_witness_says_so():
    file = version_file()
    file["trail"].update(witnessed_size=0, unwitnessed=None)
    assert "No witness outside the service has kept a checkpoint" in words_of(section(file, "trail"))
    assert ("Unwitnessed tail", "1\u202f294 entries") in section(file, "trail").blocks[0].rows


def test_only_terms_that_occur_are_explained():
    facts = section(version_file(), "words").blocks[0]
    assert isinstance(facts, Facts)
    assert "refusal" in dict(facts.rows)
    assert "waiver" not in dict(facts.rows)
    assert dict(terms_used(["two waivers"])).keys() == {"waiver"}


@pytest.mark.parametrize(
    ("said", "words", "column"),
    [
        ("2026-11-07T14:45:00Z", "7 November 2026, 14:45:00 UTC", "2026-11-07 14:45:00"),
        ("2026-11-07T14:45:00+02:00", "7 November 2026, 12:45:00 UTC", "2026-11-07 12:45:00"),
        ("soon", "soon", "soon"),
        (None, "not recorded", "not recorded"),
    ],
)
def test_times_are_told_in_utc(said, words, column):
    assert moment(said) == words
    assert stamp(said) == column


def test_a_time_without_zone_is_not_passed_off_as_utc():
    assert moment("2026-11-07T14:45:00") == "7 November 2026, 14:45:00 (no time zone given)"


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("Zinsmodell Größe", "countersign-zinsmodell-große-v7-2026-11-07".replace("ß", "")),
        ("../../etc/passwd", "countersign-etc-passwd-v7-2026-11-07"),
        ('a"\r\nSet-Cookie: x', "countersign-a-set-cookie-x-v7-2026-11-07"),
        ("信用", "countersign-model-v7-2026-11-07"),
    ],
)
def test_the_file_name_is_safe_in_every_header(name, stem):
    file = version_file()
    file["model"]["name"] = name
    assert build(file).stem == stem


def test_a_stored_profile_is_told_from_the_rows_it_stands_for():
    file = version_file()
    file["evidence"][2]["is_profile"] = True
    told = words_of(section(file, "evidence"))
    assert "312 rows, as a stored profile of them" in told
    assert told.count("as a stored profile") == 1
    assert "4\u202f825 rows" in told
