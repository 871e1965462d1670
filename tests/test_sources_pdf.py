"""PDF files: columns are read one after the other, paragraphs come out whole, and what is no text of theirs is told."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from seed_items import rows

from factory.plugins import Broken, Found, Item, Skipped
from factory.records import Document, Passage
from factory.seeds.sources.pdf import pdf

FONTS = ("Helvetica", "Helvetica-Bold", "Courier")
TEXT, BOLD, CODE = "F1", "F2", "F3"
BULLET = "\xb7"  # in the encoding of these fonts


def page_file(path: Path, pages: Sequence[str], outline: str = "") -> Path:
    """A PDF of pages that are drawn by these instructions."""
    fonts = "".join(
        f"/F{number}<</Type/Font/Subtype/Type1/BaseFont/{name}>>" for number, name in enumerate(FONTS, 1)
    )
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    last = 4 + 2 * len(pages)
    marks = f"/Outlines {last + 1} 0 R" if outline else ""
    objects = [
        f"<</Type/Catalog/Pages 2 0 R{marks}>>",
        f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>",
        f"<<{fonts}>>",
    ]
    for number, drawn in enumerate(pages):
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font 3 0 R>>/Contents {5 + 2 * number} 0 R>>"
        )
        objects.append(f"<</Length {len(drawn)}>>stream\n{drawn}\nendstream")
    objects.append("<</Title(On Bays)/Author(Ada Lund)/CreationDate(D:20200304050607Z)>>")
    if outline:
        objects.append(f"<</Type/Outlines/First {last + 2} 0 R/Last {last + 2} 0 R/Count 1>>")
        objects.append(f"<</Title({outline})/Parent {last + 1} 0 R/Dest[4 0 R /Fit]>>")
    out, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj{content}endobj\n".encode("latin-1")
    start = len(out)
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer<</Size {len(objects) + 1}/Root 1 0 R/Info {last} 0 R>>\nstartxref\n{start}\n%%EOF".encode()
    path.write_bytes(out)
    return path


def at(x: float, y: float, text: str, font: str = TEXT, size: float = 10) -> str:
    escaped = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    return f"BT /{font} {size} Tf {x} {y} Td ({escaped}) Tj ET"


def down(
    lines: Sequence[str], x: float = 50, y: float = 780, font: str = TEXT, size: float = 10, step: float = 13
) -> str:
    return "\n".join(at(x, y - step * number, line, font, size) for number, line in enumerate(lines))


def text_of(items: Sequence[Item]) -> str:
    (found,) = rows(items)
    assert isinstance(found.seed, Document)
    return found.seed.text


def read(path: Path) -> str:
    return text_of(list(pdf(path, Document, min_words=1)))


LEFT = [
    "The tide that comes into a narrow bay is higher", "than the one outside, since the water has nowhere",
    "else to go, and the walls of the bay lead it on to", "where the river ends. It was measured on all days",
    "of a year by gauges that stand in wells of stone,", "and nobody who lives there would doubt what the",
]  # fmt: skip
RIGHT = [
    "gauges said. A wall keeps the fields behind it dry.", "It is as old as the oldest of the farms, and every",
    "spring the farmers look after it together, stone by", "stone, before the high tides of the equinox come in",
    "from the sea. Whoever has no field there brings the", "bread and the beer for all who work at the wall.",
]  # fmt: skip


@pytest.mark.parametrize("across", [False, True], ids=["column by column", "line by line across the page"])
def test_two_columns_are_read_one_after_the_other_however_the_file_has_them(
    across: bool, tmp_path: Path
) -> None:
    places = [(50.0, 700 - 13.0 * n, line) for n, line in enumerate(LEFT)] + [(310.0, 700 - 13.0 * n, line) for n, line in enumerate(RIGHT)]  # fmt: skip
    if across:
        places.sort(key=lambda place: (-place[1], place[0]))
    title = at(150, 760, "Of tides and walls in narrow bays", BOLD, 18)
    drawn = "\n".join([title, *(at(*place) for place in places)])
    assert read(page_file(tmp_path / "a.pdf", [drawn])) == (
        "# Of tides and walls in narrow bays\n\n" + " ".join([*LEFT, *RIGHT])
    )


def test_a_table_with_lines_around_its_cells_is_one_and_so_is_one_whose_cells_stand_below_each_other(
    tmp_path: Path,
) -> None:
    table = [("Bay", "Depth (m)", "Remark"), ("North", "12.5", "wall | gauge"), ("South", "8.0", ""), ("East", "30.2", "gauge")]  # fmt: skip
    cells = [
        at(60 + 90 * column, 600 - 20 * row, cell)
        for row, line in enumerate(table)
        for column, cell in enumerate(line)
        if cell
    ]
    drawn_lines = [f"50 {613 - 20 * row} m 320 {613 - 20 * row} l S" for row in range(5)]
    drawn_lines += [f"{50 + 90 * column} 613 m {50 + 90 * column} 533 l S" for column in range(4)]
    before, after = (
        down([*LEFT[:2], "else to go."], y=700),
        down(["Every gauge that we had was read, and every", *RIGHT[2:4]], y=480),
    )
    expected = (
        "| Bay | Depth (m) | Remark |\n| --- | --- | --- |\n| North | 12.5 | wall \\| gauge |\n"
        "| South | 8.0 |  |\n| East | 30.2 | gauge |"
    )
    for name, shapes in (("ruled", drawn_lines), ("bare", drawn_lines[:1])):
        text = read(page_file(tmp_path / f"{name}.pdf", ["\n".join([before, *cells, *shapes, after])]))
        first, table_text, last = text.split("\n\n")
        assert (first[-11:], table_text, last[:11]) == ("else to go.", expected, "Every gauge"), name


def test_a_table_that_goes_on_on_the_next_page_is_one(tmp_path: Path) -> None:
    def page(*rows: tuple[str, str]) -> str:
        cells = [
            at(60 + 90 * n, 700 - 20 * row, cell)
            for row, line in enumerate(rows)
            for n, cell in enumerate(line)
        ]
        shapes = [f"50 {713 - 20 * row} m 230 {713 - 20 * row} l S" for row in range(len(rows) + 1)]
        shapes += [f"{50 + 90 * n} 713 m {50 + 90 * n} {713 - 20 * len(rows)} l S" for n in range(3)]
        return "\n".join(cells + shapes)

    head = ("Bay", "Depth")
    path = page_file(
        tmp_path / "a.pdf", [page(head, ("North", "12"), ("South", "8")), page(head, ("East", "30"))]
    )
    assert read(path).count("---") == 2
    assert read(path).endswith("| South | 8 |\n| East | 30 |")


def test_running_heads_of_chapters_and_page_numbers_go_and_a_paragraph_goes_on_over_a_note(
    tmp_path: Path,
) -> None:
    def page(number: int, head: str, lines: Sequence[str]) -> str:
        note = down([f"{number} A note: the data of {lines[0][:20]} lie here."], y=80, size=8)
        return "\n".join([at(50, 810, head), at(500, 810, str(number)), down(lines, y=700), note])

    heads = ["The Book of Bays", "Of walls", "The Book of Bays", "Of walls", "The Book of Bays"]
    texts = [LEFT, RIGHT, *([f"{word} {line}" for line in LEFT] for word in ("Once", "Again", "Still"))]
    pages = [
        page(number, head, lines) for number, (head, lines) in enumerate(zip(heads, texts, strict=True), 101)
    ]
    text = read(page_file(tmp_path / "a.pdf", pages))
    assert "Book of" not in text and "Of walls" not in text
    assert " ".join([*LEFT, *RIGHT]) in text
    assert "102 A note: the data of gauges said. A wall lie here." in text.split("\n\n")


def test_headings_lists_and_code_come_out_as_such(tmp_path: Path) -> None:
    drawn = [
        at(50, 780, "Of tides", BOLD, 18),
        at(50, 740, "How they are measured", BOLD, 13),
        down(LEFT[:4], y=700),
        *(at(60, 630 - 14 * n, BULLET) for n in range(2)),
        *(at(75, 630 - 14 * n, line) for n, line in enumerate(["A gauge", "A well"])),
        down(["def tide(hour):", "    return 3 * hour", "", "print(tide(2))"], y=580, font=CODE, size=9, step=11),
        at(50, 520, "What is an outline", TEXT, 10),
        down(RIGHT[:4], y=490),
    ]  # fmt: skip
    text = read(page_file(tmp_path / "a.pdf", ["\n".join(drawn)], outline="What is an outline"))
    assert text.split("\n\n")[:2] == ["# Of tides", "## How they are measured"]
    assert "- A gauge\n\n- A well" in text
    assert "```\ndef tide(hour):\n    return 3 * hour\n\nprint(tide(2))\n```" in text
    assert "\n\n### What is an outline\n\n" in text


def test_words_cut_at_the_end_of_a_line_are_whole_and_keep_the_hyphens_that_the_text_gives_them(
    tmp_path: Path,
) -> None:
    lines = [
        "The method that is told of here is one more of the state-of-the-",
        "art methods, and the report says so to inter-",
        "national readers; it is well-known, and what is well-",
        "known need not be said.",
    ]
    assert read(page_file(tmp_path / "a.pdf", [down(lines)])) == (
        "The method that is told of here is one more of the state-of-the-art methods, and the report says so to "
        "international readers; it is well-known, and what is well-known need not be said."
    )


def test_raised_numbers_are_notes_behind_words_and_exponents_behind_signs(tmp_path: Path) -> None:
    drawn = [
        at(50, 700, "The range is told by Lund"),
        at(163.5, 704, "3", size=7),
        at(50, 670, "E = mc"),
        at(84, 674, "2", size=7),
    ]
    assert (
        read(page_file(tmp_path / "a.pdf", ["\n".join(drawn)])) == "The range is told by Lund[3]\n\nE = mc^2"
    )


def test_contents_go_and_headings_with_numbers_stand_alone(tmp_path: Path) -> None:
    lines = [
        "1.1 In the Beginning . . . . . . . . . . . . . . . . . . . . . . . . . . 1",
        "ebb ................................................................. 12",
        "The water that comes into a narrow bay stands higher than outside of it.",
        "2.1. How tides are measured",
        "and what they are measured for.",
    ]
    assert read(page_file(tmp_path / "a.pdf", [down(lines)])).split("\n\n")[0] == lines[2]


def test_a_page_on_its_side_is_read_and_a_stamp_along_the_margin_is_counted(tmp_path: Path) -> None:
    stamp = "q 0 1 -1 0 30 300 cm " + at(0, 0, "arXiv:2103.00001v2 [physics] 4 Mar 2021") + " Q"
    sideways = "q 0 1 -1 0 550 50 cm " + down(RIGHT, x=0, y=500) + " Q"
    items = list(pdf(page_file(tmp_path / "a.pdf", [down(LEFT) + stamp, sideways]), Document, min_words=1))
    assert text_of(items) == " ".join([*LEFT, *RIGHT])
    (left_out,) = [item for item in items if isinstance(item, Skipped)]
    assert "another angle" in left_out.reason and left_out.text.startswith("arXiv:2103")


def test_what_a_file_says_of_itself_and_its_pages_are_kept(tmp_path: Path) -> None:
    path = page_file(tmp_path / "a.pdf", [down(LEFT), down(RIGHT)])
    (item,) = pdf(path, Document, min_words=10)
    assert (item.origin.title, item.origin.author, item.origin.date) == ("On Bays", "Ada Lund", "2020-03-04")
    assert item.origin.place == "pages 1-2"
    parts = rows(pdf(path, Passage, min_words=20, max_words=60))
    assert parts[0].origin.place.startswith("page")


def test_programs_that_name_nobody_name_no_author(tmp_path: Path) -> None:
    path = page_file(tmp_path / "a.pdf", [down(LEFT)])
    path.write_bytes(
        path.read_bytes().replace(b"(On Bays)", b"(untitled)").replace(b"(Ada Lund)", b"(anonymous)")
    )
    (item,) = rows(pdf(path, Document, min_words=1))
    assert (item.origin.title, item.origin.author) == (None, None)


@pytest.mark.parametrize("content", [b"", b"%PDF-1.4\nnothing", b"no pdf at all" * 50])
def test_a_damaged_pdf_is_a_broken_record(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(content)
    (item,) = pdf(path, Document)
    assert isinstance(item, Broken) and "cannot be read" in item.error


def test_a_pdf_with_any_byte_changed_gives_something_or_says_why_not(tmp_path: Path) -> None:
    whole = page_file(tmp_path / "a.pdf", [down(LEFT), down(RIGHT)]).read_bytes()
    chance = random.Random(3)
    for _ in range(60):
        content = bytearray(whole)
        for _ in range(8):
            content[chance.randrange(len(content))] = chance.randrange(256)
        path = tmp_path / "b.pdf"
        path.write_bytes(bytes(content))
        assert all(isinstance(item, Found | Broken | Skipped) for item in pdf(path, Document, min_words=1))


@pytest.mark.parametrize("bound", ["MAX_PAGES", "MAX_ALL", "MAX_CELLS"])
def test_a_pdf_beyond_every_bound_is_told_what_to_do(
    bound: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"factory.seeds.sources.pdf.{bound}", 2)
    pages = [at(50, 700, text) for text in ("One page.", "Two pages.", "Three.")]
    (item,) = pdf(page_file(tmp_path / "a.pdf", pages), Document)
    assert isinstance(item, Broken) and " 2" in item.error and "split it first" in item.error


def test_a_scan_is_told_of_even_where_an_archive_stamped_every_page(tmp_path: Path) -> None:
    picture = "q 500 0 0 700 50 50 cm Q"
    stamped = [
        picture + at(50, 20, f"Digitized by the library, page {number}", size=8) for number in range(1, 5)
    ]
    for pages in ([picture] * 4, stamped):
        (item,) = pdf(page_file(tmp_path / "a.pdf", pages), Document)
        assert isinstance(item, Broken) and "4 pages without text: a scan" in item.error


TRAPS = {
    "a line of code that begins a mile to the right": [
        "".join(at(x, y, "x = 1", CODE) for y in range(500, 100, -12) for x in (50, 9e7))
    ],
    "lines drawn as densely as paper is woven": [
        "".join(f"{x} 0 0.1 9e4 re f 0 {x} 9e4 0.1 re f " for x in range(0, 30_000, 4)) + at(50, 700, "Words")
    ],
    "one row of thousands of letters, on every page": [
        "".join(at(40 * x, 700, "a") for x in range(5_000)) for _ in range(3)
    ],
    "thousands of lines that might be a table": [
        "".join(at(x, -12 * y, word) for y in range(3_000) for x, word in ((50, "1."), (300, "words here")))
    ],
}


@pytest.mark.parametrize("trap", TRAPS)
def test_a_page_that_no_one_would_print_is_read_with_little_time_and_memory(
    trap: str, tmp_path: Path
) -> None:
    assert len(read(page_file(tmp_path / "trap.pdf", TRAPS[trap]))) < 100_000
