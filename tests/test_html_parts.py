"""Code, formulas and tables of pages: each comes out as its author meant it, in Markdown."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory.seeds.html import Block, Page, extract, markdown

PAGES = Path(__file__).parent.parent / "examples" / "pages"
FILLER = "<p>" + "The harbour was quiet that morning, and the boats lay still on the water. " * 6 + "</p>"


def page(name: str) -> tuple[bytes, Page]:
    raw = (PAGES / name).read_bytes()
    return raw, extract(raw)


def only(html: str, kind: str) -> Block:
    blocks = [block for block in extract(html).blocks if block.kind == kind]
    assert len(blocks) == 1, blocks
    return blocks[0]


# ------------------------------------------------------------------------------------------------ code


def test_code_keeps_its_lines_and_indentation() -> None:
    block = only("<pre>def f(x):\n    if x:\n\n        return 1\n    return 2\n</pre>" + FILLER, "code")
    assert block.text == "def f(x):\n    if x:\n\n        return 1\n    return 2"
    assert block.language == "python"


def test_the_spans_of_a_highlighter_and_its_line_numbers_go() -> None:
    html = """<div class="highlight-c"><table class="highlighttable"><tr>
        <td class="linenos"><pre>1
2</pre></td><td class="code"><div><pre><span class="kt">int</span> <span class="n">x</span>;
  <span class="lineno">2</span><span class="k">return</span> x;</pre></div></td></tr></table></div>"""
    assert only(html + FILLER, "code").text == "int x;\n  return x;"


def test_line_breaks_and_line_elements_within_code_are_lines() -> None:
    assert only("<pre>a = 1<br>b = 2<br/>  c</pre>" + FILLER, "code").text == "a = 1\nb = 2\n  c"
    divided = "<pre><div>first line</div><div>  second line</div></pre>"
    assert only(divided + FILLER, "code").text == "first line\n  second line"


@pytest.mark.parametrize(
    ("html", "language"),
    [
        ('<pre><code class="language-rust">fn main() {}</code></pre>', "rust"),
        ('<div class="highlight-python3 notranslate"><div><pre>x</pre></div></div>', "python"),
        ('<pre class="sourceCode haskell">main = pure ()</pre>', "haskell"),
        ('<pre class="brush: sh; gutter: false">ls -l</pre>', "bash"),
        ("<pre>&gt;&gt;&gt; 1 + 1\n2</pre>", "pycon"),
        ("<pre>some words that are no program</pre>", ""),
    ],
)
def test_the_language_of_code_is_read_where_it_is_written(html: str, language: str) -> None:
    assert only(html + FILLER, "code").language == language


def test_a_fence_is_longer_than_any_fence_within() -> None:
    text = markdown([only("<pre>```\ninner\n```</pre>" + FILLER, "code")])
    assert text == "````\n```\ninner\n```\n````"


def test_the_code_of_the_python_documentation_survives_to_the_letter() -> None:
    _, read = page("python/functional.html")
    generator = ">>> def generate_ints(N):\n...    for i in range(N):\n...        yield i"
    assert any(generator in block.text and block.language == "pycon" for block in read.blocks)


# -------------------------------------------------------------------------------------------- formulas


@pytest.mark.parametrize(
    "html",
    [
        r'<math><mi>x</mi><annotation encoding="application/x-tex">x^{2}+y</annotation></math>',
        r'<script type="math/tex">x^{2}+y</script>',
        r'<span class="MathJax_Preview">x2+y</span><script type="math/tex">x^{2}+y</script>',
        r'<math alttext="x^{2}+y"><msup><mi>x</mi><mn>2</mn></msup></math>',
        r'<span class="katex"><math><annotation encoding="application/x-tex">x^{2}+y</annotation></math>'
        r'<span class="katex-html" aria-hidden="true">x2+y</span></span>',
        r'<img class="tex" alt="x^{2}+y" src="a.png">',
        r'<img class="math" alt="x^{2}+y" src="a.png">',
        r'<img src="https://example.org/latex.php?latex=x%5E%7B2%7D%2By&amp;bg=fff">'.replace(
            "&amp;bg=fff", ""
        ),
        r"\(x^{2}+y\)",
        r"[tex]x^{2}+y[/tex]",
    ],
)
def test_every_carrier_of_inline_tex_becomes_dollars(html: str) -> None:
    text = extract(f"<p>We look at {html} here.</p>{FILLER}").markdown
    assert text.startswith("We look at $x^{2}+y$ here.")


@pytest.mark.parametrize(
    "html",
    [
        r'<script type="math/tex; mode=display">\int_0^1 f</script>',
        r'<math display="block" alttext="\int_0^1 f"><mi>f</mi></math>',
        r'<div class="math">\[\int_0^1 f\]</div>',
        r"<p>$$\int_0^1 f$$</p>",
        r'<div class="math"><p><img alt="\int_0^1 f" src="a.png"></p></div>',
    ],
)
def test_every_carrier_of_displayed_tex_becomes_a_block(html: str) -> None:
    block = only(FILLER + html, "math")
    assert block.text == r"\int_0^1 f"
    assert markdown([block]) == r"$$\int_0^1 f$$"


def test_money_is_no_formula() -> None:
    assert extract(f"<p>It costs $5, not $10.</p>{FILLER}").markdown.startswith("It costs $5, not $10.")


def test_the_formulas_of_real_pages_are_there_between_dollars() -> None:
    assert r"$$I(a,b)=\int_{0}^{1} ax^2+b \, dx.$$" in page("scipy/integrate.html")[1].markdown
    assert r"$F_{i}$" in page("sympy/finite_diff_derivatives.html")[1].markdown


# ---------------------------------------------------------------------------------------------- tables


def test_a_table_is_markdown_with_one_line_a_row() -> None:
    html = """<table><caption>Sizes</caption><thead><tr><th>Name</th><th>Bytes</th></tr></thead>
    <tbody><tr><td><code>int2</code></td><td>2</td></tr><tr><td>a|b</td><td>4</td></tr></tbody></table>"""
    block = only(html + FILLER, "table")
    assert markdown([block]) == "Sizes\n\n| Name | Bytes |\n| --- | --- |\n| `int2` | 2 |\n| a\\|b | 4 |"


def test_spans_are_resolved_and_every_row_has_as_many_cells() -> None:
    html = """<table><tr><th rowspan=2>Year</th><th colspan=2>Rain</th></tr><tr><th>May</th><th>June</th></tr>
    <tr><td>2001</td><td>3</td><td>4</td></tr><tr><td>2002</td><td colspan=2>none</td></tr></table>"""
    grid = only(html + FILLER, "table").grid
    assert grid is not None
    assert [[cell.text for cell in row] for row in grid.rows] == [
        ["Year", "Rain", "Rain"],
        ["Year", "May", "June"],
        ["2001", "3", "4"],
        ["2002", "none", "none"],
    ]
    assert grid.headers == 2


def test_absurd_spans_are_bounded() -> None:
    html = "<table><tr><th>a</th><th>b</th></tr>" + "<tr><td colspan=99999999 rowspan=99999>x</td></tr>" * 50
    assert len(extract(html + "</table>" + FILLER).markdown) < 100_000


def test_a_layout_table_is_read_as_if_it_were_not_there() -> None:
    html = f"""<table><tr><td><a href=1>One</a> <a href=2>Two</a> <a href=3>Three</a></td>
    <td><h1>Title</h1>{FILLER}<table><tr><th>k</th><th>v</th></tr><tr><td>1</td><td>2</td></tr></table></td>
    </tr></table>"""
    kinds = [block.kind for block in extract(html).blocks]
    assert kinds.count("table") == 1
    assert kinds.index("heading") < kinds.index("paragraph") < kinds.index("table")


def test_code_in_the_cells_of_a_table_of_data_stays_there_with_its_lines_and_spaces() -> None:
    html = """<table><tr><th>Field</th><th>What it holds</th><th>Example</th></tr>
    <tr><td>a</td><td>What was found first, and where.</td><td><pre>{\n  "a|b": 1\n}</pre></td></tr>
    <tr><td>b</td><td>What was found then, and when.</td><td><pre>2</pre></td></tr></table>"""
    lines = markdown([only(html + FILLER, "table")]).splitlines()
    assert lines[2].endswith(r"""| `{`<br>`  "a\|b": 1`<br>`}` |""") and lines[3].endswith("| `2` |")
    rows = "".join(f"<tr><td>{name}</td><td><pre>{name} x</pre></td></tr>" for name in ("apt", "brew"))
    assert "| brew | `brew x` |" in extract(f"<table>{rows}</table>{FILLER}").markdown


@pytest.mark.parametrize(
    "html",
    [
        "<table><tr><th>Before</th><th>After</th></tr><tr><td><pre>{0}</pre></td><td><pre>{1}</pre></td></tr></table>",
        "<table><tr><td>Before</td><td><pre>{0}</pre></td></tr><tr><td>After</td><td><pre>{1}</pre></td></tr></table>",
        "<table><tr><td><h3>Before</h3><pre>{0}</pre></td><td><p>After</p><pre>{1}</pre></td></tr></table>",
    ],
)
def test_code_that_a_table_only_lays_out_stands_by_itself_beside_all_its_words(html: str) -> None:
    code = "a = 1\nb = 2", "for one in two:\n    three(one)"
    blocks = extract(html.format(*code) + FILLER).blocks
    assert [block.text for block in blocks if block.kind == "code"] == list(code)
    assert {"Before", "After"} <= {block.text for block in blocks}


def test_a_column_of_numbers_of_posts_makes_no_posts() -> None:
    rows = "".join(
        f'<tr><td>Talk of boats {n}</td><td class="topics">{n}</td><td class="posts">{n}45</td></tr>'
        for n in "123"
    )
    head = '<tr><th>Forum</th><th class="topics">Topics</th><th class="posts">Posts</th></tr>'
    assert "| Talk of boats 2 | 2 | 245 |" in extract(f"<table>{head}{rows}</table>{FILLER}").markdown


def test_the_tables_of_the_postgresql_documentation_are_whole() -> None:
    text = page("postgresql/datatype-numeric.html")[1].markdown
    assert "| `smallint` | 2 bytes | small-range integer | -32768 to +32767 |" in text
