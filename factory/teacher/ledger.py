"""The ledger: what counts as spent under the budgets of a catalogue, kept in the store.

For each build and model it is the larger of two sums: what its recorded replies cost, and what it set aside and
did not strike out again. So a build that was killed has spent all that it may have been charged for, until the next
one settles its account: what it had set aside beyond its replies was the most that the calls cut off could cost, and
counts from then on as if each had come as near to its most as the dearest reply on record came to its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence

from factory.teacher.budget import Budget
from factory.teacher.journal import Committer, Row, now
from factory.teacher.model import Model

REPLIES = "select build_id, role, sum(cost) from calls group by all"
ASIDE = "select build_id, model, sum(amount), bool_or(settled) from reservations group by all"
NEAREST = """\
select role, count(*), max(
    (prompt_tokens * $input + completion_tokens * $output) / (
        strlen(request::varchar) * $input
        + coalesce((request ->> 'max_tokens')::bigint, 0) * $output
        * coalesce((request ->> 'n')::bigint, 1) * coalesce(json_array_length(request -> 'prefixes'), 1)))
from calls group by role"""
"""How near, as a share, a reply of each role ever came to the most that it could cost (see `Budget.reserve`)."""

ENOUGH = 100
"""Replies that must be on record before calls that were cut off count as less than their most."""

Aside = tuple[str, str, float, bool]
"""A row of `ASIDE`: build, entry of the catalogue's models, amount, whether the account is settled."""


class Ledger:
    """Opens the budgets of a build, and closes its accounts."""

    def __init__(self, store: Committer, build_id: str) -> None:
        self._store = store
        self._build_id = build_id
        self._budgets: dict[str, Budget] = {}

    async def open(self, models: Mapping[str, Model], entry_of: Callable[[str], str]) -> Mapping[str, Budget]:
        """The budget of each entry of ``models:`` that has a cap and a price. `entry_of` names the entry that serves
        a role."""
        replies = await self._store.query(REPLIES, [])
        aside = await self._settle_the_dead(models, entry_of, replies, await self._store.query(ASIDE, []))
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

    async def _settle_the_dead(
        self,
        models: Mapping[str, Model],
        entry_of: Callable[[str], str],
        replies: Sequence[tuple[str, str, float]],
        aside: Sequence[Aside],
    ) -> Sequence[Aside]:
        """Closes the accounts of builds that ended without doing so: only one holds a store, so they are dead."""
        costs = _costs(replies, entry_of)
        after, rows = [], []
        for build_id, name, amount, settled in aside:
            beyond = max(0.0, amount - costs[build_id, name])
            near = (
                None if settled or name not in models else await self._nearest(name, models[name], entry_of)
            )
            if near is not None:
                free = beyond * (1 - near)
                rows.append({**self._row(name, -free, settled=True), "build_id": build_id})
                amount, settled = amount - free, True
            after.append((build_id, name, amount, settled))
        if rows:
            await self._store.commit(reservations=rows)
        return after

    async def _nearest(self, name: str, model: Model, entry_of: Callable[[str], str]) -> float | None:
        """The share of its most that the dearest reply of an entry cost; None where too few tell."""
        price = model.price
        if price is None or not price.input + price.output:
            return None
        found = await self._store.query(NEAREST, {"input": price.input, "output": price.output})
        told = [(count, share) for role, count, share in found if entry_of(role) == name]
        if sum(count for count, _ in told) < ENOUGH:
            return None
        nearest: float = max(share for _, share in told)
        return min(1.0, nearest)

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
    aside: Sequence[Aside],
    entry_of: Callable[[str], str],
) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """What counts as spent on each entry, and how much of that has no recorded reply to show for it.

    `replies`, `aside`: the rows of `REPLIES` and `ASIDE`.
    """
    costs = _costs(replies, entry_of)
    amounts = {(build_id, name): amount for build_id, name, amount, _ in aside}
    spent: defaultdict[str, float] = defaultdict(float)
    unsettled: defaultdict[str, float] = defaultdict(float)
    for key in {*costs, *amounts}:
        beyond = max(0.0, amounts.get(key, 0.0) - costs[key])
        spent[key[1]] += costs[key] + beyond
        unsettled[key[1]] += beyond
    return spent, unsettled


def _costs(
    replies: Sequence[tuple[str, str, float]], entry_of: Callable[[str], str]
) -> defaultdict[tuple[str, str], float]:
    """What the recorded replies of each build and entry cost."""
    costs: defaultdict[tuple[str, str], float] = defaultdict(float)
    for build_id, role, cost in replies:
        costs[build_id, entry_of(role)] += cost
    return costs
