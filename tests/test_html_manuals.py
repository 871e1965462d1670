"""The extractor on manuals: navigation however large, declarations, notes of versions, and tables of every make."""

from __future__ import annotations

import pytest

from factory.seeds.html import Block, extract

PROSE = "The harbour was quiet that morning, and the boats lay still on the water. "
FILLER = f"<p>{PROSE * 6}</p>"
PATHS = [f"reference/api/package.module.Function{number}.html" for number in range(80)]
TREE = "".join(f'<li><a href="{path}">{path.removesuffix(".html")}</a></li>' for path in PATHS)


def texts(html: str) -> list[str]:
    return [block.text for block in extract(html).blocks]


def table(html: str) -> Block:
    (block,) = [block for block in extract(html).blocks if block.kind == "table"]
    return block


def rows(html: str) -> list[list[str]]:
    grid = table(html).grid
    assert grid is not None
    return [[cell.text for cell in row if not cell.repeated] for row in grid.rows]


# ------------------------------------------------------------------------------------------------ frame


def test_the_tree_of_all_pages_goes_though_it_is_many_times_as_long_as_the_page() -> None:
    short = "<h1>Function7</h1><p>Returns the square of its argument, which must be a number: 9 for 3.</p>"
    more = "<p>Raises an error where the argument is none, and names it there, with its type.</p>"
    for frame in ("<nav>{}</nav>", '<div role="navigation">{}</div>', '<div class="doc-sidebar">{}</div>'):
        html = frame.format(f"<ul>{TREE}</ul>") + f"<main>{short}{more}{FILLER[:200]}</p></main>"
        said = " ".join(texts(html))
        assert "the square of its argument" in said and "package.module" not in said


def test_tables_of_links_in_a_bar_of_navigation_go_with_it_though_the_page_is_short() -> None:
    menus = "".join(
        f'<tr><td><a href="{path}">{path.removesuffix(".html")}</a> (new)</td></tr>' for path in PATHS[:20]
    )
    bar = f'<div class="t-navbar"><div>Library</div><table>{menus}</table></div>'
    functions = '<table><tr><td><a href="/size">size</a></td><td>tells how many there are</td></tr></table>'
    said = extract(f"<main><div>{bar}<p>{STEP}</p><p>{STEP} {STEP}</p>{functions}</div></main>").markdown
    assert "Function7" not in said and "tells how many there are" in said


def test_a_table_of_links_is_the_content_of_a_page_that_says_nothing_else() -> None:
    assert "Function7" in " ".join(texts(f"<nav><ul>{TREE}</ul></nav>"))


STEP = "Press the button at the back for five seconds until the lamp turns green, then let it go at once."


@pytest.mark.parametrize(
    "around",
    [
        '<div id="feedback-thumbs"><p>Did it help? - No</p><p>If you have a moment, tell us what to mend.</p></div>',
        '<div class="article-survey"><p>We should like to know what you think of this page. </p></div>',
        '<p class="page-note nocontent">Except as noted, all of this is licensed to you.</p>',
        '<div class="printfooter">Retrieved from "https://wiki.example.org/index.php?oldid=41"</div>',
        "<p>Last updated on March 3, 2024 by the editors</p>",
        "<div>This page was last modified 9 months ago</div>",
        "<p>Zuletzt geändert am 3. März 2024</p>",
        '<div><a href="/a">❮ Previous</a><a href="/b">Next ❯</a></div>',
        '<p>Also read: <a href="/lamp">All that you should know of lamps, and of what they are for</a></p>',
        "<p>Did this answer your question? Thanks for your feedback!</p>",
        '<p>Still need help? <a href="/contact">Contact us</a></p>',
        '<section><h3>Feedback</h3><p>Please <a href="/edit">send</a> us what you would say.</p></section>',
        "<div><h3>User Contributed Notes</h3><p>On old ones the lamp stays dark until it is dry.</p></div>",
    ],
)
def test_what_stands_below_a_short_page_of_help_and_is_said_of_the_page_goes(around: str) -> None:
    html = f"<main><article><h1>How to start it again</h1><p>{STEP}</p><p>{STEP} {STEP}</p></article>{around}</main>"
    assert texts(html) == ["How to start it again", STEP, f"{STEP} {STEP}"]


def test_a_table_of_files_beside_the_only_article_is_none_of_it() -> None:
    files = "".join(f"<tr><td>file{number}.py</td><td>Mend the gate</td></tr>" for number in range(9))
    table = f"<table><tr><th>Name</th><th>Last change</th></tr>{files}</table>"
    readme = f"<article><h1>Gate</h1>{FILLER}<h2 id='user-content-author'>Author</h2><p>{STEP}</p></article>"
    said = texts(f"<main><div><h2>Files</h2>{table}</div><div>{readme}</div></main>")
    assert said[0] == "Gate" and "Author" in said and not any("file3.py" in text for text in said)


def test_a_button_behind_the_words_of_a_heading_is_no_part_of_it() -> None:
    heading = "<h1>Struct <b>Harbour</b> <button>Copy item path</button></h1>"
    folded = f"<h2><button>1. Boats</button></h2>{FILLER}"
    said = texts(f"<main>{heading}{FILLER}{folded}</main>")
    assert said[0] == "Struct Harbour" and "1. Boats" in said


# ------------------------------------------------------------------------------------------------ links


def test_a_list_whose_class_says_that_it_is_one_stays_however_short() -> None:
    items = "".join(
        f'<li class="lists_listItem">{item}</li>' for item in ("Data type: String.", "Default: None.")
    )
    said = texts(f'<main>{FILLER}<h4>Summary</h4><ul class="lists_listRoot">{items}</ul>{FILLER}</main>')
    assert said[2:4] == ["Data type: String.", "Default: None."]


def test_links_with_words_between_them_are_no_navigation() -> None:
    links = "".join(
        f'<li><a href="/{word}">{word * 3}</a> of {word}</li>' for word in ("alpha", "beta", "gamma")
    )
    refer = (
        '<p>See also: <a href="/a">polynomials</a>, <a href="/b">matrices</a>, <a href="/c">roots</a>.</p>'
    )
    said = " ".join(texts(f"<main>{FILLER}<ul>{links}</ul>{refer}{FILLER}</main>"))
    assert "alphaalphaalpha of alpha" in said and "See also: polynomials, matrices, roots." in said


def test_a_list_of_links_stays_where_words_announce_it() -> None:
    links = "".join(f'<li><a href="/{word}">{word}</a></li>' for word in ("strings", "hashes", "streams"))
    main = "<main>{}{}<ul>{}</ul>{}</main>"
    assert "- hashes" in extract(main.format(FILLER, "<p>There are three types:</p>", links, FILLER)).markdown
    assert "hashes" not in extract(main.format(FILLER, "<p>Elsewhere</p>", links, FILLER)).markdown


def test_a_declaration_stays_though_its_types_are_links() -> None:
    types = '<a href="/a">Mapping</a>&lt;<a href="/b">Identifier</a>, <a href="/c">Declaration</a>&gt;'
    for made in (
        f"<section><h4>fn declarations() -&gt; {types}</h4></section>",
        f'<div class="member-signature">abstract {types} declarations()</div>',
        f"<div><code>abstract {types} declarations()</code></div>",
    ):
        said = " ".join(texts(f"<main>{FILLER}{made}{FILLER}</main>"))
        assert "Mapping<Identifier, Declaration>" in said and "declarations()" in said


# ------------------------------------------------------------------------------------------------ names


def test_the_id_of_a_name_that_is_defined_says_nothing_of_its_place() -> None:
    html = f"""<main>{FILLER}<dl><dt id="index-share">share (x)</dt><dd>{PROSE}</dd>
        <dt id="frame.sidebar">sidebar</dt><dd>Its side.</dd></dl>
        <section id="date"><h3>5.6.15. Date</h3><p>The day.</p></section>{FILLER}</main>"""
    said = texts(html)
    assert {"share (x)", "sidebar", "5.6.15. Date", "The day."} <= set(said)


def test_comments_that_nobody_signed_explain_what_is_declared() -> None:
    unsigned = f'<h3>close()</h3><div class="tsd-comment"><p>Closes the file. {PROSE}</p></div>'
    assert "Closes the file." in " ".join(texts(f"<main><h1>File</h1>{FILLER}{unsigned * 3}</main>"))
    signed = f'<div class="comment"><b class="author">Ann</b><p>Nice article! {PROSE}</p></div>'
    assert "Nice article" not in " ".join(texts(f"<main><h1>Harbour</h1>{FILLER}{signed * 3}</main>"))


def test_in_which_version_a_function_changed_is_no_byline() -> None:
    changed = """<div class="api_metadata"><details><summary>History</summary><table>
        <tr><th>Version</th><th>Changes</th></tr><tr><td>v2.0</td><td>Takes a path.</td></tr>
        <tr><td>v1.0</td><td>Added.</td></tr></table></details></div>
        <div class="api_metadata"><span>Added in: v0.3.4</span></div>"""
    html = f"<main><h1>Files</h1>{FILLER}{changed}{FILLER}</main>"
    assert rows(html)[1:] == [["v2.0", "Takes a path."], ["v1.0", "Added."]]
    assert "Added in: v0.3.4" in texts(html)


def test_what_is_said_again_of_something_else_is_no_repeat() -> None:
    note = f"<p>Throws an error where the argument is none. {PROSE * 2}</p>"
    html = f"<main>{FILLER}<h2>open</h2>{note}<h2>close</h2>{note}</main>"
    assert sum(text.startswith("Throws") for text in texts(html)) == 2
    assert sum(text.startswith("Throws") for text in texts(html.replace("close", "open"))) == 1


def test_declarations_without_a_word_below_them_stand_at_the_end() -> None:
    fields = "".join(f"<h4>public int field{number}</h4>" for number in range(5))
    said = texts(f"<main>{FILLER}<h3>Fields</h3>{fields}</main>")
    assert said[-2:] == ["public int field3", "public int field4"]
    teasers = "".join(f'<h4>Mouse {number}</h4><div class="share">Share</div>' for number in range(5))
    assert not [text for text in texts(f"<main>{FILLER}<h3>More</h3>{teasers}</main>") if "Mouse" in text]


def test_links_to_the_source_of_a_declaration_go() -> None:
    marks = """<a href="_modules/x.html#open"><span class="viewcode-link">[source]</span></a>
        <a class="src" href="../x.rs.html">Source</a><a class="link" href="src/X.html#open">Source</a>
        <a class="anchor" href="#open">§</a>"""
    html = f"<main>{FILLER}<h3>open(path) {marks}</h3><p>The <a href='/energy'>source</a> of it.</p></main>"
    assert texts(html)[1:] == ["open(path)", "The source of it."]


# ------------------------------------------------------------------------------------------------ tables


def test_a_heading_over_rows_is_a_row_of_its_table() -> None:
    html = f"""{FILLER}<table><tr><td colspan="2"><h2>Public functions</h2></td></tr>
        <tr><td>int</td><td>size () const</td></tr><tr><td>void</td><td>clear ()</td></tr></table>"""
    assert rows(html) == [["Public functions"], ["int", "size () const"], ["void", "clear ()"]]


def test_below_a_header_cells_may_hold_lists_paragraphs_and_long_texts() -> None:
    steps = "".join(f"<li>Step {number}: {PROSE}</li>" for number in range(6))
    inner = "<table><tr><td>a</td><td>b</td></tr></table>"
    html = f"""{FILLER}<table><thead><tr><th>Option</th><th>Meaning</th></tr></thead>
        <tr><td>steps</td><td><ul>{steps}</ul></td></tr><tr><td>long</td><td>{PROSE * 12}</td></tr>
        <tr><td>pair</td><td>{inner}</td></tr></table>"""
    assert [row[0] for row in rows(html)] == ["Option", "steps", "long", "pair"]
    assert all(line.count("|") == 3 for line in extract(html).markdown.split("\n") if line.startswith("|"))


def test_a_table_without_a_header_whose_cells_are_parts_of_a_page_is_none() -> None:
    columns = f"<tr><td><h3>Left</h3>{FILLER}</td><td><h3>Right</h3>{FILLER}</td></tr>"
    kinds = [block.kind for block in extract(f"<table>{columns * 3}</table>").blocks]
    assert "table" not in kinds and "heading" in kinds


# ------------------------------------------------------------------------------------------------ code


def test_code_whose_lines_are_elements_is_code_without_a_pre() -> None:
    fragment = """<div class="fragment"><div class="line"><span class="keyword">if</span> (open) {</div>
<div class="line">    <span class="comment">// the last one</span></div><div class="line">    close();</div>
<div class="line">}</div></div>"""
    highlighted = """<div class="syntaxhighlighter"><table><tr><td class="gutter"><div class="line">1</div>
        <div class="line">2</div></td><td class="code"><div class="container"><div class="line"><code>if</code>
        <code>open:</code></div><div class="line"><code>&nbsp;&nbsp;</code><code>close()</code></div></div></td></tr>
        </table></div>"""
    said = extract(f"<main>{FILLER}{fragment}{FILLER}{highlighted}</main>").blocks
    codes = [block.text for block in said if block.kind == "code"]
    assert codes[0] == "if (open) {\n    // the last one\n    close();\n}"
    assert codes[1].split("\n")[-1] == "  close()" and not [block for block in said if block.text in "12"]


def test_lines_of_code_that_are_elements_and_end_in_a_break_are_one_line_each() -> None:
    lines = "".join(f'<div class="cm-line">{line}<br></div>' for line in ("if open:", "", "    close()"))
    (code,) = (
        block for block in extract(f"{FILLER}<pre><code>{lines}</code></pre>").blocks if block.kind == "code"
    )
    assert code.text == "if open:\n\n    close()"


# ------------------------------------------------------------------------------------------------ scripts


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("about 10<sup>6</sup> ships", "about 10^6 ships"),
        ("1.5 × 10<sup>-3</sup> m/s<sup>2</sup>", "1.5 × 10^-3 m/s^2"),
        ("below 2<sup>32</sup>", "below 2^32"),
        ("<i>x</i><sup>2</sup> on 3 km<sup>2</sup>", "x^2 on 3 km^2"),
        ("x<sub>i</sub> and x<sub>i+1</sub>", "x_i and x_{i+1}"),
        ("H<sub>2</sub>O and CO<sub>2</sub>", "H2O and CO2"),
        ("the 1<sup>st</sup> for $699<sup>99</sup>", "the 1st for $69999"),
        ("the harbour<sup>1</sup> in 1998<sup>2</sup>", "the harbour[1] in 1998[2]"),
    ],
)
def test_powers_indices_and_unlinked_marks_of_notes_are_told_from_digits(html: str, text: str) -> None:
    assert text in texts(f"<main>{FILLER}<p>{html}</p></main>")
    grid = f"<table><tr><th>a</th><th>b</th></tr><tr><td>{html}</td><td>1</td></tr></table>"
    assert rows(FILLER + grid)[1][0] == text


def test_the_days_of_releases_stay_and_that_of_a_page_goes() -> None:
    releases = "".join(
        f'<section><h2>Version 2.{n}</h2><p class="date">2023-0{n}-14</p><ul><li>Reads kind {n}.</li></ul></section>'
        for n in range(1, 5)
    )
    text = extract(f"<body><main><h1>Releases</h1>{releases}</main></body>").markdown
    assert all(f"2023-0{n}-14" in text for n in range(1, 5))
    told = "Version three reads files that are larger than the memory of the machine it runs on. " * 4
    page = f'<body><main><h1>Version 3</h1><p class="date">2023-05-14</p><p>{told}</p></main></body>'
    assert "2023-05-14" not in extract(page).markdown
