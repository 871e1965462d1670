"""The process that runs math-verify: a pair of formulas a line in, true or false a line out.

Run as a script. A pair that uses more CPU time than it may ends the process, by a signal that nothing catches.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import signal
import sys

_MEMORY = 3 << 30  # bytes of address space


def _serve() -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, most))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    logging.disable(logging.CRITICAL)
    from math_verify import parse, verify

    def equal(a: str, b: str) -> bool:
        # Only what was parsed: verify takes equal strings for equal values.
        first, second = (
            [part for part in parse(text, parsing_timeout=None) if not isinstance(part, str)]
            for text in (a, b)
        )
        if not first or not second:
            return False
        return all(
            verify(gold, target, float_rounding=12, timeout_seconds=None)
            for gold, target in ((first, second), (second, first))
        )

    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        a, b, seconds = json.loads(line)
        signal.setitimer(signal.ITIMER_PROF, seconds)
        try:
            found = equal(a, b)
        except Exception:  # sympy raises what it likes on what it cannot read; unread is not equal
            found = False
        signal.setitimer(signal.ITIMER_PROF, 0)
        print(json.dumps(bool(found)), file=answers, flush=True)


if __name__ == "__main__":
    _serve()
