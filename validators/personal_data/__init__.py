"""Rejects samples that hold personal data or secrets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Literal, TypeAlias

from factory.errors import FactoryError
from factory.plugins import validator
from factory.records import Sample, Verdict
from validators.personal_data.network import emails, ip_addresses
from validators.personal_data.numbers import cards, ibans, national_ids, phones
from validators.personal_data.secrets import secrets
from validators.personal_data.spans import Finder, Span, evened, masked

Kind: TypeAlias = Literal["secret", "email", "iban", "card", "national_id", "ip", "phone"]

KINDS: tuple[Kind, ...] = ("secret", "email", "iban", "card", "national_id", "ip", "phone")
"""In the order in which they are looked for: what is one of them is not also another."""

REASONS: dict[str, str] = {
    "secret": "holds a password, key or token",
    "email": "holds an e-mail address",
    "iban": "holds a bank account number",
    "card": "holds the number of a payment card",
    "national_id": "holds a person's identity number",
    "ip": "holds an IP address",
    "phone": "holds a telephone number",
}
_SHOWN = 10


@validator()
class PersonalData:
    """Rejects samples that hold personal data or secrets.

    `kinds`: which of secret, email, iban, card, national_id, ip and phone are looked for; `regions`: countries
    (ISO 3166) whose way of writing telephone numbers without "+" is known; `allow`: e-mail domains and values
    that may stand. What is made for examples passes (example.com, 192.0.2.0/24, 555 numbers, test cards,
    placeholders of keys). Names and postal addresses are not looked for. Details show the kind, the place and
    the shape of each find, never the value.
    """

    def __init__(
        self,
        *,
        kinds: tuple[Kind, ...] = KINDS,
        regions: tuple[str, ...] = ("US",),
        allow: tuple[str, ...] = (),
    ) -> None:
        if not kinds:
            raise FactoryError(f"personal_data: no kind to look for; there are: {', '.join(KINDS)}")
        self._kinds = [kind for kind in KINDS if kind in kinds]
        self._regions = tuple(region.upper() for region in regions)
        self._allow = frozenset(value.lower() for value in allow)
        self._finders: dict[str, Finder] = {}

    async def setup(self) -> None:
        """Loads what knows numbers. Raises FactoryError where a library is missing or a region unknown."""
        self._finders = {kind: self._finder(kind) for kind in self._kinds}

    def _finder(self, kind: Kind) -> Finder:
        match kind:
            case "phone":
                return phones(self._regions)
            case "secret":
                return secrets
            case "email":
                return emails
            case "ip":
                return ip_addresses
            case "card":
                return cards
            case "iban":
                return ibans
            case "national_id":
                return national_ids

    async def check(self, sample: Sample, teacher: Any) -> Verdict:
        """Looks through every text; the reason names the first kind found."""
        if not self._finders:
            await self.setup()
        found: list[dict[str, Any]] = []
        for number, text in enumerate(sample.texts()):
            for kind, span in self._personal(text):
                shape = masked(text[span.start : span.end])
                found.append({"kind": kind, "shape": shape, "text": number, "character": span.start})
        if not found:
            return Verdict.accept()
        counts = dict(Counter(one["kind"] for one in found))
        return Verdict.reject(REASONS[found[0]["kind"]], found=found[:_SHOWN], counts=counts)

    def _personal(self, text: str) -> Iterator[tuple[str, Span]]:
        """What is personal, kind by kind; a stretch is of the first kind that claims it, example or not."""
        text = evened(text)
        taken = bytearray(len(text))
        for kind, finder in self._finders.items():
            for span in finder(text):
                if any(taken[span.start : span.end]):
                    continue
                taken[span.start : span.end] = b"\1" * (span.end - span.start)
                if not span.example and not self._allowed(text[span.start : span.end]):
                    yield kind, span

    def _allowed(self, value: str) -> bool:
        return value.lower() in self._allow or value.lower().rpartition("@")[2] in self._allow
