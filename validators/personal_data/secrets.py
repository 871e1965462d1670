"""Passwords, keys and tokens."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from validators.personal_data.spans import Span, entropy

_TURN = re.compile(r"(?<=[^\W\d])(?=\d)|(?<=\d)(?=[^\W\d])")
_LEAST_BITS = 3.2
"""Entropy for each character below which a string is a word or a pattern; random letters and digits have 4
and more, hexadecimal ones of 32 about 3.6."""

_KNOWN = re.compile(
    r"(?<![\w-])(?:"
    r"(?:AKIA|ASIA)[0-9A-Z]{16}"  # Amazon
    r"|gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{40,}|glpat-[\w-]{20,}"
    r"|sk-ant-[\w-]{24,}|sk-(?=[A-Za-z_-]*\d)(?:proj-|svcacct-)?[\w-]{32,}|hf_[A-Za-z0-9]{30,}|gsk_[A-Za-z0-9]{40,}"
    r"|AIza[\w-]{35}|ya29\.[\w-]{30,}|GOCSPX-[\w-]{28}"
    r"|xox[abeoprs]-[\w-]{20,}|xapp-[\w-]{30,}"
    r"|[sr]k_live_[A-Za-z0-9]{16,}|SG\.[\w-]{20,}\.[\w-]{30,}|sq0[a-z]{3}-[\w-]{22,}"
    r"|npm_[A-Za-z0-9]{36}|pypi-[\w-]{50,}|dop_v1_[0-9a-f]{64}|dckr_pat_[\w-]{20,}|shp(?:at|ss|ca)_[0-9a-f]{32}"
    r"|\d{8,10}:AA[\w-]{33}"  # bots of Telegram
    r")(?![\w-])"
)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?:[A-Z]{2,9} ){0,2}PRIVATE KEY(?: BLOCK)?-----\s+(?P<body>[A-Za-z0-9+/=\s:,-]{64,})"
)
_JWT = re.compile(r"(?<![\w-])eyJ[\w-]{10,}\.(?P<claims>eyJ[\w-]{10,})\.[\w-]{20,}")
_IN_ADDRESS = re.compile(
    r"\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@'\"]{1,64}:(?P<value>[^\s:/@'\"]{6,128})@(?P<host>[\w.-]{1,128})"
)
_ASSIGNED = re.compile(
    r"(?:(?:api|access|auth|account|secret|private|client|encryption|signing|master)[_ -]?key|token|secret"
    r"|passw(?:or)?[dt]|passphrase|pwd|bearer|senha|contraseña|mot de passe|пароль|密码)(?:[_-]?id)?[\"']?"
    r"(?:\s{0,3}(?::=|=>|[:=：])\s{0,3}|\s+is\s+|(?<=bearer)\s)"
    r"(?P<quote>[\"'`]?)(?P<value>[\w+/=.~!@#$%^&*-]{12,128})(?P=quote)(?![\w(\[])",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"example|sample|dummy|fake|placeholder|change[-_]?me|your|insert|replace|redacted|hidden|xxx|\*\*\*|\.\.\.|todo"
    r"|password|secret|s3cr3t|token|s3kr3t|hunter2|correct-?horse|letmein|qwerty|foobar|test|demo|mock"
    r"|0123456789|123456|abcdef|deadbeef|(.)\1{5}|lorem",
    re.IGNORECASE,
)
_NOT_LITERAL = re.compile(r"^[$%.]|(?:os|self|process|config|settings|request|args|env)\.", re.IGNORECASE)
_MADE_UP_CLAIMS = re.compile(r"jwt\.io|John Doe|1234567890|example", re.IGNORECASE)


def secrets(text: str) -> Iterator[Span]:
    """Keys with a known beginning, private keys, tokens of sessions, passwords in addresses, and random
    strings that are assigned to something called a key, token or password. Placeholders are examples."""
    for found in _PRIVATE_KEY.finditer(text):
        body = "".join(found["body"].split())
        yield Span(found.start(), found.end(), entropy(body) < 4 or _is_placeholder(body))
    for found in _JWT.finditer(text):
        yield Span(found.start(), found.end(), _MADE_UP_CLAIMS.search(_claims(found["claims"])) is not None)
    for found in _KNOWN.finditer(text):
        yield Span(found.start(), found.end(), _is_placeholder(found[0]) or entropy(found[0]) < _LEAST_BITS)
    for found in _IN_ADDRESS.finditer(text):
        local = (
            re.search(r"^(?:localhost|127\.|db$|host)|example|\.(?:test|local)$", found["host"]) is not None
        )
        yield Span(*found.span("value"), local or _weak(found["value"]))
    for found in _ASSIGNED.finditer(text):
        value = found["value"]
        if not _NOT_LITERAL.search(value) and _random(value) and entropy(value) >= _LEAST_BITS:
            yield Span(*found.span("value"), _is_placeholder(value))


def _is_placeholder(value: str) -> bool:
    return _PLACEHOLDER.search(value) is not None


def _weak(value: str) -> bool:
    """ "pass", "password", "${PASSWORD}": what stands for a password."""
    return _is_placeholder(value) or not _mixed(value) or re.search(r"[<>{}$%]", value) is not None


def _mixed(value: str) -> bool:
    """Letters and digits both: what a generator of keys makes."""
    return any(map(str.isdigit, value)) and any(map(str.isalpha, value))


def _random(value: str) -> bool:
    """Whether letters and digits take turns in some part of it, as they do in no name or path."""
    return any(len(_TURN.findall(part)) >= 3 for part in re.split(r"[-_./]", value) if len(part) >= 10)


def _claims(part: str) -> str:
    """What a token says of its owner, as JSON; empty where it cannot be read."""
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""
