"""Deciding what an answer is, whether two are the same, and what several votes agree on."""

from validators.answers.final import final_answer
from validators.answers.key import Key, also, key, same
from validators.answers.poll import Poll
from validators.answers.vote import AnswerClass, Tally, vote

__all__ = ["AnswerClass", "Key", "Poll", "Tally", "also", "final_answer", "key", "same", "vote"]
