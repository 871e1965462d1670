"""Word documents: their formulas as TeX, their tables and footnotes, and what is none."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from factory.plugins import Found, Skipped
from factory.records import Document, Seed, Table
from factory.seeds.archives import HostileError
from factory.seeds.sources.docx import docx

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
MATH = "http://schemas.openxmlformats.org/officeDocument/2006/math"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
STYLES = "".join(
    f'<w:style w:type="paragraph" w:styleId="{name.replace(" ", "")}"><w:name w:val="{name}"/></w:style>'
    for name in ("Title", "heading 1", "Source Code", "Quote", "toc 1", "List Bullet", "List Bullet 2")
) + "".join(
    f'<w:style w:type="{kind}" w:styleId="{name}"><w:name w:val="{name}"/>{based}</w:style>'
    for kind, name, based in (
        ("character", "Secret", "<w:rPr><w:vanish/></w:rPr>"),
        ("paragraph", "Aside", '<w:basedOn w:val="Secret"/>'),
        ("paragraph", "Open", '<w:basedOn w:val="Secret"/><w:rPr><w:vanish w:val="0"/></w:rPr>'),
    )
)


def run(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


def element(name: str, properties: str = "", **parts: str) -> str:
    inner = "".join(f"<m:{part}>{content}</m:{part}>" for part, content in parts.items())
    about = f"<m:{name}Pr>{properties}</m:{name}Pr>" if properties else ""
    return f"<m:{name}>{about}{inner}</m:{name}>"


def document(path: Path, body: str, title: str = "") -> Path:
    """A Word document with this body, and a footnote."""
    spaces = f'xmlns:w="{WORD}" xmlns:m="{MATH}"'
    kinds = "application/vnd.openxmlformats-officedocument.wordprocessingml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{kinds}.document.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="a" Type="{OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="b" Type="{OFFICE}/footnotes" Target="footnotes.xml"/>'
        f'<Relationship Id="c" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "word/styles.xml": f"<w:styles {spaces}>{STYLES}</w:styles>",
        "word/footnotes.xml": f'<w:footnotes {spaces}><w:footnote w:id="1"><w:p><w:r><w:t>A note of </w:t></w:r><m:oMath>{run("n")}</m:oMath></w:p></w:footnote></w:footnotes>',
        "word/document.xml": f"<w:document {spaces}><w:body>{body}</w:body></w:document>",
        "docProps/core.xml": f'<c xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{title}</dc:title></c>',
    }  # fmt: skip
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def paragraph(text: str, more: str = "") -> str:
    return f'<w:p><w:r><w:t xml:space="preserve">{text}</w:t></w:r>{more}</w:p>'


def only(path: Path, kind: type[Seed]) -> Seed:
    (item,) = docx(path, kind, min_words=1)
    assert isinstance(item, Found)
    return item.seed


@pytest.mark.parametrize(
    ("formula", "tex"),
    [
        (element("f", num=run("a"), den=run("b+1")), r"\frac{a}{b + 1}"),
        (element("sSup", e=run("x"), sup=run("2")), "x^{2}"),
        (element("sSubSup", e=run("x"), sub=run("i"), sup=run("2")), "x_{i}^{2}"),
        (element("rad", '<m:degHide m:val="1"/>', deg="", e=run("x")), r"\sqrt{x}"),
        (element("rad", deg=run("3"), e=run("x")), r"\sqrt[3]{x}"),
        (element("nary", '<m:chr m:val="∑"/>', sub=run("i=1"), sup=run("n"), e=run("i")), r"\sum_{i = 1}^{n} i"),
        (element("nary", sub="", sup="", e=run("f")), r"\int f"),
        (element("d", '<m:begChr m:val="["/><m:endChr m:val="]"/>', e=run("x")), r"\left[ x \right]"),
        (element("d", '<m:begChr m:val="{"/><m:endChr m:val=""/>', e=element("eqArr", e=run("1"))),
         r"\left\{ \begin{matrix} 1 \end{matrix} \right."),
        (element("m", mr=f"<m:e>{run('a')}</m:e><m:e>{run('b')}</m:e>"), r"\begin{matrix} a & b \end{matrix}"),
        (element("acc", '<m:chr m:val="&#x20d7;"/>', e=run("v")), r"\vec{v}"),
        (element("bar", '<m:pos m:val="top"/>', e=run("x")), r"\bar{x}"),
        (element("func", fName='<m:r><m:rPr><m:sty m:val="p"/></m:rPr><m:t>sin</m:t></m:r>', e=run("θ")), r"\sin \theta"),
        (element("limLow", e='<m:r><m:rPr><m:sty m:val="p"/></m:rPr><m:t>lim</m:t></m:r>', lim=run("n→∞")), r"\lim_{n \to \infty}"),
        ("<m:r><m:rPr><m:nor/></m:rPr><m:t>if so</m:t></m:r>", r"\text{if so}"),
        (run("2.5≤α"), r"2.5 \le \alpha"),
    ],
)  # fmt: skip
def test_formulas_come_out_as_tex(formula: str, tex: str, tmp_path: Path) -> None:
    path = document(tmp_path / "a.docx", paragraph("Where ", f"<m:oMath>{formula}</m:oMath>"))
    assert only(path, Document).text == f"Where ${tex}$"  # type: ignore[attr-defined]


def test_displayed_formulas_footnotes_and_tables_stand_where_they_belong(tmp_path: Path) -> None:
    cells = "".join(
        f"<w:tr>{''.join(f'<w:tc>{paragraph(cell)}</w:tc>' for cell in row)}</w:tr>" for row in ("AB", "12")
    )
    body = (
        paragraph("It holds", '<w:r><w:footnoteReference w:id="1"/></w:r>')
        + f"<w:p><m:oMathPara><m:oMath>{run('a=b')}</m:oMath></m:oMathPara></w:p><w:tbl>{cells}</w:tbl>"
    )
    path = document(tmp_path / "a.docx", body, "Bounds: a &lt; b")
    seed = only(path, Document)
    assert seed.text == (  # type: ignore[attr-defined]
        "It holds[^1]\n\n$$a = b$$\n\n| A | B |\n| --- | --- |\n| 1 | 2 |\n\n[^1]: A note of $n$"
    )
    assert seed.title == "Bounds: a < b"  # type: ignore[attr-defined]
    assert only(path, Table) == Table(header=("A", "B"), rows=(("1", "2"),))


def test_title_code_and_quotations_are_told_by_their_styles_and_a_table_of_contents_goes(
    tmp_path: Path,
) -> None:
    def styled(style: str, text: str) -> str:
        return f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t xml:space="preserve">{text}</w:t></w:r></w:p>'

    body = styled("Title", "Tides") + styled("toc1", "Moon 1") + styled("heading1", "Moon")
    body += (
        styled("SourceCode", "def pull():")
        + styled("SourceCode", "    return 1")
        + styled("Quote", "So be it.")
    )
    (item,) = docx(document(tmp_path / "a.docx", body + paragraph("It pulls.")), Document, min_words=1)
    assert isinstance(item, Found) and isinstance(item.seed, Document)
    assert item.origin.title == "Tides"
    assert item.seed.text == (
        "# Tides\n\n# Moon\n\n```python\ndef pull():\n    return 1\n```\n\n> So be it.\n\nIt pulls."
    )


def test_formulas_without_end_are_cut_and_old_files_are_told(tmp_path: Path) -> None:
    deep = "<m:sSup><m:e>" * 20 + run("x") + f"</m:e><m:sup>{run('2')}</m:sup></m:sSup>" * 20
    path = document(tmp_path / "a.docx", paragraph("Deep ", f"<m:oMath>{deep}</m:oMath>"))
    assert "Deep" in only(path, Document).text  # type: ignore[attr-defined]
    old = tmp_path / "b.doc"
    old.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500)
    with pytest.raises(HostileError, match="save it as"):
        list(docx(old, Document))


def styled(text: str, paragraph_style: str = "", run: str = "") -> str:
    of_all = f'<w:pPr><w:pStyle w:val="{paragraph_style}"/></w:pPr>' if paragraph_style else ""
    return f'<w:p>{of_all}<w:r><w:rPr>{run}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r></w:p>'


def test_hidden_text_is_left_out_and_counted_wherever_it_is_said_to_be_hidden(tmp_path: Path) -> None:
    body = [
        paragraph("Seen.", '<w:r><w:rPr><w:vanish/></w:rPr><w:t>By itself.</w:t></w:r>'),
        styled("By a style.", run='<w:rStyle w:val="Secret"/>'),
        styled("By what its style is based on.", "Aside"),
        styled("Shown by its style.", "Open"),
        styled("Shown by itself.", "Aside", '<w:vanish w:val="false"/>'),
    ]  # fmt: skip
    left_out, found = docx(document(tmp_path / "a.docx", "".join(body)), Document, min_words=1)
    assert isinstance(found, Found) and isinstance(found.seed, Document)
    assert found.seed.text == "Seen.\n\nShown by its style.\n\nShown by itself."
    assert isinstance(left_out, Skipped)
    assert (left_out.reason, left_out.text, left_out.records) == ("hidden text", "By itself.", 3)


def test_tracked_changes_are_accepted_and_code_is_told_by_its_font(tmp_path: Path) -> None:
    mono = '<w:rFonts w:ascii="Courier New"/>'
    body = [
        paragraph("Kept, ", "<w:ins><w:r><w:t>put in</w:t></w:r></w:ins><w:del><w:r><w:delText>taken out</w:delText></w:r></w:del>"),
        styled("def f(x):", run=mono),
        styled("    return x", run=mono),
        styled("one", "ListBullet"),
        styled("two", "ListBullet2"),
    ]  # fmt: skip
    seed = only(document(tmp_path / "a.docx", "".join(body)), Document)
    assert isinstance(seed, Document)
    assert seed.text == "Kept, put in\n\n```python\ndef f(x):\n    return x\n```\n\n- one\n  - two"
