"""Near-duplicates: signatures that estimate Jaccard, plants that are caught in any script, twins that stay."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from datasketch import MinHash
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.plugins import Drop, Member
from factory.records import content_hash
from factory.seeds.cleaners import near_duplicates as module
from factory.seeds.cleaners.near_duplicates import near_duplicates
from factory.seeds.members import seeds_in_order
from factory.seeds.minhash import band_keys, bands_for, hash_texts, jaccard, signatures

ENGLISH = "the quick brown fox jumps over a lazy dog while seven old wizards brew bright potions"
GREEK = "η γρήγορη καφέ αλεπού πηδάει πάνω από το τεμπέλικο σκυλί ενώ επτά γέροι μάγοι φτιάχνουν φίλτρα"
CHINESE = list("天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏闰余成岁律吕调阳云腾致雨露结为霜金生丽水")


def chosen(
    texts: list[str], folder: Path, spread: dict[str, int] | None = None, **options: object
) -> dict[str, Drop]:
    """What `near_duplicates` leaves out, by text."""
    by_id = {content_hash(text): text for text in texts}
    found = [Member(seed_id, text, "a.txt", {}) for seed_id, text in by_id.items()]
    with seeds_in_order(found, folder, **spread or {}) as seeds:
        return {by_id[seed_id]: drop for seed_id, drop in near_duplicates.bind(**options).choose(seeds)}


def text(words: list[str], length: int, seed: int, joined: str = " ") -> str:
    return joined.join(random.Random(seed).choices(words, k=length))


def planted(original: str, changes: int, joined: str = " ") -> str:
    """The same with single words changed, evenly spread, and one word less."""
    words = original.split(" ") if joined else list(original)
    for at in range(changes):
        words[(at * len(words)) // max(changes, 1) + 3] = "CHANGED" if joined else "变"
    return joined.join(words[:-1])


def shingles(one: str) -> set[tuple[str, ...]]:
    words = one.lower().split()
    return {tuple(words[at : at + 5]) for at in range(len(words) - 4)}


def exact(one: str, other: str) -> float:
    first, second = shingles(one), shingles(other)
    return len(first & second) / len(first | second)


@pytest.mark.parametrize("changes", [0, 2, 5, 12, 30])
def test_shingles_give_the_jaccard_of_word_5_grams_and_signatures_estimate_it_as_datasketch_does(
    changes: int,
) -> None:
    one = text([f"word{number}" for number in range(500)], 400, seed=changes)
    other = planted(one, changes)
    hashed = hash_texts([one, other], distinct=True)
    first, second = hashed.hashes[: hashed.ends[1]], hashed.hashes[hashed.ends[1] :]
    assert jaccard(first, second) == pytest.approx(exact(one, other), abs=1e-9)
    signed = signatures(hash_texts([one, other]), 512)
    ours = float(np.mean(signed[0] == signed[1]))
    theirs = []
    for each in (one, other):
        sketch = MinHash(num_perm=512)
        sketch.update_batch([" ".join(shingle).encode() for shingle in shingles(each)])
        theirs.append(sketch)
    assert ours == pytest.approx(exact(one, other), abs=0.08)
    assert ours == pytest.approx(theirs[0].jaccard(theirs[1]), abs=0.12)


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.8, 0.9])
def test_bands_find_what_they_are_to_find(threshold: float) -> None:
    bands = bands_for(threshold)
    assert bands.recall(threshold) >= 0.99
    assert bands.recall(threshold / 2) < 0.5
    assert bands.bands * bands.rows <= 128


def test_the_share_of_candidates_is_what_the_curve_says() -> None:
    bands, found = bands_for(0.8), 0
    for seed in range(60):
        one = text([f"w{number}" for number in range(800)], 500, seed)
        keys = band_keys(signatures(hash_texts([one, planted(one, 11)])), bands)  # Jaccard about .8
        found += bool((keys[0] == keys[1]).any())
    assert found >= 57


@pytest.mark.parametrize(
    ("words", "joined"), [(ENGLISH.split(" "), " "), (GREEK.split(" "), " "), (CHINESE, "")]
)
def test_a_plant_goes_in_any_script_and_its_clean_twins_stay(
    words: list[str], joined: str, tmp_path: Path
) -> None:
    originals = [text(words, 300, seed, joined) for seed in range(20)]
    copy = planted(originals[7], 3, joined)
    shouted = originals[9].upper().replace(" ", "  ") + "!!!"
    gone = chosen([*originals, copy, *([shouted] if joined else [])], tmp_path / "a")
    assert len(gone) == (2 if joined else 1)
    assert copy in gone
    assert gone[copy].reason == "near-duplicate"
    assert gone[copy].scores["duplicate_of"] == content_hash(originals[7])
    assert 0.8 <= float(gone[copy].scores["jaccard"]) < 1


@pytest.mark.parametrize("workers", [1, 2])
def test_what_goes_depends_on_no_order_no_batch_no_memory_and_no_number_of_processes(
    workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [text([f"w{number}" for number in range(300)], 200, seed) for seed in range(60)]
    texts += [planted(one, changes) for one in texts[:20] for changes in (0, 1, 2)]
    gone = chosen(texts, tmp_path / "a")
    assert len(gone) >= 50
    random.Random(5).shuffle(texts)
    monkeypatch.setattr(module, "BATCH_CHARACTERS", 3000)
    monkeypatch.setattr(module, "ROWS", 7)
    spread = {"rows": 9, "workers": workers}
    assert chosen(texts, tmp_path / "b", spread, memory="64MB") == gone


def test_a_text_goes_only_where_one_that_stays_is_like_it(tmp_path: Path) -> None:
    """A chain of small changes, each like the next, the ends unlike: no end goes for the sake of the other."""
    one = text([f"w{number}" for number in range(1000)], 400, seed=1)
    chain = [one]
    for step in range(12):
        words = chain[-1].split(" ")
        words[10 + 30 * step] = f"new{step}"
        words[25 + 30 * step] = f"other{step}"
        chain.append(" ".join(words))
    gone = chosen(chain, tmp_path / "a")
    stay = [each for each in chain if each not in gone]
    assert len(stay) >= 2
    for each in gone:
        assert max(exact(each, other) for other in stay) >= 0.8


def test_a_page_that_was_copied_often_is_found_without_comparing_all_with_all(tmp_path: Path) -> None:
    one = text([f"w{number}" for number in range(1000)], 300, seed=1)
    copies = [f"{one} copy{number}" for number in range(200)]
    assert len(chosen([one, *copies], tmp_path / "a")) == 200


def test_texts_without_words_are_like_no_other(tmp_path: Path) -> None:
    assert chosen(["...", "!!!", "", "a b c", "A, b; c"], tmp_path / "a").keys() in (
        {"a b c"},
        {"A, b; c"},
    )


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=8))
def test_any_text_can_be_hashed_and_is_like_itself(texts: list[str]) -> None:
    hashed = hash_texts(texts, distinct=True)
    assert len(hashed.ends) == len(texts) + 1
    again = hash_texts([*texts, *texts], distinct=True)
    assert (again.hashes[: len(hashed.hashes)] == hashed.hashes).all()
    for at in range(len(texts)):
        part = hashed.hashes[hashed.ends[at] : hashed.ends[at + 1]]
        assert (np.diff(part.astype(object)) > 0).all()
        assert jaccard(part, part) == 1.0
