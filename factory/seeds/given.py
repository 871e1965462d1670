"""What sources and cleaners give, held to what they are to give: a plugin's slip is told by its name, and stops the
reading, since it would be the same with every file."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from factory.errors import PluginError
from factory.plugins import Broken, Drop, Found, Item, Plugin, Rewritten, Skipped
from factory.records import Origin, Seed

Given = TypeVar("Given", Found, Drop, Rewritten, Found | Drop, Drop | Rewritten)


def items_of(source: Plugin, kind: type[Seed], found: Iterable[Any]) -> Iterator[Item]:
    """What a source yields, each a Found, Broken or Skipped of the kind that was asked for. Raises PluginError."""
    for item in found:
        if not isinstance(item, Found | Broken | Skipped):
            raise _slip(source, f"yields {_shown(item)}", "Found(seed, origin), Broken(origin, 'why') or"
                        " Skipped(origin, 'why')")  # fmt: skip
        if not isinstance(item.origin, Origin):
            raise _slip(
                source, f"gives {_shown(item.origin)} as the origin", "Origin(address=..., place=...)"
            )
        if isinstance(item, Found) and not isinstance(item.seed, kind):
            raise _slip(source, f"yields {_shown(item.seed)}, and was asked for seeds of {kind.__name__}",
                        "what its second parameter, kind, asks for")  # fmt: skip
        yield item


def cleaned(cleaner: Plugin, given: Any) -> Found | Drop:
    """What a cleaner makes of one seed. Raises PluginError."""
    if not isinstance(given, Found | Drop) or (isinstance(given, Found) and not isinstance(given.seed, Seed)):
        raise _slip(cleaner, f"returns {_shown(given)}", "the item, item.scored(...), item.changed(...) or"
                    " Drop('why')")  # fmt: skip
    return _reasoned(cleaner, given)


def choices(cleaner: Plugin, given: Any) -> Iterator[tuple[str, Drop | Rewritten]]:
    """What a cleaner chooses of a whole set, each with the id of a seed. Raises PluginError."""
    if not isinstance(given, Iterable):
        raise _slip(
            cleaner, f"chooses by {_shown(given)}", "pairs of a seed id and Drop('why') or Rewritten(text)"
        )
    for one in given:
        pair = one if isinstance(one, tuple) and len(one) == 2 else (None, None)
        if not isinstance(pair[0], str) or not isinstance(pair[1], Drop | Rewritten):
            raise _slip(
                cleaner,
                f"chooses by {_shown(one)}",
                "pairs: seed.seed_id, and Drop('why') or Rewritten(text)",
            )
        yield pair[0], _reasoned(cleaner, pair[1])


def _reasoned(cleaner: Plugin, given: Given) -> Given:
    if isinstance(given, Drop | Rewritten) and not (isinstance(given.reason, str) and given.reason.strip()):
        raise _slip(
            cleaner, "leaves a seed out without a reason", "Drop('a few words that many seeds share')"
        )
    for name, score in given.scores.items():
        if not isinstance(score, float | int | str):
            raise _slip(cleaner, f"gives {_shown(score)} as the score '{name}'", "a number or a text")
    return given


def _shown(value: Any) -> str:
    return "None" if value is None else f"a {type(value).__name__}"


def _slip(plugin: Plugin, what: str, mend: str) -> PluginError:
    """What a plugin gives that is not what it is to give, with the line where it begins."""
    try:
        line = f":{inspect.getsourcelines(inspect.unwrap(plugin.target))[1]}"
    except (OSError, TypeError):
        line = ""
    return PluginError(f"{plugin.name} ({plugin.path}{line}) {what}; it is to give {mend}")
