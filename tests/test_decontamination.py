"""Decontamination: the published example comes out as published, and no verbatim copy of an item passes."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any, cast

import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from factory.errors import FactoryError
from factory.plugins import Judge, Validator, instantiate
from factory.records import Chat, Label, Sample, Text, Verdict
from validators.decontamination import Decontamination
from validators.decontamination.check import Finding, check
from validators.decontamination.index import Index
from validators.decontamination.items import Item, in_pieces, items
from validators.decontamination.tokens import tokenize

OARSMEN = (
    "There are some oarsmen in a boat. The average weight is increased by 1.8 kg when one of the crew, who"
    " weighs 53 kg, is replaced by a new man who weighs 71 kg. How many oarsmen are there in the boat?"
)
OARSMEN_ITEM = (
    "The average weight of 10 oarsmen in a boat is increased by 1.8 kg when one of the crew, who weighs 53 kg"
    " is replaced by a new man. Find the weight of the new man.A. 71 B. 62 C. 43 D. 67 E. 40"
)
CHANGED = OARSMEN.replace("one of the crew", "one in the crew")  # without a shared 13-gram
WELL = (
    "A snail climbs three metres up a well each day and slides two metres back each night until at last it"
    " reaches the rim of the well"
)
CLEAN = "Tides rise and fall because the moon pulls more strongly on the near side of the sea than on the far"


ROOT = Path(__file__).parent.parent


def found(text: str, *benchmark: str, info: float = 0.1, contaminated: float = 0.35) -> Finding:
    return check(
        Index.build(Item(str(at), item) for at, item in enumerate(benchmark)), text, info, contaminated
    )


def judge(**settings: Any) -> Judge:
    plugin = cast("Validator", Decontamination)
    made: Judge = instantiate(plugin, plugin.settings(**settings))
    return made


def verdict(judge: Judge, sample: Sample) -> Verdict:
    return asyncio.run(judge.check(sample, None))


@pytest.fixture
def benchmark(tmp_path: Path) -> str:
    path = tmp_path / "wells.jsonl"
    path.write_text("".join(json.dumps({"question": text}) + "\n" for text in (WELL, OARSMEN_ITEM)))
    return str(path)


# ----------------------------------------------------------------------------------- the comparison


def test_the_published_example_comes_out_as_published() -> None:
    finding = found(OARSMEN, OARSMEN_ITEM)
    assert (finding.status, finding.by) == ("contaminated", 13)
    assert finding.long and finding.overlap
    assert "one of the crew who weighs 53 kg is replaced by a new" in finding.long.text
    assert (finding.overlap.shared, finding.overlap.text_grams) == (15, 38)
    assert finding.ratio == 0.39473684210526316


def test_the_overlap_is_reported_below_between_and_above_the_thresholds() -> None:
    ratio = found(CHANGED, OARSMEN_ITEM).ratio
    assert 0 < ratio < 15 / 38
    assert found(CHANGED, OARSMEN_ITEM, info=ratio).status == "clean"
    assert found(CHANGED, OARSMEN_ITEM, info=ratio - 0.01, contaminated=ratio + 0.01).status == "partial"
    assert found(CHANGED, OARSMEN_ITEM, info=ratio - 0.01, contaminated=ratio).status == "contaminated"
    assert found(CHANGED, OARSMEN_ITEM, contaminated=ratio).by == 7


def test_clean_text_shares_nothing() -> None:
    assert found(CLEAN, OARSMEN_ITEM, WELL) == Finding("clean")


def test_the_item_with_the_largest_share_is_named() -> None:
    finding = found(WELL, OARSMEN_ITEM, CLEAN, f"{WELL} and rests there", WELL)
    assert finding.overlap and (finding.overlap.item, finding.ratio) == ("2", 1.0)


@pytest.mark.parametrize(
    "item",
    [
        "How many legs have nine spiders in all together?",
        "Wie viele Beine haben neun Spinnen auf dem Dachboden zusammen?",
        "Сколько ног у девяти пауков вместе на чердаке?",
        "九只蜘蛛一共有多少条腿",
        "クモが九匹いると足は全部で何本ですか",
        "แมงมุมเก้าตัวมีขาทั้งหมดกี่ขา",
        "नौ मकड़ियों के कुल मिलाकर कितने पैर होते हैं?",
        "كم عدد أرجل تسعة عناكب معا في السقيفة؟",
    ],
)
def test_a_short_item_is_found_whole_in_every_script(item: str) -> None:
    assert found(f"{CLEAN}\n{item.upper()}\n{CLEAN}", item).status == "contaminated"
    assert found(CLEAN, item).status == "clean"


words = st.text(st.characters(categories=("L", "N"), max_codepoint=0x4FFF), min_size=1, max_size=6)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(words, min_size=8, max_size=40), st.lists(words, max_size=30), st.sampled_from([" ", ", ", ". "])
)
def test_any_verbatim_copy_of_an_item_is_found(item: list[str], around: list[str], joint: str) -> None:
    copy, other = joint.join(item), "\n".join(around)
    finding = found(f"{other}\n{copy}\n{other}", f"{copy}?", WELL)
    assert (finding.status, finding.by) == ("contaminated", 13)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.sampled_from("abc"), min_size=8, max_size=60), st.lists(st.sampled_from("abc"), max_size=60)
)
def test_the_overlap_is_that_of_the_definition(item: list[str], text: list[str]) -> None:
    def grams(words: list[str]) -> set[tuple[str, ...]]:
        return set(zip(*(words[at:] for at in range(7)), strict=False))

    shared = grams(item) & grams(text)
    expected = len(shared) / min(len(grams(item)), len(grams(text))) if shared else 0.0
    assert found(" ".join(text), " ".join(item)).ratio == expected


@given(st.text(st.characters(max_codepoint=127), min_size=1))
def test_tokens_of_ascii_are_those_of_the_report(text: str) -> None:
    assert tokenize(text) == re.split(r"\W+", text.lower())


def test_marks_stay_with_their_letters_and_unspaced_letters_stand_alone() -> None:
    assert tokenize("Who's there? 1.8 kg.") == ["who", "s", "there", "1", "8", "kg", ""]
    assert tokenize("हिन्दी भाषा") == ["हिन्दी", "भाषा"]
    assert tokenize("Zu\u0308rich") == tokenize("ZÜRICH") == ["zürich"]
    assert tokenize("用Python写") == ["用", "python", "写"]


def test_what_is_common_in_a_reference_corpus_is_exempt_from_the_13_gram_test_alone() -> None:
    boilerplate = (
        "Choose the one answer that fits best and explain in a single sentence why the others do not"
    )
    build = [
        Item("a", f"{boilerplate} {WELL}"),
        Item("b", "How many legs have nine spiders in all together?"),
    ]
    reference = [f"{boilerplate} {number}" for number in range(3)]
    text = f"{CLEAN} {boilerplate}. {CLEAN}"
    assert check(Index.build(build, reference, 4), text, 0.1, 0.9).by == 13
    exempt = Index.build(build, reference, 3)
    assert exempt.allowed.size == 6
    finding = check(exempt, text, 0.1, 0.9)
    assert (finding.status, finding.by, finding.long) == ("partial", 7, None)
    assert check(exempt, WELL, 0.1, 0.9).by == 13


# ------------------------------------------------------------------------------------ the files


def test_items_under_eight_tokens_are_left_out_and_counted() -> None:
    index = Index.build([Item("a", "What is the capital of France?"), Item("b", WELL)])
    assert (index.names, index.uncovered) == (["b"], 1)


@pytest.mark.parametrize(
    ("record", "text", "stem"),
    [
        ({"question": "Q", "choices": {"text": ["a", "b"], "label": ["A", "B"]}}, "Q a b", "Q"),
        ({"question": {"stem": "Q", "choices": [{"text": "a", "label": "A"}]}}, "Q a", "Q"),
        ({"question_stem": "Q", "choices": ["a", "b"], "fact1": "f"}, "Q a b", "Q"),
        ({"Question": "Q", "Correct Answer": "a", "Incorrect Answer 1": "b"}, "Q a b", "Q"),
        ({"passage": "P", "question": "Q", "options": {"A": "a", "B": "b"}}, "P Q a b", "P Q"),
        ({"goal": "Q", "sol1": "a", "sol2": "b"}, "Q a b", "Q"),
        ({"ctx": "Q", "endings": ["a", "b"], "ctx_a": "-"}, "Q a b", "Q"),
        ({"question": "Q", "answer": "long solution"}, "Q", ""),
        ({"task_id": 1, "text": "Q", "code": "def f(): ..."}, "Q", ""),
    ],
)
def test_the_usual_columns_are_known(tmp_path: Path, record: dict[str, Any], text: str, stem: str) -> None:
    path = tmp_path / "b.jsonl"
    path.write_text(json.dumps(record))
    assert [(item.place, item.text, item.stem) for item in items(path)] == [("b.jsonl:1", text, stem)]


def test_options_are_told_from_the_question_in_columns_and_in_the_text(tmp_path: Path) -> None:
    assert in_pieces(OARSMEN_ITEM)[1:] == ("71", "62", "43", "67", "40")
    assert in_pieces("Ask J. A. Smith, or B. Jones.") == in_pieces("Which? A. one B. two") == ()
    path = tmp_path / "b.jsonl"
    path.write_text(
        json.dumps({"question": "Which is vitamin C. in fruit?", "options": ["(A)one", "(B) vitamin D. x"]})
    )
    (item,) = items(path)
    assert item.pieces == ("Which is vitamin C. in fruit?", "one", " vitamin D. x")


def test_options_in_another_order_are_found_even_under_a_question_that_others_share() -> None:
    question, options = (
        "Which is true?",
        ("grass is mostly green", "snow is warm", "stones swim", "iron is soft"),
    )
    item = Item("a", " ".join((question, *options)), question, (question, *options))
    other = Item(
        "b", f"{question} one two three four five", question, (question, "one", "two three four five")
    )
    index = Index.build([item, other])
    leak = (
        f"{CLEAN} {question} (a) stones swim, (b) iron is soft, (c) snow is warm, (d) grass is mostly green"
    )
    finding = check(index, leak, 0.1, 0.9)
    assert (finding.status, finding.by, finding.item) == ("contaminated", "options", "a")
    assert finding.altered and finding.altered.text == "which is true"
    for changed in (leak.replace("snow is warm", "snow is cold"), leak.replace("true", "false")):
        assert check(index, changed, 0.1, 0.9).status != "contaminated"
    assert check(index, leak, 0.1, 0.9, altered=False).status != "contaminated"


def test_options_that_are_letters_alone_are_no_evidence() -> None:
    question, options = "What is the answer?", ("A", "B", "C", "D")
    index = Index.build([Item("a", " ".join((question, *options)), question, (question, *options))])
    text = f"{CLEAN}. What is the answer? (a) the sun (b) the moon (c) the sea (d) the wind"
    assert check(index, text, 0.1, 0.35).status == "clean"


@pytest.mark.parametrize(
    ("item", "leak"),
    [
        (
            "Ann has 12 pens and buys 1,800 more for her class",
            "Ann has 7 pens and buys 25.5 more for her class",
        ),
        (
            "Анна купила 12 яблок и отдала 5 из них своему брату",
            "Анна купила 9 яблок и отдала 44 из них своему брату",
        ),
        ("小明有12个苹果送给小红5个", "小明有7个苹果送给小红31个"),
        ("अन्ना के पास 12 सेब हैं और वह 5 सेब भाई को देती है", "अन्ना के पास ९ सेब हैं और वह ४४ सेब भाई को देती है"),
    ],
)
def test_an_item_with_other_numbers_is_found_in_every_script(item: str, leak: str) -> None:
    finding = found(f"{CLEAN}\n{leak}\n{CLEAN}", item, contaminated=1.0)
    assert (finding.status, finding.by) == ("contaminated", "numbers")
    assert finding.altered and finding.altered.what == "numbers"


def test_sums_that_differ_in_numbers_alone_are_not_the_same_item() -> None:
    assert found("What is 3 + 4 - 5 + 6 - 7 + 8 - 9?", "What is 9 + 8 - 7 + 6 - 5 + 4 - 3?").status == "clean"


def test_every_format_gives_the_same_items(tmp_path: Path) -> None:
    rows = [{"question": WELL, "option1": "four"}, {"question": OARSMEN_ITEM, "option1": "five, or six"}]
    (tmp_path / "b.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "b.json").write_text(json.dumps({"data": rows}))
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "b.parquet")
    for suffix, joint in ((".csv", ","), (".tsv", "\t")):
        lines = [joint.join(f'"{cell}"' for cell in cells) for cells in (rows[0], *map(dict.values, rows))]
        (tmp_path / f"b{suffix}").write_text("\n".join(lines))
    read = {path.suffix: [(item.text, item.stem) for item in items(path)] for path in tmp_path.iterdir()}
    assert len(read) == 5
    assert all(found == read[".jsonl"] for found in read.values())


def test_columns_are_known_however_they_are_written_and_empty_rows_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "b.csv"
    path.write_text(f'Problem Statement;Correct Answer\n"{WELL}";four\n;\n', encoding="utf-8-sig")
    read = list(items(path))
    assert [(item.text, item.stem) for item in read] == [(f"{WELL} four", WELL), ("", "")]
    assert Index.build(read).uncovered == 1
    assert next(item.text for item in items(path, ("problem statement",))) == WELL
    lines = ({"question": None}, {"question": " ", "problem": WELL}, {"question": None, "options": ["a"]})
    (tmp_path / "b.jsonl").write_text("\n".join(map(json.dumps, lines)))
    assert [item.stem or item.text for item in items(tmp_path / "b.jsonl")][:2] == ["", WELL]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("b.parquet", b"no parquet"),
        ("b.jsonl", b"{"),
        ("b.csv", b"question\n\xff\xfe"),
        ("b.json", b"\xff"),
        ("b.tsv", b"question\n" + b"\x00\xff"),
    ],
)
def test_a_broken_benchmark_file_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FactoryError, match=name):
        list(items(tmp_path / name))


def test_turns_are_items_of_their_own_and_columns_may_be_named(tmp_path: Path) -> None:
    path = tmp_path / "b.jsonl"
    path.write_text(json.dumps({"turns": ["first", {"content": "second"}], "riddle": "R", "hint": "H"}))
    assert [item.text for item in items(path)] == ["first", "second"]
    assert [item.text for item in items(path, ("riddle", "hint"))] == ["R H"]
    path.write_text(json.dumps({"turns": "first", "question": "Q"}))  # a text is no list of letters
    assert [item.text for item in items(path)] == ["Q"]


def test_options_may_be_dropped_from_a_short_question_but_a_shared_question_names_no_item() -> None:
    question = "Which planet of ours has the shortest year?"
    whole = f"{question} Mercury Venus Mars Jupiter and some more words that nobody repeats"
    assert check(Index.build([Item("a", whole, question)]), f"{CLEAN} {question}", 0.1, 0.9).by == 13
    other = f"{question} Saturn Uranus Neptune Earth and yet other words that nobody repeats"
    index = Index.build([Item("a", whole, question), Item("b", other, question)])
    assert check(index, f"{CLEAN} {question}", 0.5, 0.9).status == "clean"


def test_an_index_is_read_back_as_it_was(tmp_path: Path) -> None:
    index = Index.build([Item("a", WELL), Item("b", "九只蜘蛛一共有多少条腿")])
    index.save(tmp_path / "kept" / "index.npz")
    kept = Index.load(tmp_path / "kept" / "index.npz")
    for text in (WELL, CLEAN, "九只蜘蛛一共有多少条腿"):
        assert check(kept, text, 0.1, 0.35) == check(index, text, 0.1, 0.35)
    (tmp_path / "index.npz").write_text("no index")
    with pytest.raises(FactoryError, match="not an index"):
        Index.load(tmp_path / "index.npz")


# ---------------------------------------------------------------------------------- the validator


def test_a_planted_item_is_rejected_and_its_clean_twin_passes(benchmark: str) -> None:
    decontamination = judge(benchmarks=[benchmark])
    asyncio.run(decontamination.setup())  # type: ignore[attr-defined]
    planted = verdict(decontamination, Chat.of("Tell me a riddle.", f"Gladly. {WELL}. After how many days?"))
    assert not planted.passed and planted.reason == "13-gram or short item of a benchmark"
    assert planted.details["overlap"]["item"] == "wells.jsonl:1" and planted.details["overlap"]["ratio"] > 0.9
    clean = verdict(decontamination, Chat.of("Why are there tides?", CLEAN))
    assert clean.passed and clean.score == 0.0


def test_an_item_cut_in_two_by_a_turn_is_found(tmp_path: Path) -> None:
    path = tmp_path / "short.csv"
    path.write_text("question\nHow many legs have nine spiders in all together?")
    sample = Chat.of(f"{CLEAN}. How many legs have nine", f"spiders in all together? {CLEAN}.")
    planted = verdict(judge(benchmarks=[str(path)]), sample)
    assert not planted.passed and planted.details["part"] == "whole"


def test_a_partial_overlap_passes_unless_told_otherwise(benchmark: str) -> None:
    sample = Text.of(f"{CHANGED} {CLEAN}")
    lenient, strict = judge(benchmarks=[benchmark]), judge(benchmarks=[benchmark], reject_partial=True)
    assert verdict(lenient, sample).passed and verdict(lenient, sample).details["status"] == "partial"
    assert verdict(strict, sample).reason == "7-gram overlap with a benchmark item"
    assert not verdict(judge(benchmarks=[benchmark], contaminated_threshold=0.12), sample).passed


def test_what_no_model_reads_is_not_compared(benchmark: str) -> None:
    assert verdict(judge(benchmarks=[benchmark]), Label(text=WELL, labels={})).passed


def test_the_fingerprint_follows_files_and_thresholds(benchmark: str) -> None:
    first = judge(benchmarks=[benchmark]).fingerprint  # type: ignore[attr-defined]
    assert first == judge(benchmarks=[benchmark]).fingerprint  # type: ignore[attr-defined]
    assert first != judge(benchmarks=[benchmark], info_threshold=0.2).fingerprint  # type: ignore[attr-defined]
    Path(benchmark).write_text(json.dumps({"question": WELL}))
    assert first != judge(benchmarks=[benchmark]).fingerprint  # type: ignore[attr-defined]


def test_a_kept_index_is_used_until_the_files_change(benchmark: str, tmp_path: Path) -> None:
    kept = tmp_path / "kept.npz"
    first = verdict(judge(benchmarks=[benchmark], index=str(kept)), Text.of(WELL))
    written = kept.stat().st_mtime_ns
    again = verdict(judge(benchmarks=[benchmark], index=str(kept)), Text.of(WELL))
    assert again == first and kept.stat().st_mtime_ns == written
    Path(benchmark).write_text(json.dumps({"question": OARSMEN_ITEM}))
    assert verdict(judge(benchmarks=[benchmark], index=str(kept)), Text.of(WELL)).passed


def test_faults_of_the_settings_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wells.jsonl").write_text('{"riddle": "R"}')
    (tmp_path / "short.jsonl").write_text('{"question": "Why?"}')
    with pytest.raises(FactoryError, match="no benchmarks; name the files"):
        judge()
    with pytest.raises(FactoryError, match="below info_threshold"):
        judge(benchmarks=["wells.jsonl"], info_threshold=0.5)
    for name, message in {
        "welsl.jsonl": "no benchmark file 'welsl.jsonl' in .*; did you mean 'wells.jsonl'",
        "wells.jsonl": "wells.jsonl:1: none of the columns question, .*; it has riddle",
        ".": "it is a folder: '\\*' names its files",
        "short.jsonl": "no item of 8 tokens or more",
    }.items():
        with pytest.raises(FactoryError, match=message):
            asyncio.run(judge(benchmarks=[name]).setup())  # type: ignore[attr-defined]


def test_the_example_benchmark_is_indexed_whole() -> None:
    path = ROOT / "examples" / "benchmarks" / "everyday.jsonl"
    read = list(items(path))
    index = Index.build(read)
    assert len(read) == 20 and index.uncovered == 0
    assert all(check(index, f"{CLEAN} {item.stem}", 0.1, 0.35).by == 13 for item in read)
