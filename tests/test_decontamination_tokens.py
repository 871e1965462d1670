"""Tokens as hashes: those of the plain tokeniser, in every script, and their words are found again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from validators.decontamination import compiled
from validators.decontamination.compiled import NUMBER
from validators.decontamination.grams import Grams, hash_text, hash_words
from validators.decontamination.tokens import tokenize

SCRIPTS = {
    "latin": "aZ9 .,_éÉßİıſﬁ½²ŉ-",
    "squares": "\u3316\u3300\u337f\ufdfa\u2153 a1",
    "marks": "ae\u0301\u0327\u0308\u0345\u093c\u09be x",
    "thai": "กขเ็์่๑ a.",
    "devanagari": "हिन्दी १ क़.",
    "korean": "가각\u1100\u1161\u11a8 b",
    "japanese": "漢字かなガﾊﾞＡ１ー。 c",
    "greek": "ΣςσΐΆ\u0345\u0323 d",
    "arabic": "كتابٌ ٣ e",
    "rare": "\U00020000\U0002f800\U0001f600\U000e0100\ud800 f",
}
texts = st.sampled_from(list(SCRIPTS.values())).flatmap(lambda letters: st.text(letters, max_size=16))


@settings(deadline=None, max_examples=400)
@given(st.lists(st.one_of(texts, st.text(max_size=12)), max_size=4).map(" ".join))
@example("")
@example(" ")
@example("Z½")
def test_hashes_are_those_of_the_plain_tokens(text: str) -> None:
    words, tokens = tokenize(text), hash_text(text)
    assert tokens.hashes.tolist() == hash_words(words).tolist()
    assert tokens.numbers.tolist() == [word.isdecimal() for word in words]
    assert tokens.words(0, len(words)) == words


@pytest.mark.parametrize("text", ["\u3316", "\ufdfa", "a ", "\u0e01a", "½", " "])
def test_a_long_text_of_short_tokens_is_read_whole(text: str) -> None:
    words = tokenize(text * 3000)
    assert hash_text(text * 3000).hashes.tolist() == hash_words(words).tolist()


@settings(deadline=None, max_examples=200)
@given(st.lists(texts, max_size=4).map(" ".join), st.data())
def test_any_span_of_tokens_gives_its_words(text: str, data: st.DataObject) -> None:
    words = tokenize(text)
    start = data.draw(st.integers(0, len(words) - 1))
    end = data.draw(st.integers(start + 1, len(words)))
    assert hash_text(text).words(start, end) == words[start:end]


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.sampled_from("abcd"), min_size=1, max_size=60),
    st.lists(st.sampled_from("abcd"), max_size=60),
    st.integers(1, 5),
)
def test_a_set_finds_its_n_grams_and_no_others(held: list[str], text: list[str], n: int) -> None:
    keys = np.unique(compiled.gram_hashes(hash_words(held), n))
    starts, _ = Grams(keys, np.arange(keys.size)).find(compiled.gram_hashes(hash_words(text), n))
    known = {tuple(held[at : at + n]) for at in range(len(held) - n + 1)}
    assert starts.tolist() == [at for at in range(len(text) - n + 1) if tuple(text[at : at + n]) in known]


def test_runs_of_numbers_are_masked_as_one() -> None:
    masked, origins = hash_text("It weighs 1,800.5 kg, or ٣ x.").masked
    assert origins.tolist() == [0, 1, 2, 5, 6, 7, 8]
    assert [at for at, token in enumerate(masked.tolist()) if token == int(NUMBER)] == [2, 5]
