"""Seed sets: cleaned in steps, cut from each other, read by any number of processes, kept or as shards."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import duckdb
import pytest
from conftest import Project

from factory.errors import StoreError
from factory.store.reader import answer

STEPS = {
    "labsteps/__init__.py": "",
    "labsteps/shout.py": '''
        """Writes in capitals, and counts letters."""
        from factory.plugins import Found, cleaner
        from factory.records import Document, Passage

        @cleaner(takes=(Document, Passage))
        def shout(item: Found) -> Found:
            """Writes in capitals, and counts letters."""
            return item.changed(text=item.seed.text.upper()).scored(letters=len(item.seed.text))
    ''',
    "labsteps/slow.py": '''
        """Takes its time."""
        import time
        from factory.plugins import Found, cleaner
        from factory.records import Document

        @cleaner(takes=Document)
        def slow(item: Found) -> Found:
            """Takes its time."""
            time.sleep(0.002)
            return item
    ''',
    "labsteps/no.py": '''
        """Leaves out what says no; trips over what says trip."""
        from factory.plugins import Drop, Found, cleaner
        from factory.records import Document, Passage

        @cleaner(takes=(Document, Passage))
        def no(item: Found, *, word: str = "no") -> Found | Drop:
            """Leaves out what says no; trips over what says trip."""
            words = item.seed.text.lower().split()
            if "trip" in words:
                raise ValueError("tripped")
            return Drop(f"says {word}", {"times": words.count(word)}) if word in words else item
    ''',
    "labsteps/first.py": '''
        """Keeps the seed of the least id for each first word, and mends one word in the others' company."""
        from collections.abc import Iterator
        from factory.plugins import Drop, Rewritten, SeedsInOrder, cleaner
        from factory.records import Document, Passage

        @cleaner(takes=(Document, Passage))
        class first:
            """Keeps the seed of the least id for each first word."""

            def choose(self, seeds: SeedsInOrder) -> Iterator[tuple[str, Drop | Rewritten]]:
                seen: dict[str, str] = {}
                assert len(seeds) == len(list(seeds))
                for member in seeds:
                    word = member.text.split()[0]
                    if word in seen:
                        yield member.seed_id, Drop("first word taken", {"by": seen[word]})
                    elif "TEH" in member.text.split():
                        yield member.seed_id, Rewritten(member.text.replace("TEH", "THE"), "teh mended")
                    seen.setdefault(word, member.seed_id)
    ''',
}
PAGE = "{0} begins this page. " + "Plain words follow so that there is enough to keep in it. " * 12


@pytest.fixture
def steps(project: Project) -> Project:
    """A project whose third party offers cleaners too, and a folder of pages."""
    for name, text in STEPS.items():
        project.plugin(name, text)
    entry = project.site / "lab-1.0.dist-info/entry_points.txt"
    entry.write_text(entry.read_text() + "\n[factory.cleaners]\nlab = labsteps\n")
    for number, word in enumerate(("ant", "bee", "ant", "cat", "dog", "no", "trip")):
        project.write(f"pages/{number}.txt", PAGE.format(word) + f"\nPage {number}.\n")
    return project


def catalog(project: Project, seeds: str, datasets: str = "{}") -> None:
    project.write("catalog.yaml", f"seeds:\n{seeds}\ndatasets: {datasets}\n")


PAGES = "  pages: {source: text, path: 'pages/*.txt', as: document, clean: [%s]%s}"


def test_steps_change_score_and_leave_out_and_sql_shows_where_seeds_went(steps: Project) -> None:
    catalog(steps, PAGES % ("lab.no, lab.shout, lab.first", ""))
    told = steps.factory("seeds", code=1)  # a seed that a step trips over is a failure, told and kept
    assert "says no (1)" in told
    assert "first word taken (1)" in told
    assert steps.query(
        "select step, seen, kept, dropped, changed, broken from seed_funnel order by position"
    ) == [
        ("source", 7, 7, 0, 0, 0),
        ("lab.no", 7, 5, 1, 0, 1),
        ("lab.shout", 5, 5, 0, 5, 0),
        ("lab.first", 5, 4, 1, 0, 0),
    ]
    assert steps.query("select stage, split(address, ' ')[1], error from failures") == [
        ("cleaner:lab.no", "pages/6.txt", "ValueError: tripped (no.py, line 10)")
    ]
    assert steps.query("select whole, reason, address, scores ->> 'times' from drops order by position") == [
        (False, "says no", "pages/5.txt", "1"),
        (True, "first word taken", *steps.query("select address, null from drops where whole")[0]),
    ]
    rows = steps.query("select content ->> 'text', (scores ->> 'letters')::int from sets.pages")
    assert len(rows) == 4
    assert all(text == text.upper() and letters > 100 for text, letters in rows)
    assert steps.query("select score, seeds from seed_scores") == [("letters", 4)]


@pytest.mark.parametrize("keep", ["store", "shards"])
def test_a_text_that_was_found_twice_is_one_seed_and_the_funnel_says_so(keep: str, steps: Project) -> None:
    (steps.folder / "pages/0.txt").rename(steps.folder / "pages/9.txt")
    steps.write("pages/8.txt", (steps.folder / "pages/9.txt").read_text())
    catalog(steps, PAGES % ("lab.shout, lab.first", f", keep: {keep}"))
    funnel = "select step, seen, kept, dropped from seed_funnel order by position"
    steps.factory("seeds")
    assert steps.query(funnel) == [
        ("source", 8, 8, 0),
        ("lab.shout", 8, 8, 0),
        ("exact_duplicates", 8, 7, 1),
        ("lab.first", 7, 6, 1),
    ]
    assert steps.query(
        "select address, reason, scores ->> 'at', left(excerpt, 10) from drops where step = 'exact_duplicates'"
    ) == [("pages/9.txt", "the same text was found before", "pages/8.txt", "ANT BEGINS")]
    assert steps.query("select seeds from seed_scores") == [(6,)]
    assert "the same text was found before (1)" in steps.factory("seeds")
    (steps.folder / "pages/9.txt").unlink()
    steps.factory("seeds")
    assert steps.query(funnel) == [("source", 7, 7, 0), ("lab.shout", 7, 7, 0), ("lab.first", 7, 6, 1)]


def test_several_steps_may_change_one_seed(steps: Project) -> None:
    catalog(steps, PAGES % ("lab.shout, lab.shout", ""))
    steps.factory("seeds")
    assert steps.query("select kept, changed, broken from seed_funnel where step = 'lab.shout'") == [
        (7, 7, 0),
        (7, 0, 0),
    ]


def test_a_second_reading_changes_nothing_and_a_new_page_is_judged_among_all(steps: Project) -> None:
    catalog(steps, PAGES % ("lab.shout, lab.first", ""))
    steps.factory("seeds")
    before = steps.query("from drops order by all"), steps.query("from origins order by all")
    assert "7 of 7 files unchanged" in steps.factory("seeds")
    assert (steps.query("from drops order by all"), steps.query("from origins order by all")) == before
    steps.write("pages/7.txt", PAGE.format("bee") + "\nPage 7.\n")
    (steps.folder / "pages/2.txt").unlink()
    steps.factory("seeds")
    assert steps.query("select count(*) from drops where reason = 'first word taken'") == [(1,)]
    assert steps.query("select lower(split(content ->> 'text', ' ')[1]) from sets.pages order by all") == [
        ("ant",),
        ("bee",),
        ("cat",),
        ("dog",),
        ("no",),
        ("trip",),
    ]


@pytest.mark.parametrize("keep", ["store", "shards"])
def test_what_steps_measured_is_shown_however_seeds_are_kept(steps: Project, keep: str) -> None:
    catalog(steps, PAGES % ("lab.shout, lab.first", f", keep: {keep}"))
    steps.factory("seeds")
    steps.factory("seeds")
    assert steps.query("select seed_set, score, seeds from seed_scores") == [("pages", "letters", 6)]
    with duckdb.connect(str(steps.folder / "build/factory.duckdb"), read_only=True) as store:
        assert store.execute("select count(*) from scored_seeds").fetchall() == [(6,)]


@pytest.mark.parametrize("keep", ["store", "shards"])
def test_a_step_over_the_whole_set_may_change_a_text(steps: Project, keep: str) -> None:
    steps.write("pages/8.txt", PAGE.format("owl") + "\nThis is teh end.\n")
    steps.write("pages/9.txt", PAGE.format("yak") + "\nThis is teh end too.\n")
    catalog(steps, PAGES % ("lab.shout, lab.first, lab.first", f", keep: {keep}"))
    steps.factory("seeds")
    told = "select count(*) from sets.pages where content ->> 'text' like '%THE END%' and address = 'pages/8.txt'"
    assert steps.query(told) == [(1,)]
    assert steps.query("select count(*) from sets.pages where content ->> 'text' like '%TEH%'") == [(0,)]
    assert steps.query("select reason, address from drops where address = 'pages/8.txt'") == [
        ("teh mended", "pages/8.txt")
    ]
    (steps.folder / "pages/8.txt").unlink()
    steps.factory("seeds")
    assert steps.query(told) == [(0,)]


def test_a_changed_step_reads_again_and_an_unchanged_one_does_not(steps: Project) -> None:
    catalog(steps, PAGES % ("lab.no", ""))
    steps.factory("seeds", code=1)
    catalog(steps, PAGES % ("{lab.no: {word: bee}}", ""))
    steps.factory("seeds", code=1)
    assert steps.query("select reason, address from drops") == [("says bee", "pages/1.txt")]
    assert steps.query("select count(*), count(distinct address) from origins where not withdrawn") == [
        (5, 5)
    ]


@pytest.mark.parametrize("keep", ["store", "shards"])
def test_passages_are_cut_from_documents_that_were_cleaned(steps: Project, keep: str) -> None:
    cut = "\n  parts: {from: pages, as: passage, with: {min_words: 20, max_words: 60}, clean: [lab.shout]}"
    catalog(
        steps,
        PAGES % ("lab.first", f", keep: {keep}") + cut,
        "{}",
    )
    steps.factory("seeds", "parts")
    assert steps.query("select count(distinct address), count(distinct parent) from sets.parts") == [(6, 6)]
    parents = "select count(*) from sets.parts p where parent in (select seed_id from sets.pages)"
    assert steps.query(parents) == steps.query("select count(*) from sets.parts")
    stored = steps.query("select count(*) from seeds where kind = 'document'")[0][0]
    assert stored == (7 if keep == "store" else 0)
    shards = steps.folder / "build/factory.seeds/pages"
    assert len(list(shards.glob("*.parquet"))) == (1 if keep == "shards" else 0)
    steps.write("pages/0.txt", PAGE.format("ape") + "\nPage 0 anew.\n")
    steps.factory("seeds", "parts")
    assert steps.query("select count(*) from sets.parts where content ->> 'text' like '%APE%'")[0][0] >= 1
    assert len(list(shards.glob("*.parquet"))) == (2 if keep == "shards" else 0)
    assert "files unchanged" in steps.factory("seeds", "parts")
    told = steps.factory("sql", "--format", "csv", "select count(distinct seed_id) from sets.pages")
    assert told.split()[-1] == "7"


@pytest.mark.parametrize("name", ["c", "v", "chosen"])
def test_a_seed_set_may_have_any_name(steps: Project, name: str) -> None:
    steps.write("pages/8.txt", PAGE.format("owl") + "\nThis is teh end.\n")
    catalog(steps, (PAGES % ("lab.shout, lab.first", "")).replace("pages:", f"{name}:"))
    steps.factory("seeds", code=0)
    ends = f"select count(*) from sets.{name} where content ->> 'text' like '%THE END%'"
    assert steps.query(ends) == [(1,)]
    assert steps.query("select distinct reason, excerpt[:3] from drops order by all") == [
        ("first word taken", "ANT"),
        ("teh mended", "OWL"),
    ]


@pytest.mark.parametrize("keep", ["store", "shards"])
def test_many_documents_of_one_file_are_cut_in_several_shards_the_same_on_any_number_of_workers(
    steps: Project, keep: str
) -> None:
    records = ({"text": PAGE.format(f"word{number}") * 20} for number in range(220))
    steps.write("many.jsonl", "".join(json.dumps(record) + "\n" for record in records))
    seeds = f"  many: {{source: jsonl, path: many.jsonl, as: document, keep: {keep}}}"
    seeds += "\n  parts: {from: many, as: passage, shard_mb: 1}"
    told = []
    for workers in ("1", "2"):
        catalog(steps, f"{seeds}\nstore: build/{workers}/factory.duckdb")
        steps.factory("seeds", "-w", workers)
        with duckdb.connect(str(steps.folder / f"build/{workers}/factory.duckdb"), read_only=True) as store:
            columns = "seed_number, seed_id, address, place, parent"
            told.append(
                store.execute(
                    f"select {columns} from origins join seeds using (seed_number)"
                    " where seed_set = 'parts' order by all"
                ).fetchall()
            )
            spans = store.execute(
                "select span, seeds > 0 from files where seed_set = 'parts' order by all"
            ).fetchall()
    assert told[0] == told[1]
    assert len({parent for *_, parent in told[0]}) == 220
    assert spans == [(f"{part}-{part + 1}", True) for part in range(4)]
    assert "4 of 4 files unchanged" in steps.factory("seeds", "parts")


def test_take_draws_the_same_documents_whatever_their_order(steps: Project) -> None:
    cut = "\n  few: {from: pages, take: 3, as: document}"
    catalog(steps, PAGES % ("", "") + cut)
    steps.factory("seeds", "few")
    expected = steps.query("select seed_id from sets.pages order by seed_id limit 3")
    assert steps.query("select seed_id from sets.few order by seed_id") == expected


def test_any_number_of_workers_gives_the_same_store(steps: Project) -> None:
    for number in range(600):
        steps.write(
            f"pages/many/{number:03}.txt", PAGE.format(f"word{number % 50}") + f"\nNumber {number}.\n"
        )
    seeds = "  pages: {source: text, path: 'pages/**/*.txt', as: document, clean: [lab.shout, lab.first]}"
    told = []
    for workers in ("1", "3"):
        catalog(steps, seeds + "\nstore: " + f"build/{workers}/factory.duckdb")
        steps.factory("seeds", "-w", workers)
        columns = "seed_number, seed_id, address, place, step, dropped"
        with duckdb.connect(str(steps.folder / f"build/{workers}/factory.duckdb"), read_only=True) as store:
            told.append(
                (
                    store.execute(
                        f"select {columns} from origins join seeds using (seed_number) order by all"
                    ).fetchall(),
                    store.execute("select seed_id, reason, position from drops order by all").fetchall(),
                )
            )
    assert told[0] == told[1]
    assert len(told[0][0]) == 607


def _files(store: Path) -> int:
    """Files that a running build has read."""
    try:
        return int(answer(store, "select count(*) as n from files").table["n"][0].as_py())
    except StoreError:
        return 0


def _cut_short(steps: Project, how: signal.Signals) -> int:
    """Ends a reading of 1,507 files in its midst; how many of them it had taken in."""
    for number in range(1500):
        steps.write(f"pages/many/{number:04}.txt", PAGE.format(f"word{number}"))
    catalog(steps, "  pages: {source: text, path: 'pages/**/*.txt', as: document, clean: [lab.slow]}")
    process = steps.start("seeds", "-w", "1")
    store = steps.folder / "build/factory.duckdb"
    for _ in range(1000):
        time.sleep(0.01)
        if store.exists() and _files(store) > 0:
            break
    process.send_signal(how)
    process.communicate(timeout=60)
    before: int = steps.query("select count(*) from files")[0][0]
    assert 0 < before < 1507
    return before


def test_a_reading_that_is_killed_goes_on_behind_its_last_shard(steps: Project) -> None:
    before = _cut_short(steps, signal.SIGKILL)
    assert f"{before:,} of 1,507 files unchanged" in steps.factory("seeds")
    assert steps.query("select count(*), count(distinct seed_id) from sets.pages") == [(1507, 1507)]
    assert steps.query("select sum(seen) from seed_funnel where position = 0") == [(1507,)]


@pytest.mark.parametrize(
    ("seeds", "fault"),
    [
        (
            "  pages: {source: text, path: 'pages/*.txt', as: document, clean: [lab.nay]}",
            "did you mean 'lab.no'",
        ),
        (
            "  pages: {source: text, path: 'pages/*.txt', as: document, clean: [{lab.no: {wurd: x}}]}",
            "did you mean 'word'",
        ),
        (
            "  pages: {source: text, path: 'pages/*.txt', as: document, clean: [lab.first, lab.no]}",
            "put it before",
        ),
        ("  pages: {path: 'pages/*.txt', as: document}", "needs 'source:' and 'path:'"),
        ("  pages: {from: others, as: passage}", "no seed set is called 'others'"),
        ("  a: {from: b, as: document}\n  b: {from: a, as: document}", "is a circle"),
        (
            "  q: {source: jsonl, path: 'q.jsonl', as: question}\n  pages: {from: q, as: passage}",
            "only documents can be cut",
        ),
        ("  pages: {source: text, path: 'pages/*.txt', as: document, take: 3}", "it needs 'from:'"),
    ],
)
def test_a_fault_in_a_seed_set_is_named_with_its_mend(steps: Project, seeds: str, fault: str) -> None:
    catalog(steps, seeds)
    told = steps.factory("seeds", code=1)
    assert fault in told
    assert "catalog.yaml:" in told


def test_a_dataset_over_shards_is_told_to_draw_from_them(steps: Project) -> None:
    catalog(
        steps,
        PAGES % ("", ", keep: shards"),
        "{rewritten: {seeds: pages, generator: rewrite.textbook}}",
    )
    assert "from: pages, take: 10000" in steps.factory("build", code=1)


@pytest.mark.parametrize("keep", ["store", "shards"])
def test_whole_documents_are_exported_as_they_stand_with_licence_and_steps(steps: Project, keep: str) -> None:
    seeds = PAGES % ("lab.no", f", keep: {keep}, licence: CC0-1.0")
    catalog(steps, seeds + "\nmixtures: {organic: {web: {select: 'seeds:pages', share: 1.0}}}")
    assert "run 'factory build' first" in steps.factory("export", "organic", code=1)
    steps.factory("seeds", code=1)
    steps.factory("export", "organic")
    folder = steps.folder / "build/snapshots/organic"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["licences"] == {"CC0-1.0": 5}
    assert manifest["seed_sets"]["pages"]["steps"][1] == {"step": "lab.no", "seen": 7, "kept": 5}
    rows = duckdb.sql(f"select text, dataset from '{folder}/data/text-*.parquet'").fetchall()
    assert len(rows) == 5
    assert {dataset for _, dataset in rows} == {"seeds:pages"}
    assert all("begins this page" in text for text, _ in rows)


def test_a_setting_that_spoils_the_cutting_of_documents_is_told_at_once(steps: Project) -> None:
    catalog(steps, PAGES % ("", "") + "\n  parts: {from: pages, as: passage, with: {tokenizer: none.json}}")
    told = steps.factory("seeds", code=1)
    assert "error: there is no tokenizer none.json" in told
    assert "Traceback" not in told


def test_datasets_are_selected_by_the_seed_set_that_they_stand_on(steps: Project) -> None:
    cut = "\n  parts: {from: pages, as: passage, with: {min_words: 20}}"
    catalog(steps, PAGES % ("", "") + cut, "{a: {seeds: parts, generator: rewrite.textbook, limit: 1}}")
    told = steps.factory("build", "-s", "pages+")
    assert steps.query("select dataset from datasets") == [("a",)], told
    assert "did you mean 'pages'" in steps.factory("build", "-s", "page+", code=1)


def test_stores_in_one_folder_leave_each_others_shards_alone_and_all_other_files(steps: Project) -> None:
    notes = [steps.write("seeds/.git/notes", "mine"), steps.write("seeds/pages/rows.parquet", "mine")]
    catalog(steps, PAGES % ("lab.first", ", keep: shards"))
    text = (steps.folder / "catalog.yaml").read_text()
    for store, word in (("one", "elk"), ("two", "fox"), ("one", "gnu")):
        steps.write(f"pages/{word}.txt", PAGE.format(word))
        steps.write("catalog.yaml", f"store: {store}.duckdb\n{text}")
        steps.factory("seeds")
    count = "select count(*) as pages from sets.pages"
    assert "9" in steps.factory("sql", "--format", "csv", count).split()
    steps.write("catalog.yaml", f"store: two.duckdb\n{text}")
    assert "8" in steps.factory("sql", "--format", "csv", count).split()
    assert all(note.read_text() == "mine" for note in notes)


def test_shards_of_an_earlier_version_are_made_anew(steps: Project) -> None:
    catalog(steps, PAGES % ("lab.first", ", keep: shards"))
    steps.factory("seeds")
    pages = steps.query("select seed_id, address from sets.pages order by all")
    with duckdb.connect(str(steps.folder / "build/factory.duckdb")) as connection:
        connection.execute("update meta set version = 5; drop table skips")
    (steps.folder / "build/factory.seeds").rename(steps.folder / "build/seeds")
    steps.factory("seeds")
    assert steps.query("select seed_id, address from sets.pages order by all") == pages


def test_a_reading_that_is_stopped_keeps_what_it_read_and_goes_on(steps: Project) -> None:
    before = _cut_short(steps, signal.SIGINT)
    assert steps.query("select status from builds") == [("interrupted",)]
    assert f"{before:,} of 1,507 files unchanged" in steps.factory("seeds")
    assert steps.query("select count(*), count(distinct seed_id) from sets.pages") == [(1507, 1507)]
