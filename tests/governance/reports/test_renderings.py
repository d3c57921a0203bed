"""The same facts in HTML, PDF, JSON and CSV, to the last printed digit, whatever people write into names."""

import csv
import io
import json
import re
import time
import unicodedata
from html.parser import HTMLParser
from pathlib import Path

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance import charts
from governance.reports import FORMATS, UnknownFormat, build, render
from governance.reports.csv_export import neutral
from governance.reports.pdf import characters_without_glyph
from governance.reports.sections import Bullets, Callout, Chart, Facts, Table
from governance.reports.words import HARMS, OUTCOMES, TERMS

from .sample import HOSTILE, history, hostile_file, measurement, requirement, requirements, version_file

SOURCE = Path(charts.__file__).parent
FORBIDDEN = ("compliant", "certified", "guaranteed", "tamper-proof", "unbiased")


class Page(HTMLParser):
    """The texts and the elements of a page, as a browser would see them."""

    def __init__(self, source: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(source.decode("utf-8"))

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes

    def handle_data(self, data):
        self.texts.append(data)


def html_of(file):
    return render(file, "html")[0]


def csv_cells(source: bytes):
    return [cell for row in csv.reader(io.StringIO(source.decode("utf-8-sig"), newline="")) for cell in row]


def text_of_pdf(source: bytes) -> str:
    """The words of a PDF, read through the character maps that copy and search rely on."""
    words = []
    with pikepdf.open(io.BytesIO(source)) as pdf:
        for page in pdf.pages:
            maps = {}
            for name, font in page.resources.get("/Font", {}).items():
                maps[name] = character_map(font.ToUnicode.read_bytes().decode("ascii"))
            words.append(page_words(page, maps, pdf))
    return " ".join(words)


def character_map(source: str) -> dict[int, str]:
    found = {}
    for code, text in re.findall(r"<([0-9A-F]{4})> <([0-9A-F]+)>\n", source):
        found[int(code, 16)] = bytes.fromhex(text).decode("utf-16-be")
    for first, last, text in re.findall(r"<([0-9A-F]{4})> <([0-9A-F]{4})> <([0-9A-F]+)>", source):
        start = bytes.fromhex(text).decode("utf-16-be")
        for code in range(int(first, 16), int(last, 16) + 1):
            found[code] = start[:-1] + chr(ord(start[-1]) + code - int(first, 16))
    return found


def page_words(stream, maps, pdf) -> str:
    words, current = [], {}
    for operands, operator in pikepdf.parse_content_stream(stream):
        if str(operator) == "Tf":
            current = maps.get(str(operands[0]), {})
        elif str(operator) in ("Tj", "TJ"):
            strings = operands[0] if str(operator) == "TJ" else [operands[0]]
            for part in strings:
                if isinstance(part, pikepdf.String):
                    raw = bytes(part)
                    words += [current.get(int.from_bytes(raw[i : i + 2], "big"), "") for i in range(0, len(raw), 2)]
        elif str(operator) in ("ET", "Td", "Tm"):
            words.append(" ")
    return "".join(words)


def squeezed(text: str) -> str:
    """Without white space, which line breaks put anywhere, and with ligatures taken apart."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text))


def printed_texts(report):
    for part in report.sections:
        for block in part.blocks:
            if isinstance(block, Table):
                yield from (cell for row in (block.header, *block.rows) for cell in row)
            elif isinstance(block, Facts):
                yield from (cell for row in block.rows for cell in row)
            elif isinstance(block, Bullets):
                yield from block.items
            elif isinstance(block, Callout):
                yield from (block.title, *block.lines)
            elif not isinstance(block, Chart):
                yield block.text


def test_every_printed_text_is_the_same_in_all_four_formats():
    file = version_file()
    page = squeezed(" ".join(Page(html_of(file)).texts))
    pdf = squeezed(text_of_pdf(render(file, "pdf")[0]))
    table = squeezed("\n".join(csv_cells(render(file, "csv")[0])).replace("'", ""))
    twin = squeezed(json.dumps(json.loads(render(file, "json")[0])["printed"], ensure_ascii=False))
    for text in printed_texts(build(file)):
        wanted = squeezed(text)
        assert wanted in page
        assert wanted in pdf
        assert wanted.replace("'", "") in table
        assert squeezed(json.dumps(text, ensure_ascii=False))[1:-1] in twin


def test_every_figure_and_interval_reaches_every_format_to_the_last_digit():
    file = version_file()
    page = " ".join(Page(html_of(file)).texts)
    pdf = squeezed(text_of_pdf(render(file, "pdf")[0]))
    cells = csv_cells(render(file, "csv")[0])
    twin = render(file, "json")[0].decode()
    for wanted in requirements():
        for row in wanted["measurements"]:
            figure = charts.printed(row["value"], row["unit"], against=row["limit"])
            interval = charts.printed_interval(row)
            for text in (figure, interval):
                assert text in page
                assert squeezed(text) in pdf
                assert text in cells
                assert json.dumps(text) in twin
    recorded = json.loads(twin)["file"]["requirements"][0]["measurements"]
    assert recorded == file["requirements"][0]["measurements"], "the file keeps every recorded digit"


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_names_are_plain_text_on_the_page(hostile):
    honest, page = Page(html_of(version_file())), Page(html_of(hostile_file(hostile)))
    assert set(page.tags) <= set(honest.tags)
    assert {name for name, _ in page.attributes} <= {name for name, _ in honest.attributes}
    assert charts.plain(hostile) in " ".join(page.texts)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_names_are_plain_text_in_the_pdf(hostile):
    words = text_of_pdf(render(hostile_file(hostile), "pdf")[0])
    shown = re.sub("[信用😀]+", lambda run: "[" + " ".join(f"U+{ord(c):04X}" for c in run[0]) + "]", hostile)
    assert squeezed(charts.plain(shown)) in squeezed(words)
    assert "root:x:0" not in words


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_names_survive_in_the_json_letter_by_letter(hostile):
    source = render(hostile_file(hostile), "json")[0]
    assert source.isascii()
    assert json.loads(source)["file"] == hostile_file(hostile)


@pytest.mark.parametrize("hostile", [*HOSTILE, "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "a;=1"])
def test_no_cell_of_the_table_is_a_formula(hostile):
    for cell in csv_cells(render(hostile_file(hostile), "csv")[0]):
        assert not cell.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))
        assert not cell.startswith(("\t", "\r", "\n"))
        assert not re.search(r"[;\t\r\n]\s*[=+\-@]", cell), "a new cell where the semicolon separates"


@given(st.text(alphabet="=+-@\t\r\n; \"',a1", max_size=12))
def test_a_neutral_cell_keeps_its_text(cell):
    assert neutral(cell).replace("'", "") == cell.replace("'", "")
    assert not neutral(cell).startswith(("=", "+", "-", "@", "\t", "\r"))


def test_a_negative_figure_is_no_formula_and_reads_the_same_everywhere():
    rows = [measurement("drop", -0.031, group=g, ideal=0, limit=0.1) for g in ("a", "b")]
    file = version_file(requirements=[requirement("r", "R", "performance.drop", measurements=rows)])
    assert "−0.031" in csv_cells(render(file, "csv")[0])
    assert "−0.031" in " ".join(Page(html_of(file)).texts)
    assert "−0.031" in text_of_pdf(render(file, "pdf")[0])


def test_the_page_asks_for_nothing_and_runs_nothing():
    page = Page(html_of(version_file()))
    assert not {"script", "link", "img", "iframe", "object", "form", "base"} & set(page.tags)
    assert not any(name.startswith("on") or name in ("style", "src") for name, _ in page.attributes)
    assert all(value.startswith("#") for name, value in page.attributes if name == "href")
    assert b"default-src 'none'" in html_of(version_file())


def test_the_page_can_be_read_aloud():
    source = html_of(version_file()).decode()
    page = Page(source.encode())
    assert '<html lang="en">' in source
    assert page.tags.count("h1") == page.tags.count("main") == 1
    assert page.tags.count("table") == page.tags.count("caption")
    ids = [value for name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert source.count('role="img"') == page.tags.count("svg") == page.tags.count("title") - 1


@pytest.fixture(scope="module")
def pdf():
    with pikepdf.open(io.BytesIO(render(version_file(), "pdf")[0])) as opened:
        yield opened


def test_the_pdf_is_tagged_and_says_its_language_and_title(pdf):
    assert str(pdf.Root.Lang) == "en"
    assert bool(pdf.Root.MarkInfo.Marked)
    assert "/StructTreeRoot" in pdf.Root
    assert bool(pdf.Root.ViewerPreferences.DisplayDocTitle)
    with pdf.open_metadata() as meta:
        assert meta["dc:title"] == "Report on consumer-credit-default, version 7"
        assert (meta["pdfaid:part"], meta["pdfaid:conformance"], meta["pdfuaid:part"]) == ("3", "A", "1")


def test_every_figure_of_the_pdf_has_a_text_alternative_and_every_table_a_header(pdf):
    kinds, alternatives = [], []

    def walk(element):
        if isinstance(element, pikepdf.Array):
            for child in element:
                walk(child)
        elif isinstance(element, pikepdf.Dictionary) and "/K" in element:
            kinds.append(str(element.get("/S", "")))
            if element.get("/S") == "/Figure":
                alternatives.append(str(element.get("/Alt", "")))
            walk(element.K)

    walk(pdf.Root.StructTreeRoot.K)
    assert {"/H1", "/H2", "/Table", "/TH", "/TD", "/L", "/Figure"} <= set(kinds)
    assert len(alternatives) == sum(
        isinstance(block, Chart) for part in build(version_file()).sections for block in part.blocks
    )
    assert any("sex: Female: 0.769, interval 0.727 to 0.814" in said for said in alternatives)


def test_the_json_twin_lies_inside_the_pdf_byte_for_byte(pdf):
    twin, _, name = render(version_file(), "json")
    assert name in pdf.attachments
    assert pdf.attachments[name].get_file().read_bytes() == twin


def test_the_gaps_stand_on_page_one_of_the_pdf(pdf):
    first = pikepdf.new()
    first.pages.append(pdf.pages[0])
    out = io.BytesIO()
    first.save(out)
    words = squeezed(text_of_pdf(out.getvalue()))
    assert squeezed("The gate blocks the move to production") in words
    for gap in version_file()["gaps"]:
        assert squeezed(gap) in words
    assert squeezed("What this report covers") in words, "page one holds the whole summary"


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_file_gives_the_same_bytes(format):
    shuffled = dict(reversed(version_file().items()))
    assert render(version_file(), format)[0] == render(shuffled, format)[0]


@pytest.mark.parametrize("format", FORMATS)
def test_rendering_leaves_the_file_as_it_was(format):
    file = version_file()
    render(file, format)
    assert file == version_file()


@pytest.mark.parametrize("format", FORMATS)
def test_an_empty_file_is_still_a_report(format):
    content, media_type, name = render({}, format)
    assert content
    assert media_type == FORMATS[format][1]
    assert name == f"countersign-model-v0.{format}"


def test_an_unknown_format_is_refused_by_name():
    with pytest.raises(UnknownFormat, match="no report format 'docx'; ask for one of html, pdf, json, csv"):
        render(version_file(), "docx")


@pytest.mark.parametrize("format", ["html", "json", "csv"])
def test_no_report_makes_a_promise_nobody_can_keep(format):
    words = render(version_file(), format)[0].decode("utf-8").lower()
    assert not [word for word in FORBIDDEN if word in words]


def test_no_template_and_no_sentence_of_ours_makes_such_a_promise():
    sources = [*SOURCE.glob("reports/**/*.py"), *SOURCE.glob("reports/templates/*"), SOURCE / "charts.py"]
    for source in sources:
        if source.is_file():
            words = source.read_text(encoding="utf-8").lower()
            assert not [word for word in FORBIDDEN if word in words], source.name
    told = " ".join([*OUTCOMES.values(), *TERMS.values(), *(said for _, said in HARMS)]).lower()
    assert "fair model" not in told


def test_characters_without_a_glyph_are_found_and_said_on_page_one():
    assert characters_without_glyph("Zoë −✓ Ж Ω") == set()
    assert characters_without_glyph("信用 😀 ok") == set("信用😀")
    words = squeezed(text_of_pdf(render(hostile_file("信用"), "pdf")[0]))
    assert squeezed("printed as code points; the attached JSON has them.") in words


# Each example makes a whole PDF.
@pytest.mark.parametrize("examples", [8, pytest.param(200, marks=pytest.mark.soak)])
def test_any_name_can_be_printed_in_every_format(examples):
    @settings(max_examples=examples)
    @given(st.text(max_size=30))
    def hold(name):
        file = version_file(history=[], gaps=[name], requirements=requirements()[:1], promotions=[])
        file["model"]["name"] = name
        file["requirements"][0]["measurements"][0]["group"] = name
        for format in FORMATS:
            assert render(file, format)[0]

    hold()


def test_forty_pages_with_twenty_charts_are_made_while_somebody_waits(capsys):
    rows = [
        measurement("impact_ratio", 0.7 + i / 50, group=f"group {i}", low=0.6, high=1.1, n=900, ideal=1, limit=0.8)
        for i in range(14)
    ]
    many = [requirement(f"r{i}", f"Requirement {i}", "fairness.impact_ratio", measurements=rows) for i in range(20)]
    file = version_file(requirements=many, history=history(420))
    charted = sum(isinstance(b, Chart) for part in build(file).sections for b in part.blocks)
    taken = {}
    for format in FORMATS:
        start = time.perf_counter()
        content = render(file, format)[0]
        taken[format] = time.perf_counter() - start
        if format == "pdf":
            with pikepdf.open(io.BytesIO(content)) as made:
                pages = len(made.pages)
    with capsys.disabled():
        said = ", ".join(f"{format} {seconds:.2f} s" for format, seconds in taken.items())
        print(f"\n{pages} pages, {charted} charts: {said}")  # noqa: T201 - the figure is the point
    assert pages >= 40
    assert charted == 20


def test_a_very_long_history_is_printed_line_by_line_and_every_line_of_it():
    file = version_file()
    lines = file["history"]
    file["history"] = [{**lines[number % len(lines)], "index": number} for number in range(1001)]
    words = text_of_pdf(render(file, "pdf")[0])
    assert "Entry · Recorded (UTC) · Actor · Action · What happened" in words
    assert all(f"{number} · " in words for number in range(1001))
