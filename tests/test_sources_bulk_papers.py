"""Papers as arXiv and PubMed Central give them: by number, in bulk, withdrawn, in parts, in sets."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import pytest
from seed_items import text_of

from factory.plugins import Broken, Found
from factory.records import Document
from factory.seeds.sources.jats import jats
from factory.seeds.sources.tex import tex


def tarred(path: Path, files: dict[str, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def paper(body: str, preamble: str = "") -> bytes:
    return rf"\documentclass{{article}}{preamble}\begin{{document}}{body}\end{{document}}".encode()


def markdown(body: str, folder: Path, preamble: str = "") -> str:
    path = folder / "2101.00001.gz"
    path.write_bytes(gzip.compress(paper(body, preamble)))
    return text_of(list(tex(path, Document, min_words=1)))


# ------------------------------------------------------------------------------------------- arXiv


def test_a_paper_of_one_file_is_read_whatever_its_number_makes_of_its_name(tmp_path: Path) -> None:
    for name in ("0704.0001.gz", "2101.00001v2.gz", "hep-th9901001.gz"):
        path = tmp_path / name
        path.write_bytes(gzip.compress(paper("Words of a paper.")))
        assert text_of(list(tex(path, Document, min_words=1))) == "Words of a paper."


def test_a_month_of_papers_is_read_paper_by_paper_and_those_without_tex_are_told(tmp_path: Path) -> None:
    project = tarred(tmp_path / "p.tar.gz", {"a.tex": paper(r"First, \input{b}"), "b.tex": b"in parts."})
    month = {
        "2101/2101.00001.gz": project.read_bytes(),
        "2101/2101.00002.pdf": b"%PDF-1.5 \0",
        "2101/2101.00003.gz": gzip.compress(b"%auto-ignore\nThis paper has been withdrawn."),
        "2101/2101.00004.gz": b"\x1f\x8bdamaged",
        "2101/2101.00005.gz": gzip.compress(paper("Second.")),
    }
    found = list(tex(tarred(tmp_path / "arXiv_src_2101_001.tar", month, "w:"), Document, min_words=1))
    kept = [(item.origin.place, item.seed.text) for item in found if isinstance(item, Found)]  # type: ignore[attr-defined]
    assert [(place.partition(":")[0], " ".join(text.split())) for place, text in kept] == [
        ("2101/2101.00001.gz", "First, in parts."),
        ("2101/2101.00005.gz", "Second."),
    ]
    broken = [item.origin.place for item in found if isinstance(item, Broken)]
    assert broken == ["2101/2101.00003.gz", "2101/2101.00004.gz"]


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("w.gz", gzip.compress(b"%PDF-1.4 \0", mtime=0), "withdrawn, or sent as PDF"),
        ("w.pdf", b"%PDF-1.4 \0", "source 'pdf'"),
        ("w2.gz", gzip.compress(b"This paper has been withdrawn.", mtime=0), "begins a TeX document"),
    ],
)
def test_a_withdrawn_paper_is_a_broken_record_that_says_so(
    name: str, content: bytes, why: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    (item,) = tex(path, Document)
    assert isinstance(item, Broken)
    assert why in item.error


def test_the_main_file_is_the_one_that_is_no_part_of_another_and_is_longest_with_its_parts(
    tmp_path: Path,
) -> None:
    part = rb"\documentclass[main]{subfiles}\begin{document}\section{Results}Many words.\end{document}"
    files = {
        "main.tex": paper(r"Start. \subfile{sec/results}\include{sec/method}"),
        "sec/results.tex": part,
        "sec/method.tex": b"Methods. " * 60,
        "supplement.tex": paper("Supplement. " * 20),
    }
    text = text_of(list(tex(tarred(tmp_path / "a.tar.gz", files), Document, min_words=1)))
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    assert text_of(list(tex(tmp_path / "main.tex", Document, min_words=1))) == text
    assert text.startswith("Start.\n\n## Results\n\nMany words.\n\nMethods.")
    assert "Supplement" not in text


@pytest.mark.parametrize(
    ("preamble", "body", "made"),
    [
        (r"\newcommand{\E}[2][P]{\mathbb{E}_{#1}[#2]}", r"$\E{X}+\E[Q]{Y}$", r"$\mathbb{E}_{P}[X]+\mathbb{E}_{Q}[Y]$"),
        (r"\newcommand\loss{\ensuremath{\mathcal{L}}\xspace}", r"the \loss falls, \loss.", r"the $\mathcal{L}$ falls, $\mathcal{L}$."),
        (r"\newcommand\loss{\ensuremath{L}}", r"$\loss^2$", "${L}^2$"),
        (r"\let\eps\varepsilon", r"$\eps>0$", r"$\varepsilon>0$"),
        (r"\let\old\phi\let\phi\varphi\let\varphi\old", r"$\phi\varphi$", r"$\varphi\phi$"),
        (r"\let\oldbf\mathbf\renewcommand{\mathbf}[1]{\oldbf{#1}}", r"$\mathbf{x}$", r"$\mathbf{x}$"),
        (r"\newcommand{\be}{\begin{equation}}\newcommand{\ee}{\end{equation}}", r"\be\label{a}a=b\ee", "$$\na=b\n$$"),
        (r"\newenvironment{eq}[1][x]{\begin{align}#1 &=}{\end{align}}", r"\begin{eq}[y]1\end{eq}", "$$\n\\begin{aligned}\ny &=1\n\\end{aligned}\n$$"),
        ("", r"see \url{http://a.b/c%20d} here \verb|5%| too", "see http://a.b/c%20d here `5%` too"),
        ("", "kept \\iffalse gone \\ifx a b c\\fi gone\\fi\n here, $a \\iff b$", "kept here, $a \\iff b$"),
        ("", "a \\textbf{forgotten brace\n\nThe rest of $x$.", "a **forgotten brace**\n\nThe rest of $x$."),
        ("", r"a rod of \SI{5}{\meter}", "a rod of 5 meter"),
        ("", r"\begin{algorithmic}[1]\STATE $x \gets 0$ \FOR{$i<n$} \STATE $x \gets i$ \ENDFOR\end{algorithmic}",
         "$x \\gets 0$\n**for** $i<n$\n$x \\gets i$\n**end**"),
        ("", r"$$a=b\eqno(1)$$", "$$\na=b\n$$"),
    ],
)  # fmt: skip
def test_what_authors_write_comes_out_as_it_would_be_read(
    preamble: str, body: str, made: str, tmp_path: Path
) -> None:
    text = markdown(body, tmp_path, preamble)
    assert "\n".join(line.strip() for line in text.split("\n")) == made


@pytest.mark.parametrize(
    "body", [r"\begin{verbatim}" * 20_000, r"\iffalse " * 20_000, r"\verb|" * 9_999, r"\SI{" * 9_999]
)
def test_a_paper_that_closes_nothing_ends(body: str, tmp_path: Path) -> None:
    assert isinstance(markdown(f"Words. {body}", tmp_path), str)


def test_authors_are_names_without_where_they_work(tmp_path: Path) -> None:
    path = tmp_path / "1.gz"
    names = (
        r"\author{Ada M\"uller\inst{1} \and José García\thanks{To whom to write.}\\ University of Nowhere}"
    )
    for said in (names, r"\author{Ada M\"uller}\affiliation{Here}\author{José García}"):
        path.write_bytes(gzip.compress(paper(r"\maketitle Words.", said)))
        (item,) = tex(path, Document, min_words=1)
        assert item.origin.author == "Ada Müller; José García"


# ------------------------------------------------------------------------------------------- PubMed Central

ARTICLE = """<article xmlns:xlink="http://www.w3.org/1999/xlink" xml:lang="en"><front><article-meta>
<title-group><article-title>Of <italic>E. coli</italic><xref ref-type="fn" rid="n">*</xref></article-title></title-group>
<pub-date pub-type="collection"><year>2020</year></pub-date>
<pub-date pub-type="epub"><day>4</day><month>5</month><year>2020</year></pub-date>
<abstract><p>Main words.</p></abstract><abstract abstract-type="graphical"><p>Picture words.</p></abstract>
<trans-abstract xml:lang="fr"><p>Mots.</p></trans-abstract></article-meta></front>
<body><sec><title>One</title><p>Shown [<xref ref-type="bibr" rid="a">1</xref>, <xref ref-type="bibr" rid="b">2</xref>]
and (<xref ref-type="bibr" rid="c">Doe, 1999</xref>), in f(x).</p>
<disp-formula-group><disp-formula><tex-math>\\begin{align} a &amp;= b \\end{align}</tex-math></disp-formula></disp-formula-group>
<preformat>two
  lines</preformat><statement><label>Lemma 1.</label><p>It holds.</p></statement></sec>
<sec><title>Supplement</title><supplementary-material><p>File.</p></supplementary-material></sec></body>
<floats-group><fig><caption><p>A floating figure.</p></caption></fig></floats-group></article>"""


def test_what_stands_around_an_article_stays_out_and_what_floats_stays_in(tmp_path: Path) -> None:
    path = tmp_path / "a.nxml"
    path.write_text(ARTICLE)
    (item,) = jats(path, Document, min_words=1)
    assert isinstance(item, Found)
    assert (item.origin.title, item.origin.date) == ("Of E. coli", "2020-05-04")
    assert item.seed.text == (  # type: ignore[attr-defined]
        "# Of *E. coli*\n\n## Abstract\n\nMain words.\n\n## One\n\nShown and, in f(x).\n\n"
        "$$\n\\begin{aligned} a &= b \\end{aligned}\n$$\n\n```\ntwo\n  lines\n```\n\n"
        "**Lemma 1.**\n\nIt holds.\n\nA floating figure."
    )


def test_articles_in_bulk_are_read_one_by_one_and_a_broken_one_is_told(tmp_path: Path) -> None:
    path = tmp_path / "oa_comm.tar.gz"
    tarred(
        path, {"1/PMC1.xml": ARTICLE.encode(), "1/PMC2.xml": b"<article><p>", "1/PMC3.xml": ARTICLE.encode()}
    )
    found = list(jats(path, Document, min_words=1))
    assert [type(item) for item in found] == [Found, Broken, Found]
    assert [item.origin.place.partition(":")[0] for item in found] == [
        "1/PMC1.xml",
        "1/PMC2.xml",
        "1/PMC3.xml",
    ]
    both = tmp_path / "set.xml"
    both.write_text(f"<pmc-articleset>{ARTICLE}{ARTICLE}</pmc-articleset>")
    places = [item.origin.place.partition(":")[0] for item in jats(both, Document, min_words=1)]
    assert places == ["article 1", "article 2"]
