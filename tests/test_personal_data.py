"""personal_data: what could be somebody's is caught and never shown; what is made for examples passes."""

from __future__ import annotations

import asyncio
import importlib
import itertools
import random
import string
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.errors import FactoryError
from factory.plugins import Validator, instantiate
from factory.records import Chat, Message, Preference, Sample, Text, Verdict
from factory.seeds.html import extract, markdown
from validators.personal_data import KINDS, REASONS, PersonalData
from validators.personal_data.spans import masked

PAGES = sorted((Path(__file__).parent.parent / "examples/pages").rglob("*.html"))
ALPHANUMERIC = string.ascii_letters + string.digits
CHANCE = random.Random(7)


def judged(sample: Sample, **settings: Any) -> Verdict:
    plugin = cast("Validator", PersonalData)
    return asyncio.run(instantiate(plugin, plugin.settings(**settings)).check(sample, None))


def drawn(length: int, letters: str = ALPHANUMERIC) -> str:
    """A string without meaning, the same in every run; no key of anybody stands in this file."""
    return "".join(CHANCE.choices(letters, k=length))


def card(start: str, length: int = 16, group: str = "") -> str:
    """A number that passes Luhn's check."""
    body = start + drawn(length - len(start) - 1, string.digits)
    doubled = [int(digit) * (2 - at % 2) for at, digit in enumerate(reversed(body))]
    check = -sum(value - 9 * (value > 9) for value in doubled) % 10
    number = f"{body}{check}"
    return group.join(number[at : at + 4] for at in range(0, length, 4)) if group else number


def iban(country: str, account: str) -> str:
    """An account number with its check digits (ISO 7064)."""
    digits = "".join(str(int(char, 36)) for char in f"{account}{country}00")
    return f"{country}{98 - int(digits) % 97:02d}{account}"


def identity(module: str, shape: str) -> str:
    """A number in that shape ("?" for a drawn digit, "#" for a check digit or letter) that its country takes."""
    check = importlib.import_module(f"stdnum.{module}")
    for _ in range(500):
        body = "".join(drawn(1, string.digits) if char == "?" else char for char in shape)
        for ends in itertools.product(string.digits + string.ascii_uppercase, repeat=shape.count("#")):
            rest = iter(ends)
            number = "".join(next(rest) if char == "#" else char for char in body)
            if check.is_valid(number):
                return number
    raise AssertionError(f"no {module} in the shape {shape}")


PLANTED = [
    ("email", "maria.lindqvist84@gmail.com"),
    ("email", "p_okafor+bees@cs.some-university.ac.uk"),
    ("email", "мария@почта.рф"),
    ("phone", "+49 30 901820"),
    ("phone", "+442071838750"),
    ("phone", "(212) 736-5000"),
    ("phone", "415-867-5309"),
    ("card", card("4539", group=" ")),
    ("card", card("5412", group="-")),
    ("iban", iban("DE", "500105175407324931")),
    ("iban", " ".join(["AT" + iban("AT", "2011178563201487")[2:4], "2011", "1785", "6320", "1487"])),
    ("ip", "84.115.203.17"),
    ("ip", "2a02:8388:6bc0:4d80::17"),
    ("secret", "AKIA" + drawn(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")),
    ("secret", "ghp_" + drawn(36)),
    ("secret", "sk-" + "proj-" + drawn(48)),
    ("secret", "xoxb-" + drawn(12, string.digits) + "-" + drawn(24)),
    ("secret", f"-----BEGIN RSA {'PRIVATE'} KEY-----\n{drawn(64)}\n{drawn(64)}\n-----END RSA"),
    ("national_id", "536-90-4399"),
    ("national_id", identity("it.codicefiscale", "BNCLRA85C4?F205#")),
    ("national_id", identity("br.cpf", "52?.9??.2??-##")),
    ("national_id", identity("be.nn", "85.07.30-0??.##")),
    ("national_id", identity("cn.ric", "11010519491231???#")),
    ("national_id", identity("es.dni", "54362?1?#")),
    ("national_id", identity("fi.hetu", "131052-30?#")),
    ("national_id", identity("fr.nir", "2 95 10 99 126 1?? ##")),
    ("national_id", identity("se.personnummer", "880320-0??#")),
]
NEEDS_A_WORD = [
    ("phone", "Please call {} after six.", "4158675309"),
    ("card", "Visa card {}, due in May.", card("4539")),
    ("national_id", "Her PESEL is {}.", identity("pl.pesel", "440514013##")),
    ("national_id", "Aadhaar: {}", identity("in_.aadhaar", "2341 2341 23##")),
    ("secret", 'api_key = "{}"', drawn(32)),
    ("secret", "The password is {} on all of them.", "kX9!mQ2#vL7^wp"),
    ("secret", "Use postgres://anna:{}@db.bees.se:5432/hive", "h0ney-" + drawn(8)),
]


@pytest.mark.parametrize(("kind", "value"), PLANTED)
def test_what_could_be_somebodys_is_caught_and_its_clean_twin_passes(kind: str, value: str) -> None:
    verdict = judged(Chat.of("Whom do I ask about bees?", f"Ask this one: {value} (any day)."))
    assert verdict.reason == REASONS[kind]
    [found] = verdict.details["found"]
    assert (found["kind"], found["text"], found["character"]) == (kind, 1, 14)
    assert judged(Chat.of("Whom do I ask about bees?", "Ask this one: the keeper (any day).")).passed


@pytest.mark.parametrize(("kind", "sentence", "value"), NEEDS_A_WORD)
def test_what_is_a_number_by_itself_is_caught_near_the_word_for_it(
    kind: str, sentence: str, value: str
) -> None:
    assert judged(Text.of(sentence.format(value))).reason == REASONS[kind]
    assert judged(Text.of(f"There are {value} of them.")).passed


@pytest.mark.parametrize(("kind", "value"), PLANTED)
def test_a_value_is_never_shown(kind: str, value: str) -> None:
    verdict = judged(Text.of(f"Ask {value}."))
    assert verdict.details["found"][0]["shape"] == masked(value)
    shown = verdict.model_dump_json()
    assert not any(part in shown for part in (value, value[:6], value[-6:]))


@pytest.mark.parametrize(
    "example",
    [
        "Write to anna@example.com, bo@mail.example.org, carl@bees.test or you@yourdomain.com.",
        "Write to support@some-shop.com or noreply@github.com; clone git@github.com:bees/hive.git.",
        "John Doe, john.doe@gmail.com, your.name@company.com, user@host and @handle and a@b.",
        "Call (415) 555-0123, +1 212 555 0199, +44 20 7946 0958, +44 7700 900123 or +33 1 99 00 12 34.",
        "Call 1-800-273-8255, or 123-456-7890, or 111-111-1111.",
        "Ping 192.0.2.17, 198.51.100.4, 10.0.0.1, 127.0.0.1, 192.168.1.20, 8.8.8.8, 2001:db8::1 and fe80::1.",
        "Version 1.2.3.4, Chrome/120.0.6099.71, section 84.115.203.17, 12:30:45, std::vector and a::b::c.",
        "Use the card 4111 1111 1111 1111, 4242 4242 4242 4242 or 5555-5555-5555-4444.",
        "Visa card 4539 1488 0343 6468 fails the check.",
        "The IBAN is GB82 WEST 1234 5698 7654 32 or DE89370400440532013000, not DE00500105175407324931.",
        "AKIAIOSFODNN7EXAMPLE, sk-your-key-goes-right-here-0123456789, ghp_" + "x" * 36,
        'api_key = "YOUR_API_KEY_1234", token = os.environ["TOKEN_2024_V2"], password: changeme123456',
        "cache_key = user_profile_v2_cache_2024, secret = get_secret_value(1), token: refresh-token-v2-name",
        "postgres://user:password@localhost:5432/bees and https://anna:${PASSWORD}@bees.se",
        "SSN 078-05-1120, DNI 12345678Z, CPF 123.456.789-09 and 987-65-4320.",
        "2147483647, 14159265359, 9007199254740993, 0.333333333333, 2024-01-15 10:30, ISBN 978-3-16-148410-0.",
        "Clause 252.227-7013, the years 1990 1995 2000 2005, the sizes 100-200-3000, (1.234) 5.678-9.",
    ],
)
def test_what_is_made_for_examples_or_only_looks_alike_passes(example: str) -> None:
    verdict = judged(Text.of(example), regions=("US", "GB", "DE", "FR"))
    assert verdict.passed, verdict.details


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_real_pages_pass(page: Path) -> None:
    verdict = judged(Text.of(markdown(extract(page.read_bytes()).blocks)))
    assert verdict.passed, verdict.details


def test_kinds_are_a_setting() -> None:
    text = Text.of(f"{PLANTED[0][1]}, {PLANTED[3][1]}")
    assert judged(text).details["counts"] == {"email": 1, "phone": 1}
    assert judged(text, kinds=("phone",)).details["counts"] == {"phone": 1}
    assert judged(text, kinds=("card", "iban")).passed
    with pytest.raises(FactoryError, match="no kind to look for; there are: secret, email"):
        judged(text, kinds=())


def test_regions_are_a_setting() -> None:
    text = Text.of("Ring 0221 88 24 17 70 before noon.")
    assert judged(text).passed and not judged(text, regions=("de",)).passed
    with pytest.raises(FactoryError, match="'XX' is no region"):
        judged(text, regions=("xx",))


def test_domains_and_values_may_be_allowed() -> None:
    text = Text.of("Write to Maria.Lindqvist84@gmail.com or ring +49 30 901820.")
    assert judged(text, allow=("gmail.com", "+49 30 901820")).passed
    assert judged(text, allow=("maria.lindqvist84@gmail.com",)).details["counts"] == {"phone": 1}


def test_what_is_one_kind_is_not_also_another() -> None:
    for kind, value in PLANTED:
        if kind in ("card", "iban", "national_id"):
            assert judged(Text.of(f"Call {value}.")).details["counts"] == {kind: 1}


def test_every_text_of_a_sample_is_looked_through() -> None:
    prompt = (Message(role="system", content="Be kind."), Message(role="user", content="Who?"))
    personal = f"Ask {PLANTED[0][1]}."
    for place, pair in enumerate((("So.", personal), (personal, "So."))):
        verdict = judged(Preference(prompt=prompt, chosen=pair[0], rejected=pair[1]))
        assert verdict.details["found"][0]["text"] == 3 - place
    assert not judged(Chat(messages=(prompt[0], Message(role="tool", content=personal)))).passed


def test_many_finds_are_counted_and_ten_shown() -> None:
    details = judged(Text.of(" ".join(f"bee{at}@hive-mail.se" for at in range(30)))).details
    assert details["counts"] == {"email": 30} and len(details["found"]) == 10


def test_every_kind_is_planted() -> None:
    assert {kind for kind, _ in PLANTED} == set(KINDS) == set(REASONS)


@given(st.text(alphabet='a1.@:-+ ()/="GB4k#\n', max_size=300))
def test_any_text_can_be_looked_through(text: str) -> None:
    assert isinstance(judged(Text.of(text)).passed, bool)


@pytest.mark.parametrize(
    "unit", ["a", "a.", "a@", "1", "1 ", "4111", "key=", "eyJ", "GB82 ", "1.", "a:", "://", "+1"]
)
def test_a_long_text_of_one_piece_is_looked_through_in_proportion_to_its_length(unit: str) -> None:
    judged(Text.of(unit * 20_000))


EVENED = str.maketrans({" ": "\u00a0", "-": "\u2011"}) | {ord(str(n)): 0xFF10 + n for n in range(10)}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"card {card('4539', group=' ')}".translate(EVENED), "card"),
        (f"IBAN {iban('DE', '500105170648489890')}".translate(EVENED), "iban"),
        ("the SSN 536-22-8145 of".translate(EVENED), "national_id"),
        ("SSN: 536 22 8145", "national_id"),
        ("call 415-867-2291".translate(EVENED), "phone"),
        ("maria.kowalska87＠gmail.com", "email"),
        ("[write](mailto:maria.kowalska@gmail.com)", "email"),
        ("maria.kowalska [at] gmail [dot] com", "email"),
        ("maria.kowalska(at)gmail.com", "email"),
        ("maria87 at gmail dot com", "email"),
        ("see http://84.23.190.17/x", "ip"),
        (f"Authorization: Bearer {drawn(40)}", "secret"),
        (f"Passwort: {drawn(16)}", "secret"),
    ],
)
def test_typographic_and_spelt_out_forms_are_found_too(text: str, kind: str) -> None:
    verdict = judged(Text(text=text))
    assert not verdict.passed
    assert [one["kind"] for one in verdict.details["found"]] == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "Solve 415 - 867 - 2291",
        "look at the dot com boom",
        "meet me at (at) noon",
        "http://84.23.190.0/24",
        "a Bearer token",
    ],
)
def test_what_only_looks_like_these_forms_passes(text: str) -> None:
    assert judged(Text(text=text)).passed
