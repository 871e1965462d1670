"""What a page says of itself, and formulas that carry no TeX."""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

import pytest

from factory.seeds.dates import is_day_first, iso_date
from factory.seeds.html import extract
from factory.seeds.html.mathml import of_element, tex_of
from factory.seeds.html.metadata import spdx

TEXT = (
    "<p>The tide that comes into a narrow bay is higher than the one outside of it, since the water rises.</p>"
    * 4
)


def about(head: str = "", body: str = "") -> tuple[str, ...]:
    """Title, author, date, site, licence and address of a page."""
    said = extract(f"<html><head>{head}</head><body><main>{body}{TEXT}</main></body></html>").metadata
    return said.title, said.author, said.date, said.site, said.licence, said.url


def test_json_ld_is_read_through_graphs_and_lists() -> None:
    graph = """<script type="application/ld+json">{"@graph": [{"@type": "WebSite", "name": "Bays"},
    {"@type": ["NewsArticle"], "headline": "Tides", "author": [{"name": "Ada Lund"}, {"name": "Ben"}],
     "datePublished": "2020-03-04T05:06:07+01:00", "publisher": {"name": "Bays"},
     "license": "https://creativecommons.org/licenses/by-sa/4.0/"}]}</script>"""
    assert about(graph) == ("Tides", "Ada Lund; Ben", "2020-03-04", "Bays", "CC-BY-SA-4.0", "")


def test_meta_and_link_elements_are_read() -> None:
    head = """<title>Tides | Bays</title><meta property="og:site_name" content="Bays">
    <meta name="author" content="By Ada Lund">
    <meta name="citation_publication_date" content="2019/7/2"><link rel="canonical" href="https://a.example/tides">
    <link rel="license" href="http://creativecommons.org/publicdomain/zero/1.0/">"""
    assert about(head) == ("Tides", "Ada Lund", "2019-07-02", "Bays", "CC0-1.0", "https://a.example/tides")


def test_microdata_bylines_and_times_serve_where_nothing_else_is() -> None:
    body = """<h1>Tides</h1><span class="byline">by Ada Lund</span><time datetime="2021-05-06T00:00">May 6</time>
    <a rel="license" href="https://creativecommons.org/licenses/by/3.0/">licence</a>"""
    assert about("<title>Tides – A site of bays</title>", body)[:3] == ("Tides", "Ada Lund", "2021-05-06")
    assert about("", body)[4] == "CC-BY-3.0"
    micro = '<h1>x</h1><p itemprop="author"><span itemprop="name">Ben Okafor</span></p>'
    assert about("", micro)[1] == "Ben Okafor"


def test_broken_json_ld_and_names_that_are_none_are_passed_over() -> None:
    head = '<script type="application/ld+json">{"@type": "Article", </script><meta name="author" content="admin">'
    assert about(head, '<a rel="author">Ada Lund</a>')[1] == "Ada Lund"
    assert about('<meta name="author" content="https://a.example/ada">')[1] == ""


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2020-03-04T05:06:07Z", "2020-03-04"),
        ("on 4 March 2020", "2020-03-04"),
        ("March 4th, 2020", "2020-03-04"),
        ("2020/3/4", "2020-03-04"),
        ("04.03.2020, 10:11", "2020-03-04"),
        ("发表于2020年3月4日", "2020-03-04"),
        ("2020. 3. 4", "2020-03-04"),
        ("4 марта 2020", "2020-03-04"),
        ("4. März 2020", "2020-03-04"),
        ("4 de marzo de 2020", "2020-03-04"),
        ("4 juillet 2020", "2020-07-04"),
        ("24-oct-2020, 10:11", "2020-10-24"),
        ("24. října 2020", "2020-10-24"),
        ("2020. márc. 4.", "2020-03-04"),
        ("4 tháng 3, 2020", "2020-03-04"),
        ("4 Ağustos 2020", "2020-08-04"),
        ("4 مارس 2020", "2020-03-04"),
        ("4 มีนาคม 2563 เวลา 10:11 น.", "2020-03-04"),
        ("18/03/2020", "2020-03-18"),
        ("3/18/2020", "2020-03-18"),
        ("04/03/2020", ""),
        ("10.4.3.2020", ""),
        ("4.3.20", ""),
        ("2020-13-45", ""),
        ("4 Frimaire 2020", ""),
    ],
)
def test_days_are_iso_8601_or_nothing(text: str, day: str) -> None:
    assert iso_date(text) == day


def test_numbers_that_stand_for_a_day_or_a_month_are_told_by_others_of_their_page() -> None:
    assert is_day_first(["04/03/2020", "18/03/2020"]) is True
    assert is_day_first(["03/18/2020"]) is False
    assert is_day_first(["04/03/2020"]) is None
    assert iso_date("04/03/2020", day_first=True) == "2020-03-04"
    assert iso_date("04/03/2020", day_first=False) == "2020-04-03"


def test_other_licences_stay_as_they_are() -> None:
    assert spdx("All rights reserved") == "All rights reserved"
    assert spdx("https://creativecommons.org/licenses/by-nc-nd/4.0/deed.de") == "CC-BY-NC-ND-4.0"


@pytest.mark.parametrize(
    ("markup", "tex"),
    [
        ("<mfrac><mi>a</mi><mi>b</mi></mfrac>", r"\frac{a}{b}"),
        ("<msqrt><mi>x</mi><mo>+</mo><mn>1</mn></msqrt>", r"\sqrt{x + 1}"),
        ("<mroot><mi>x</mi><mn>3</mn></mroot>", r"\sqrt[3]{x}"),
        ("<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>", "x_{i}^{2}"),
        ("<munderover><mo>∑</mo><mi>i</mi><mi>n</mi></munderover>", r"\sum_{i}^{n}"),
        ("<mover><mi>v</mi><mo>→</mo></mover>", r"\vec{v}"),
        ("<mi>sin</mi><mo>&#x2061;</mo><mi>α</mi><mo>≤</mo><mn>1</mn>", r"\sin \alpha \le 1"),
        ('<mi mathvariant="double-struck">R</mi>', r"\mathbb{R}"),
        ('<mfenced open="[" close="]"><mi>a</mi><mi>b</mi></mfenced>', r"\left[ a, b \right]"),
        (
            "<mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>0</mn></mtd></mtr></mtable>",
            r"\begin{matrix} 1 & 0 \end{matrix}",
        ),
        ("<msup><mrow><mo>(</mo><mi>a</mi><mo>)</mo></mrow><mn>2</mn></msup>", "{( a )}^{2}"),
        ("<msup><mi>f</mi><mo>′</mo></msup>", "f'"),
        ("<mtext>if even</mtext>", r"\text{if even}"),
        ("<mi>speed</mi>", r"\mathrm{speed}"),
        (
            '<semantics><mi>x</mi><annotation encoding="application/x-tex">\\xi</annotation></semantics>',
            r"\xi",
        ),
    ],
)
def test_mathml_becomes_tex(markup: str, tex: str) -> None:
    assert tex_of(of_element(fromstring(f"<math>{markup}</math>"))) == tex


def test_a_page_keeps_a_formula_that_carries_no_tex() -> None:
    formula = "<math><mfrac><mi>a</mi><mi>b</mi></mfrac></math>"
    page = extract(f"<body><main>{TEXT}<p>The ratio is {formula} at most.</p></main></body>")
    assert r"The ratio is $\frac{a}{b}$ at most." in page.markdown


def test_a_formula_of_any_depth_ends() -> None:
    deep = "<msqrt>" * 3000 + "<mi>x</mi>" + "</msqrt>" * 3000
    assert "narrow bay" in extract(f"<body>{TEXT}<math>{deep}</math></body>").markdown
