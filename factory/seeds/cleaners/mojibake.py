"""`mojibake`: text that was decoded wrongly on its way is mended."""

from __future__ import annotations

import difflib
import io
import re

from factory.extras import need
from factory.plugins import Drop, Found, cleaner
from factory.records import Code, Document, Passage, Question

# What ftfy takes out of any line, whether or not its encoding went wrong.
_UNWANTED = re.compile("[\0-\x08\x0b\x0e-\x1f\x7f-\x9f\u206a-\u206f\ud800-\udfff\ufeff\ufff9-\ufffc]")


@cleaner(takes=(Document, Passage, Question, Code))
def mojibake(item: Found, *, max_left: float = 0.002) -> Found | Drop:
    """Mends encodings that went wrong ("schÃ¶n" -> "schön") with ftfy; quotes, ligatures and case stay.

    A text goes where it cannot be mended: where, for each character, more than `max_left` signs of a wrong decoding are
    left (sequences that ftfy finds in no language, and replacement characters). Scores: `mended`, the characters that
    changed.
    """
    need("seeds", "ftfy", by="mojibake")
    import ftfy
    from ftfy.badness import badness, is_bad

    text: str = item.seed.text  # type: ignore[attr-defined]
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
    lines, left = [], 0
    for line in io.StringIO(text):
        # ftfy takes ten times as long over a line that it leaves as it is as it takes to know that it will.
        is_wrong = not line.isascii() and is_bad(line)
        if is_wrong or _UNWANTED.search(line):
            line = ftfy.fix_text(line, settings)
            left += badness(line) if is_wrong else 0
        lines.append(line)
    mended = "".join(lines)
    changed = _changed(text, mended) if mended != text else 0
    left += mended.count("\ufffd")
    if left > max_left * len(mended):
        return Drop("mojibake that cannot be mended", {"mended": changed, "left": left})
    return item.changed(text=mended).scored(mended=changed) if changed else item


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
