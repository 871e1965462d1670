"""The ledger: what counts as spent under the budgets of a catalogue, kept in the store.

For each build and model it is the larger of two sums: what its recorded replies cost, and what it set aside and
did not strike out again. So a build that was killed has spent all that it may have been charged for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence

from factory.teacher.budget import Budget
from factory.teacher.journal import Committer, Row, now
from factory.teacher.model import Model

REPLIES = "select build_id, role, sum(cost) from calls group by all"
ASIDE = "select build_id, model, sum(amount) from reservations group by all"


class Ledger:
    """Opens the budgets of a build, and closes its accounts."""

    def __init__(self, store: Committer, build_id: str) -> None:
        self._store = store
        self._build_id = build_id
        self._budgets: dict[str, Budget] = {}

    async def open(self, models: Mapping[str, Model], entry_of: Callable[[str], str]) -> Mapping[str, Budget]:
        """The budget of each entry of ``models:`` that has a cap and a price. `entry_of` names the entry that serves
        a role."""
        replies, aside = await self._store.query(REPLIES, []), await self._store.query(ASIDE, [])
        spent, unsettled = counted(replies, aside, entry_of)
        for name, model in models.items():
            if model.budget is not None and model.price is not None:
                self._budgets[name] = Budget(model, self._writer(name), spent[name], unsettled[name])
        return self._budgets

    async def closing(self) -> list[Row]:
        """The rows of ``reservations`` that strike out what this build set aside and did not need."""
        freed = {name: await budget.close() for name, budget in self._budgets.items() if budget.begun}
        return [self._row(name, -free, settled=True) for name, free in freed.items()]

    async def close(self) -> None:
        """Commits them."""
        await self._store.commit(reservations=await self.closing())

    def _writer(self, name: str) -> Callable[[float], Awaitable[None]]:
        async def write(amount: float) -> None:
            await self._store.commit(reservations=[self._row(name, amount)])

        return write

    def _row(self, name: str, amount: float, *, settled: bool = False) -> Row:
        return {
            "model": name,
            "amount": amount,
            "settled": settled,
            "build_id": self._build_id,
            "recorded_at": now(),
        }


def counted(
    replies: Sequence[tuple[str, str, float]],
    aside: Sequence[tuple[str, str, float]],
    entry_of: Callable[[str], str],
) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """What counts as spent on each entry, and how much of that has no recorded reply to show for it.

    `replies`, `aside`: the rows of `REPLIES` and `ASIDE`.
    """
    costs: defaultdict[tuple[str, str], float] = defaultdict(float)
    for build_id, role, cost in replies:
        costs[build_id, entry_of(role)] += cost
    amounts = {(build_id, name): amount for build_id, name, amount in aside}
    spent: defaultdict[str, float] = defaultdict(float)
    unsettled: defaultdict[str, float] = defaultdict(float)
    for key in {*costs, *amounts}:
        beyond = max(0.0, amounts.get(key, 0.0) - costs[key])
        spent[key[1]] += costs[key] + beyond
        unsettled[key[1]] += beyond
    return spent, unsettled
