"""What a call of a program shows: its value, what became of its arguments, and what it printed."""

from __future__ import annotations

# Stands behind either program, under names that no program has.
WATCHING = """

def _plain_for_fidelity(value, depth=0):
    kind = type(value)
    if depth > 20 or kind in (int, float, complex, str, bytes, bool, type(None)):
        return value
    below = lambda item: _plain_for_fidelity(item, depth + 1)
    if kind in (list, tuple, set, frozenset):
        return kind([below(item) for item in value])
    if isinstance(value, dict):
        return {below(key): below(item) for key, item in value.items()}
    if hasattr(value, "__next__"):
        return ["iterator", *(below(item) for item, _ in zip(value, [None] * 1000))]
    if kind.__repr__ is object.__repr__:
        return (kind.__name__, {name: below(item) for name, item in vars(value).items() if name[0] != "_"})
    return (kind.__name__, repr(value))


def _watched_for_fidelity(function):
    import contextlib
    import io

    def call(*arguments, **named):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            value = function(*arguments, **named)
            if hasattr(value, "send") and hasattr(value, "cr_frame"):
                value = _ended_for_fidelity(value)
            value = _plain_for_fidelity(value)
        changed = [_plain_for_fidelity(one) for one in arguments if isinstance(one, (list, dict, set))]
        return value, changed, printed.getvalue()[:10000]

    return call


def _ended_for_fidelity(coroutine):
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise RuntimeError("it waits for something")


def _lived_for_fidelity(life):
    def told():
        itself, *given = life()
        return ["itself" if one is itself else _plain_for_fidelity(one) for one in given]

    return _watched_for_fidelity(told)()
"""
NOTHING_DONE = '{"expected":"(None, [], \'\')","raises":null}'
"""A case of a call without value, effect or print."""


def watched(name: str, call: str) -> str:
    """A call of a function, ``f(2)``, or the life of an object, ``[it := C(), it.m(2)]``, so that it is seen."""
    if call.startswith("["):
        return f"_lived_for_fidelity(lambda: {call})"
    return f"_watched_for_fidelity({name})({call[len(name) + 1 : -1]})"
