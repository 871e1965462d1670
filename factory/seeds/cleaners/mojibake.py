"""`mojibake`: text that was decoded wrongly on its way is mended."""

from __future__ import annotations

import difflib
import io
import re

from factory.extras import need
from factory.plugins import Drop, Found, cleaner
from factory.records import Code, Document, Passage, Question
from factory.seeds.codepages import model_hash, oddness, read_again, script

# What ftfy takes out of any line, whether or not its encoding went wrong.
_UNWANTED = re.compile("[\0-\x08\x0b\x0e-\x1f\x7f-\x9f\u206a-\u206f\ud800-\udfff\ufeff\ufff9-\ufffc]")


SURELY = 1.5
"""The oddness of Cyrillic letters from which on a text goes that nothing mends."""


@cleaner(takes=(Document, Passage, Question, Code))
class mojibake:
    """Mends encodings that went wrong ("schÃ¶n" -> "schön") with ftfy, and reads texts again that were read in another
    code page ("оПХБЕР" -> "Привет"), where their letters and the model of languages tell which; quotes, ligatures and
    case stay.

    A text goes where it cannot be mended: where, for each character, more than `max_left` signs of a wrong decoding are
    left (sequences that ftfy finds in no language, and replacement characters), or where Cyrillic letters stand as in
    no language. Scores: `mended`, the characters that changed; `encoding`, how it had been read.
    """

    def __init__(self, *, max_left: float = 0.002) -> None:
        need("seeds", "ftfy", by="mojibake")
        self.max_left = max_left
        self.fingerprint = model_hash()

    def clean(self, item: Found) -> Found | Drop:
        """Mends the text, or drops it."""
        text: str = item.seed.text  # type: ignore[attr-defined]
        mended, left = _mended(text)
        lost, odd = left > self.max_left * len(mended), oddness(mended)
        if (lost or odd >= 1) and (again := read_again(text, self.max_left)):
            changed = _changed(text, again.text)
            return item.changed(text=again.text).scored(mended=changed, encoding=again.how)
        changed = _changed(text, mended) if mended != text else 0
        if lost or (odd >= SURELY and script(mended) == "cyrillic"):
            return Drop("mojibake that cannot be mended", {"mended": changed, "left": left})
        return item if mended == text else item.changed(text=mended).scored(mended=changed)


def _mended(text: str) -> tuple[str, int]:
    """The text as ftfy mends it, and how many signs of a wrong decoding are left."""
    import ftfy
    from ftfy.badness import badness, is_bad

    settings = ftfy.TextFixerConfig(
        unescape_html=False,
        remove_terminal_escapes=False,
        fix_latin_ligatures=False,
        fix_character_width=False,
        uncurl_quotes=False,
        fix_line_breaks=False,
        normalization=None,
        explain=False,
    )
    unwanted = _UNWANTED.search(text)
    if unwanted is None and text.isascii():
        return text, 0
    lines, left = [], 0
    for line in io.StringIO(text):
        # ftfy takes ten times as long over a line that it leaves as it is as it takes to know that it will.
        is_wrong = not line.isascii() and is_bad(line)
        if is_wrong or (unwanted and _UNWANTED.search(line)):
            line = ftfy.fix_text(line, settings)
            left += badness(line) if is_wrong else 0
        lines.append(line)
    mended = "".join(lines)
    return mended, left + mended.count("\ufffd")


def _changed(before: str, after: str) -> int:
    """Characters of lines that are not the same in both, line by line."""
    old, new = before.splitlines(), after.splitlines()
    if len(old) != len(new):
        return abs(len(before) - len(after)) or len(before)
    count = 0
    for one, other in zip(old, new, strict=True):
        if one != other:
            same = difflib.SequenceMatcher(None, one[:2000], other[:2000], autojunk=False)
            count += len(one) - round(same.ratio() * (len(one) + len(other)) / 2)
    return max(count, 1)
