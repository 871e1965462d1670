"""The ledger: what counts as spent under the budgets of a catalogue, kept in the store.

For each build and model it is the larger of two sums: what its recorded replies cost, and what it set aside and
did not strike out again. So a build that was killed has spent all that it may have been charged for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping

from factory.teacher.budget import Budget
from factory.teacher.journal import Committer, Row, now
from factory.teacher.model import Model


class Ledger:
    """Opens the budgets of a build, and closes its accounts."""

    def __init__(self, store: Committer, build_id: str) -> None:
        self._store = store
        self._build_id = build_id
        self._budgets: dict[str, Budget] = {}

    async def open(self, models: Mapping[str, Model], entry_of: Callable[[str], str]) -> Mapping[str, Budget]:
        """The budget of each entry of ``models:`` that has a cap and a price. `entry_of` names the entry that serves
        a role."""
        spent, unsettled = await self._spent(entry_of)
        for name, model in models.items():
            if model.budget is not None and model.price is not None:
                self._budgets[name] = Budget(model, self._writer(name), spent[name], unsettled[name])
        return self._budgets

    async def closing(self) -> list[Row]:
        """The rows of ``reservations`` that strike out what this build set aside and did not need."""
        return [
            self._row(name, -await budget.close(), settled=True) for name, budget in self._budgets.items()
        ]

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

    async def _spent(self, entry_of: Callable[[str], str]) -> tuple[Counter[str], Counter[str]]:
        """What counts as spent on each entry, and how much of that has no recorded reply to show for it."""
        replies: Counter[tuple[str, str]] = Counter()
        sql = "select build_id, role, sum(cost) from calls group by all"
        for build_id, role, cost in await self._store.query(sql, []):
            replies[build_id, entry_of(role)] += cost
        sql = "select build_id, model, sum(amount) from reservations group by all"
        aside = {(build_id, name): amount for build_id, name, amount in await self._store.query(sql, [])}
        spent: Counter[str] = Counter()
        unsettled: Counter[str] = Counter()
        for key in {*replies, *aside}:
            beyond = max(0.0, aside.get(key, 0.0) - replies[key])
            spent[key[1]] += replies[key] + beyond
            unsettled[key[1]] += beyond
        return spent, unsettled
