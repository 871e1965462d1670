"""Papers and office files: what they say comes out, and what strangers hide in them is refused."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT
from seed_items import FILL, text_of

from factory.plugins import Broken, Found, Source
from factory.records import Document, Passage, Table
from factory.seeds.archives import HostileError, Limits, parse_xml, unpack
from factory.seeds.sources.docx import docx
from factory.seeds.sources.epub import epub
from factory.seeds.sources.jats import jats
from factory.seeds.sources.tex import tex

DATA = ROOT / "tests/data"
BOMB = (
    """<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><a>&b;</a>"""
)
OUTSIDE = """<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]><a>&a;</a>"""


# ------------------------------------------------------------------------------------------- TeX


def packed(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def paper() -> dict[str, bytes]:
    folder = DATA / "paper"
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.tex")}


def test_a_paper_comes_out_with_its_formulas_tables_and_code(tmp_path: Path) -> None:
    (item,) = tex(
        packed(tmp_path / "2103.00001.tar.gz", paper() | {"a.png": b"\x89PNG\0"}), Document, min_words=1
    )
    assert isinstance(item, Found)
    text = item.seed.text  # type: ignore[attr-defined]
    for part in [
        "# On Tides and *Norms*",
        "## Abstract\n\nWe study $\\mathbb{R}^n$ with $\\left\\| x \\right\\|$ at 50% cost.",
        "“quotes” matter—see Section 1.",
        "(A note with $x$.)",
        "Second part `x_1` with\n\n$$\nE = mc^2\n$$",
        "**Theorem 1.1 (Main).** If $\\operatorname{tr} A = \\frac12$ then",
        "a &= b + (x, y) \\\\\n c &= (z, w)\n\\end{aligned}\n$$",
        "- One $x$\n- Two\n  1. Inner",
        "| Name | Value |\n| --- | --- |\n| A & B | 1 |\n| C | 2 |",
        "```python\ndef f(x):  # not % a comment\n    return x % 2\n```",
        "Figure 1. A picture of **tides**.",
        "done. Red and [link](https://a.b).",
    ]:
        assert part in text
    for gone in ("a.png", "Foo", "a comment\n\n", "\\label", "\\cite", "bibitem", "Grant"):
        assert gone not in text
    assert (item.origin.title, item.origin.author) == ("On Tides and Norms", "Ada Müller; José García")
    assert item.origin.date == "2021-03-04"


def test_a_folder_and_a_single_packed_file_are_read_as_an_archive_is(tmp_path: Path) -> None:
    whole = text_of(list(tex(packed(tmp_path / "a.tar.gz", paper()), Document, min_words=1)))
    assert text_of(list(tex(DATA / "paper/main.tex", Document, min_words=1))) == whole
    single = tmp_path / "b.gz"
    single.write_bytes(
        gzip.compress(rb"\documentclass{article}\begin{document}Alone, \emph{but} here.\end{document}")
    )
    assert text_of(list(tex(single, Document, min_words=1))) == "Alone, *but* here."


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"a.tex": rb"\documentclass{a}\begin{document}\input{b}\end{document}", "b.tex": rb"\input{c}", "c.tex": rb"\input{b}"}, "without end"),
        ({"a.tex": rb"\newcommand{\a}{\b\b}\newcommand{\b}{\a\a}\begin{document}\a\end{document}"}, "without end"),
        ({"a.tex": b"".join(b"\\newcommand{\\x%s}{\\x%s\\x%s\\x%s\\x%s}" % (bytes([97 + n]), *[bytes([98 + n])] * 4) for n in range(24))
          + b"\\newcommand{\\xy}{aaaaaaaaaaaaaaaaaaaaaa}\\begin{document}\\xa\\end{document}"}, "refused"),
        ({"a.tex": b"no document here"}, "begins a TeX document"),
    ],
)  # fmt: skip
def test_a_project_without_end_or_beginning_is_a_broken_record(
    files: dict[str, bytes], why: str, tmp_path: Path
) -> None:
    (item,) = tex(packed(tmp_path / "a.tar.gz", files), Document)
    assert isinstance(item, Broken)
    assert why in item.error


@pytest.mark.parametrize(
    "source",
    [r"\begin{itemize}\item", r"$unclosed", r"{{{{", r"}}}}", r"\verb", r"\frac{", "\\" * 99, r"\begin{a}" * 300, "{" * 5000, r"\'", r"\[", "%"],
)  # fmt: skip
def test_broken_tex_is_no_error(source: str, tmp_path: Path) -> None:
    body = rf"\documentclass{{a}}\begin{{document}}Before. {source} after\end{{document}}"
    list(tex(packed(tmp_path / "a.tar.gz", {"a.tex": body.encode()}), Document, min_words=1))


REFERRED = r"""
\newtheorem{theorem}{Theorem}[section]
\newtheorem{lemma}[theorem]{Lemma}
\newtheorem*{note}{Note}
\numberwithin{equation}{section}
\begin{document}
\section{One}\label{one}
As \citet{reed,moss} show \citep{reed}, \eqref{third}, \cref{main,bay} and Section~\ref{more} go on; \ref{nowhere} not.
\begin{theorem}[Main]\label{main}By Lemma~\ref{bays} and \Cref{tagged}.\end{theorem}
\begin{note}Nothing counts.\end{note}
\begin{align} a &= b \label{first}\\ c &= \begin{cases} 1 \\ 2 \end{cases} \notag\\ d &= e \label{third} \end{align}
\section{Two}
\begin{lemma}\label{bays}Bays, \verb|\ref{bays}|.\end{lemma}
\begin{equation}\label{tagged} z \tag{Z}\end{equation}
\begin{figure}\centering\caption[Short]{A bay.}\label{bay}\end{figure}
\appendix
\section{Three}\label{more}\subsection{Four}\label{deep}In \autoref{deep}.
\begin{thebibliography}{9}\bibitem[Reed and Moss(2005)]{reed} R. \bibitem[{Moss et~al.(2007)Moss, Reed, and Li}]{moss} M.
\end{thebibliography}
\end{document}
"""


def test_references_of_tex_are_the_numbers_that_tex_gives(tmp_path: Path) -> None:
    (tmp_path / "paper.tex").write_text(r"\documentclass{article}" + REFERRED)
    text = text_of(list(tex(tmp_path / "paper.tex", Document, min_words=1)))
    for part in (
        "As Reed and Moss (2005) and Moss et al. (2007) show, (1.2), Theorem 1.1 and Figure 1 and Section A go on",
        "**Theorem 1.1 (Main).** By Lemma 2.1 and Equation (Z).",
        "**Note.** Nothing counts.",
        r"**Lemma 2.1.** Bays, `\ref{bays}`.",
        "Figure 1. A bay.",
        "In Section A.1.",
    ):
        assert part in text


@pytest.mark.parametrize(
    "part",
    [
        r"\begin{theorem}",
        r"\end{align}",
        r"\begin{align}\\",
        r"\label{a}\ref{a}",
        r"\section{}\appendix",
        r"\bibitem[",
        r"\citet[",
    ],
)
def test_references_of_tex_that_nothing_closes_are_no_error(part: str, tmp_path: Path) -> None:
    (tmp_path / "a.tex").write_text(
        r"\documentclass{a}\begin{document}Words." + part * 20_000 + r"\end{document}"
    )
    assert "Words." in text_of(list(tex(tmp_path / "a.tex", Document, min_words=1)))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (r"Call \lstinline!a_b! and \lstinline[language=C]{c%d}.", "Call `a_b` and `c%d`."),
        (r"Write \mintinline{python}{x = 1} now.", "Write `x = 1` now."),
        (r"\begin{subfigure}{.5\textwidth}\caption{Left.}\end{subfigure}", "Left."),
        (r"\begin{wrapfigure}[9]{r}{3cm}\caption{Aside.}\end{wrapfigure}", "Figure 1. Aside."),
        (r"\begin{multicols}{2} Two of them. \end{multicols}", "Two of them."),
        (r"In \texorpdfstring{$x$}{x}, \parbox{3cm}{a box} \hyperref[a]{there}.", "In $x$, a box there."),
        (r"\NewDocumentCommand{\set}{O{A} m}{#1_{#2}} $\set{x}$, $\set[B]{y}$", "$A_{x}$, $B_{y}$"),
        (r"\DeclarePairedDelimiter{\ceil}{\lceil}{\rceil} $\ceil*{x}$", r"$\left\lceil x \right\rceil$"),
    ],
)
def test_what_packages_add_to_tex_is_read_as_its_author_meant_it(
    source: str, expected: str, tmp_path: Path
) -> None:
    (tmp_path / "paper.tex").write_text(f"\\begin{{document}}\n{source}\n\\end{{document}}")
    assert text_of(list(tex(tmp_path / "paper.tex", Document, min_words=1))) == expected


# ------------------------------------------------------------------------------------------- JATS


def test_an_article_comes_out_with_formulas_tables_and_who_wrote_it() -> None:
    (item,) = jats(DATA / "article.nxml", Document, min_words=1)
    text = item.seed.text  # type: ignore[attr-defined]
    for part in [
        "# Tides in *narrow* bays",
        "## Abstract\n\nWe measured tides in 12 bays.",
        "Tides rise twice a day , since H$_{2}$O is heavy. The range is $r = \\frac{a}{b}$.",
        "$$\nE = \\int_0^T p\\,dt\n$$",
        "### Methods",
        "1. gauges\n2. boats",
        "Ranges by bay.",
        "| Bay | Range | Unit |\n| --- | --- | --- |\n| North | 3 | m |\n| North | 4 | m |",
    ]:
        assert part in text, text
    assert "1999" not in text
    origin = item.origin
    assert (origin.author, origin.date, origin.licence) == ("Ada Lund; Ben Okafor", "2021-03-07", "CC-BY-4.0")
    assert origin.url == "https://doi.org/10.1000/tides.7"


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<inline-formula><inline-graphic href='a.gif'/></inline-formula> is a picture.", "is a picture."),
        ("10<sup>−3</sup> of Ca<sup>2+</sup>", "10$^{-3}$ of Ca$^{2+}$"),
        ("SO<sub>4</sub><sup>2−</sup>", "SO$_{4}^{2-}$"),
        ("As <xref ref-type='bibr'>Reed et al. (2005)</xref> say.", "As Reed et al. (2005) say."),
        ("So it is (<xref ref-type='bibr'>Reed et al., 2005</xref>).", "So it is."),
    ],
    ids=[
        "a picture of a formula",
        "a sign that is raised",
        "lowered and raised",
        "a citation told",
        "one aside",
    ],
)
def test_small_markup_of_an_article_keeps_what_it_means(markup: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text(f"<article><body><sec><title>On</title><p>{markup}</p></sec></body></article>")
    assert text_of(jats(path, Document, min_words=1)) == f"## On\n\n{text}"


def test_the_appendices_of_an_article_are_part_of_it(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    app = "<app><title>More</title><p>It goes on.</p><sec><title>Yet</title><p>And on.</p></sec></app>"
    back = f"<back><app-group>{app}</app-group><ref-list><ref>Gone.</ref></ref-list></back>"
    path.write_text(f"<article><body><p>It begins.</p></body>{back}</article>")
    assert text_of(jats(path, Document, min_words=1)) == (
        "It begins.\n\n## More\n\nIt goes on.\n\n### Yet\n\nAnd on."
    )


def test_citations_between_signs_leave_no_trace_and_statements_need_no_label(tmp_path: Path) -> None:
    body = (
        "<p>It holds<sup><xref ref-type='bibr'>1</xref>–<xref ref-type='bibr'>3</xref></sup>. One<break/>two.</p>"
        "<statement><p>All bays are narrow.</p></statement>"
    )
    path = tmp_path / "article.xml"
    path.write_text(f"<article><body>{body}</body></article>", encoding="utf-8")
    assert text_of(list(jats(path, Document, min_words=1))) == "It holds. One two.\n\nAll bays are narrow."


@pytest.mark.parametrize("xml", [BOMB, OUTSIDE, "<a><b></a>", "", "no xml"])
def test_hostile_and_broken_xml_is_refused(xml: str, tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text(xml)
    with pytest.raises(HostileError, match=r"a\.xml"):
        list(jats(path, Document))
    with pytest.raises(HostileError):
        parse_xml(xml.encode(), "a.xml")


# ------------------------------------------------------------------------------------------- DOCX


def word(path: Path, document: str = "") -> Path:
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'

    def paragraph(text: str, style: str = "") -> str:
        named = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
        return f"<w:p>{named}<w:r><w:t>{text}</w:t></w:r></w:p>"

    cells = "".join(
        f"<w:tr>{''.join(f'<w:tc>{paragraph(cell)}</w:tc>' for cell in row)}</w:tr>"
        for row in (("Bay", "Range"), ("North", "3"))
    )
    body = paragraph("On Bays", "Heading1") + paragraph(FILL) + f"<w:tbl>{cells}</w:tbl>"
    types = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>'
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    rels = f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r" Type="{relation}" Target="word/document.xml"/></Relationships>'
    styles = f'<w:styles {space}><w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/></w:style></w:styles>'
    core = '<c xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:t="http://purl.org/dc/terms/"><dc:creator>Ada Lund</dc:creator><t:created>2020-01-02T03:04:05Z</t:created></c>'
    parts = {
        "[Content_Types].xml": types,
        "_rels/.rels": rels,
        "word/styles.xml": styles,
        "docProps/core.xml": core,
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
        archive.writestr(
            "word/document.xml", document or f"<w:document {space}><w:body>{body}</w:body></w:document>"
        )
    return path


def test_a_word_document_comes_out_with_headings_and_tables(tmp_path: Path) -> None:
    path = word(tmp_path / "a.docx")
    (item,) = docx(path, Document, min_words=10)
    assert item.seed.text.startswith("# On Bays\n\nWords that fill")  # type: ignore[attr-defined]
    assert "Bay" in item.seed.text and "North" in item.seed.text  # type: ignore[attr-defined]
    assert (item.origin.author, item.origin.date) == ("Ada Lund", "2020-01-02")
    assert list(docx(path, Passage, min_words=10))
    assert all(isinstance(one.seed, Table) for one in docx(path, Table))


def test_a_word_document_with_entities_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HostileError, match="entities of its own"):
        list(docx(word(tmp_path / "a.docx", BOMB), Document))


# ------------------------------------------------------------------------------------------- archives


def test_archives_that_no_honest_person_makes_are_refused_with_the_reason(tmp_path: Path) -> None:
    def zipped(name: str, content: bytes, mode: int = 0) -> Path:
        path = tmp_path / "a.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            member = zipfile.ZipInfo(name)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = mode << 16
            archive.writestr(member, content)
        return path

    def tarred(name: str, kind: bytes, link: str = "") -> Path:
        path = tmp_path / "a.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, link
            archive.addfile(member)
        return path

    for make, why in [
        (lambda: zipped("../up.tex", b"x"), "climbs out"),
        (lambda: zipped("/etc/x.tex", b"x"), "climbs out"),
        (lambda: zipped("C:\\x.tex", b"x"), "climbs out"),
        (lambda: zipped("a\\..\\..\\x", b"x"), "climbs out"),
        (lambda: zipped("l.tex", b"/etc/passwd", 0o120777), "is a link"),
        (lambda: zipped("a.tex", b"0" * 50_000_000), "times its size"),
        (lambda: tarred("../x", tarfile.REGTYPE), "climbs out"),
        (lambda: tarred("x", tarfile.SYMTYPE, "/etc/passwd"), "is a link to /etc/passwd"),
        (lambda: tarred("x", tarfile.LNKTYPE, "y"), "is a link"),
        (lambda: tarred("x", tarfile.CHRTYPE), "is a device"),
    ]:
        with pytest.raises(HostileError, match=why):
            unpack(make())
    bomb = tmp_path / "b.gz"
    bomb.write_bytes(gzip.compress(b"0" * 50_000_000))
    with pytest.raises(HostileError, match="times its size"):
        unpack(bomb)
    many = packed(tmp_path / "c.tar.gz", {f"{number}.tex": b"x" for number in range(30)})
    with pytest.raises(HostileError, match="more than 10 members"):
        unpack(many, limits=Limits(members=10))
    cut = tmp_path / "d.tar.gz"
    cut.write_bytes(many.read_bytes()[:100])
    with pytest.raises(HostileError, match="cannot be unpacked"):
        unpack(cut)


@pytest.mark.parametrize("read_file", [epub, docx])
def test_what_is_no_archive_is_told_to_be_none(read_file: Source, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(b"<html>An error page that was saved instead.</html>")
    with pytest.raises(HostileError, match="is no archive"):
        list(read_file(path, Document))
