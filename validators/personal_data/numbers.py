"""Telephone numbers, payment cards, bank accounts and the identity numbers of persons."""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Iterator
from typing import Any

from factory.errors import FactoryError
from factory.extras import need
from validators.personal_data.spans import Finder, Span, counts_up, near


def _library(name: str) -> Any:
    need("privacy", name.partition(".")[0], by="personal_data, for phone, card, iban and national_id,")
    return importlib.import_module(name)


# -------------------------------------------------------------------------------------- telephones

_LOOKS = re.compile(r"[+＋(]?\d[\d\s().\-/]{5,}\d")
_CALLED = re.compile(
    r"\b(?:phone|tel|telephone|call|mobile|cell|fax|whatsapp|sms|text|telefon|handy|mobil|portable|móvil|celular)\b"
    r"|тел|电话|電話|전화|هاتف",
    re.IGNORECASE,
)
_FICTION = re.compile(
    r"\+1\d{3}555\d{4}"  # North America
    r"|\+44(?:1632960|7700900|1914980|3069990|808157\d|1[1-6][1-8]4960|20794\d\d|2890180|2920180)\d+"
    r"|\+33(?:19900|26191|35301|46571|53649|63998)\d{4}"
    r"|\+61(?:[2378](?:5550|7010)\d{4}|491570\d{3})"
    r"|\+49(?:3023125|6990009|4066969|2214710|8999998)\d{3}"
)
"""Numbers that the regulators of some countries set aside for films and examples."""


def phones(regions: tuple[str, ...]) -> Finder:
    """A finder of telephone numbers: international ones, and those written as in a region (ISO 3166).

    A number without "+" must be grouped as in its region, or stand by a word such as "phone": digits
    alone are more often a quantity. Examples are numbers set aside for fiction, made-up ones, and those of
    services (freephone, premium rate). Raises FactoryError for a region that is none.
    """
    library = _library("phonenumbers")
    unknown = sorted(set(regions) - set(library.SUPPORTED_REGIONS))
    if unknown:
        raise FactoryError(
            f"personal_data: '{unknown[0]}' is no region; regions are two letters, such as 'US'"
        )
    kinds = library.PhoneNumberType
    services = (kinds.TOLL_FREE, kinds.PREMIUM_RATE, kinds.SHARED_COST, kinds.UAN, kinds.VOICEMAIL)

    def find(text: str) -> Iterator[Span]:
        if not _LOOKS.search(text):
            return
        for region in (None, *regions):
            matcher = library.PhoneNumberMatcher(text, region, leniency=library.Leniency.STRICT_GROUPING)
            for match in matcher:
                raw = match.raw_string
                if not raw.startswith(("+", "＋")) and not _written_as_phone(text, match.start, raw):
                    continue
                number = library.format_number(match.number, library.PhoneNumberFormat.E164)
                made_up = counts_up(str(match.number.national_number)) or _FICTION.fullmatch(number)
                yield Span(
                    match.start, match.end, bool(made_up) or library.number_type(match.number) in services
                )

    return find


def _written_as_phone(text: str, start: int, raw: str) -> bool:
    separators = [mark.strip() for mark in re.findall(r"(?<=\d)[^\d\n]+(?=\d)", raw)]
    if " - " in raw:  # "415 - 867 - 2291" is a sum
        return near(_CALLED, text, (start, start), before=25)
    grouped = len(separators) >= 2 and len(set(separators)) == 1  # "252.227-7013" is a clause
    return grouped or raw.startswith("(") or near(_CALLED, text, (start, start), before=25)


# ------------------------------------------------------------------------------- cards and accounts

_CARD = re.compile(
    r"(?<![\d.,\w-])(?:\d{4}([ -])\d{4}\1\d{4}\1\d{4}|\d{4}([ -])\d{6}\2\d{5}|\d{13,19})(?![\d\w]|[.,-]\d)"
)
_ISSUER = re.compile(r"4|5[0-8]|2[2-7]|3[0-9]|6[0-9]")
_PAID = re.compile(
    r"\bcards?\b|\bvisa\b|mastercard|\bamex\b|american express|\bcv[cv]\b|karte\b|\bcarte\b|\btarjeta"
    r"|\bcartão|карт|卡|カード",
    re.IGNORECASE,
)
_CARDS_IN_DOCS = """
4111111111111111 4242424242424242 4012888888881881 4000056655665556 4005519200000004 4222222222222
5555555555554444 5105105105105100 5200828282828210 2223003122003222 5454545454545454 378282246310005
371449635398431 378734493671000 30569309025904 38520000023237 3056930009020004 6011111111111117
6011000990139424 6011000000000004 3530111333300000 3566002020360505 6200000000000005 5019717010103742
"""
_TEST_CARDS = frozenset(_CARDS_IN_DOCS.split())
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?:[ -]?[0-9A-Z]{4}){2,7}(?:[ -]?[0-9A-Z]{1,3})?(?!\w)")
_IBANS_IN_DOCS = """
GB82WEST12345698765432 GB29NWBK60161331926819 GB33BUKB20201555555555 DE89370400440532013000
DE75512108001245126199 FR1420041010050500013M02606 FR7630006000011234567890189 NL91ABNA0417164300
ES9121000418450200051332 IT60X0542811101000000123456 CH9300762011623852957 BE68539007547034
AT611904300234573201 PT50000201231234567890154 SE4550000000058398257466 NO9386011117947
DK5000400440116243 FI2112345600000785 IE29AIBK93115212345678 PL61109010140000071219812874
"""
_TEST_IBANS = frozenset(_IBANS_IN_DOCS.split())
"""Numbers that processors and the registry of IBANs publish for tests and examples."""


def cards(text: str) -> Iterator[Span]:
    """Payment cards: the length and first digits of an issuer and Luhn's check, grouped as on a card or near
    a word that says so. Examples are the processors' test numbers and made-up ones."""
    luhn = _library("stdnum.luhn")
    for found in _CARD.finditer(text):
        digits = re.sub(r"\D", "", found[0])
        if not _ISSUER.match(digits) or not luhn.is_valid(digits):
            continue
        if digits == found[0] and not near(_PAID, text, found.span(), after=20):
            continue
        yield Span(found.start(), found.end(), digits in _TEST_CARDS or _made_up_card(digits))


def _made_up_card(digits: str) -> bool:
    return counts_up(digits) or len(set(digits)) <= 3


def ibans(text: str) -> Iterator[Span]:
    """International bank account numbers, by their check digits and the format of their country."""
    iban = _library("stdnum.iban")
    for found in _IBAN.finditer(text):
        # A word in capitals may follow: the number is the longest part that checks out.
        for end in _ends(found[0]):
            compact = re.sub("[ -]", "", found[0][:end])
            if iban.is_valid(compact):
                example = compact in _TEST_IBANS or counts_up(compact[4:])
                yield Span(found.start(), found.start() + end, example)
                break


def _ends(candidate: str) -> list[int]:
    return [len(candidate), *(at for at in range(len(candidate) - 1, 14, -1) if candidate[at] in " -")]


# --------------------------------------------------------------------------------- identity numbers

_IDENTITIES = (  # the module of python-stdnum that checks it, how it is written, a word it must stand by
    ("us.ssn", r"\d{3}-\d{2}-\d{4}", ""),
    ("us.ssn", r"\d{3} ?\d{2} ?\d{4}", r"\bSSN\b|social security"),
    ("es.dni", r"\d{8}-?[A-Z]", ""),
    ("es.nie", r"[XYZ]-?\d{7}-?[A-Z]", ""),
    ("it.codicefiscale", r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]", ""),
    ("fr.nir", r"[12] ?\d{2} ?\d{2} ?\d[\dAB] ?\d{3} ?\d{3} ?\d{2}", ""),
    ("be.nn", r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}", ""),
    ("br.cpf", r"\d{3}\.\d{3}\.\d{3}-\d{2}", ""),
    ("cn.ric", r"\d{17}[\dX]", ""),
    ("fi.hetu", r"\d{6}[-+A]\d{3}[0-9A-Z]", ""),
    ("kr.rrn", r"\d{6}-[1-4]\d{6}", ""),
    ("mx.curp", r"[A-Z]{4}\d{6}[HM][A-Z]{5}[0-9A-Z]\d", ""),
    ("se.personnummer", r"\d{6}[-+]\d{4}", ""),
    ("ca.sin", r"\d{3}[ -]\d{3}[ -]\d{3}", r"\bSIN\b|social insurance|assurance sociale"),
    ("de.idnr", r"\d{2} ?\d{3} ?\d{3} ?\d{3}", r"Steuer-?ID|Identifikationsnummer|IdNr"),
    ("in_.aadhaar", r"\d{4}[ -]?\d{4}[ -]?\d{4}", r"aadhaar|uidai|आधार"),
    ("nl.bsn", r"\d{9}", r"\bBSN\b|burgerservicenummer"),
    ("pl.pesel", r"\d{11}", r"pesel"),
    ("tr.tckimlik", r"\d{11}", r"kimlik|TCKN"),
)


def national_ids(text: str) -> Iterator[Span]:
    """Identity numbers of persons of 18 countries, by their format and check digits; those that are digits
    alone only near the word for them. Examples are made-up ones."""
    for name, pattern, word in _patterns():
        for found in pattern.finditer(text):
            if word and not near(word, text, found.span(), after=20):
                continue
            valid = _library(f"stdnum.{name}").is_valid(found[0].replace(" ", ""))
            # Numbers in the shape of an American one that was never given out are examples, not telephones.
            if valid or name == "us.ssn":
                made_up = counts_up(found[0]) or found[0].startswith("RSSMRA")
                yield Span(found.start(), found.end(), made_up or not valid)


@functools.cache
def _patterns() -> list[tuple[str, re.Pattern[str], re.Pattern[str] | None]]:
    return [
        (
            name,
            re.compile(rf"(?<![\w.,-]){shape}(?![\w]|[.,-]\d)"),
            re.compile(word, re.IGNORECASE) if word else None,
        )
        for name, shape, word in _IDENTITIES
    ]
