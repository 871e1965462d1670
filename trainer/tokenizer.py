"""phi-4's tokens and chat format: a byte-level BPE with its special tokens, and ChatML without line breaks.

A conversation is ``<|im_start|>role<|im_sep|>content<|im_end|>`` for each turn and nothing between turns;
a plain text ends with ``<|endoftext|>``. Text that spells a special token is text: it never becomes one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from factory.errors import FactoryError

END_OF_TEXT = "<|endoftext|>"
IM_START, IM_SEP, IM_END = "<|im_start|>", "<|im_sep|>", "<|im_end|>"
SPECIAL_TOKENS = (END_OF_TEXT, "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", IM_START, IM_END, IM_SEP)

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    f"{IM_START}{{{{ message['role'] }}}}{IM_SEP}{{{{ message['content'] }}}}{IM_END}"
    "{% endfor %}"
    f"{{% if add_generation_prompt %}}{IM_START}assistant{IM_SEP}{{% endif %}}"
)

# Words with the sign before them, single digits, runs of signs, line breaks, then other white space.
_PIECES = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"

Encoded = tuple[NDArray[np.uint32], NDArray[np.bool_]]
"""Token ids of a document, and which of them are learnt (predicted from what stands before)."""


class ChatTokenizer:
    """Encodes texts and conversations as the model is to see them."""

    def __init__(self, tokenizer: Tokenizer, origin: str = "tokenizer") -> None:
        """Raises FactoryError when a token of the chat format is missing."""
        missing = [
            token for token in (END_OF_TEXT, IM_START, IM_SEP, IM_END) if tokenizer.token_to_id(token) is None
        ]
        if missing:
            raise FactoryError(
                f"{origin}: has no {', '.join(missing)}; the chat format needs them."
                " Use a tokenizer of the phi-4 family, or train one with 'tokenizer: {size: ...}'"
            )
        self.backend = tokenizer
        tokenizer.encode_special_tokens = True  # text that spells a special token stays text
        self.end_of_text, self._start, self._sep, self.end_of_turn = (
            tokenizer.token_to_id(token) or 0 for token in (END_OF_TEXT, IM_START, IM_SEP, IM_END)
        )
        self._roles: dict[str, list[int]] = {}

    @classmethod
    def read(cls, folder: Path) -> ChatTokenizer:
        """Reads ``tokenizer.json`` of a folder. Raises FactoryError when it is missing or broken."""
        path = folder / "tokenizer.json"
        if not path.is_file():
            raise FactoryError(
                f"{path}: there is no such file; a tokenizer is a folder with a tokenizer.json"
            )
        try:
            return cls(Tokenizer.from_file(str(path)), origin=str(path))
        except FactoryError:
            raise
        except Exception as error:  # tokenizers raises nothing narrower
            raise FactoryError(f"{path}: cannot be read as a tokenizer: {error}") from error

    @classmethod
    def train(cls, texts: Iterable[str], size: int) -> ChatTokenizer:
        """Trains a byte-level BPE of at most `size` tokens, digits single, special tokens first."""
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(_PIECES), behavior="isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=size,
            special_tokens=list(SPECIAL_TOKENS),
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        tokenizer.train_from_iterator(texts, trainer)
        return cls(tokenizer)

    def write(self, folder: Path) -> None:
        """Writes ``tokenizer.json``."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "tokenizer.json").write_text(self.backend.to_str(pretty=False), encoding="utf-8")

    @property
    def size(self) -> int:
        """Number of tokens, special ones included: the highest id and one."""
        return 1 + max(self.backend.get_vocab(with_added_tokens=True).values())

    @property
    def fingerprint(self) -> str:
        """Hash of everything that decides the ids."""
        return hashlib.blake2b(self.backend.to_str(pretty=False).encode(), digest_size=16).hexdigest()

    def encode_texts(self, texts: Sequence[str]) -> list[Encoded]:
        """Plain texts: every token is learnt, and so is the end."""
        return [_encoded([*ids, self.end_of_text], [True] * (len(ids) + 1)) for ids in self.encode(texts)]

    def encode_chats(self, chats: Sequence[Sequence[Mapping[str, Any]]]) -> list[Encoded]:
        """Conversations: the assistant's contents are learnt, each with the end of its turn."""
        contents = iter(self.encode([turn["content"] for chat in chats for turn in chat]))
        return [self._chat([(turn["role"], next(contents)) for turn in chat]) for chat in chats]

    def prompt(self, turns: Sequence[Mapping[str, Any]]) -> list[int]:
        """A conversation up to where the assistant is to speak."""
        ids, _ = self.encode_chats([turns])[0]
        return [*ids.tolist(), self._start, *self._role("assistant"), self._sep]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids, special tokens left out."""
        return str(self.backend.decode(list(ids), skip_special_tokens=True))

    def _chat(self, turns: Sequence[tuple[str, list[int]]]) -> Encoded:
        ids: list[int] = []
        learnt: list[bool] = []
        for role, content in turns:
            head = [self._start, *self._role(role), self._sep]
            ids += [*head, *content, self.end_of_turn]
            learnt += [False] * len(head) + [role == "assistant"] * (len(content) + 1)
        return _encoded(ids, learnt)

    def _role(self, role: str) -> list[int]:
        if role not in self._roles:
            self._roles[role] = self.encode([role])[0]
        return self._roles[role]

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of texts, with nothing added."""
        return [encoding.ids for encoding in self.backend.encode_batch_fast(texts, add_special_tokens=False)]


def _encoded(ids: list[int], learnt: list[bool]) -> Encoded:
    return np.asarray(ids, dtype=np.uint32), np.asarray(learnt, dtype=np.bool_)
