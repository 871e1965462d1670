"""E-mail and IP addresses."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from validators.personal_data.spans import Span

_EMAIL = re.compile(
    r"(?:(?<![\w.%+/:@-])|(?<=mailto:))(?P<local>[\w%+-]{1,64}(?:\.[\w%+-]{1,64}){0,8})@(?P<domain>(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24})"
    r"(?![\w@-]|\.\w)"
)
_SPELT = re.compile(
    r"(?<![\w.%+/:@-])(?P<local>[\w%+-]{1,64}(?:\.[\w%+-]{1,64}){0,8})(?: ?(?:\(at\)|\[at\]|\{at\}|<at>) ?"
    r"|(?<=\d) at )(?P<domain>(?:[\w-]{1,63}(?:\.| ?(?:\(dot\)|\[dot\]|\{dot\}|<dot>) ?| dot )){1,8}"
    r"[^\W\d_]{2,24})(?![\w@-]|\.\w)",
    re.IGNORECASE,
)
"""``name [at] host [dot] org``; with bare words only behind a digit, since "look at that dot" is no address."""

_RESERVED = re.compile(
    r"(?:^|\.)(?:example\.(?:com|org|net|edu)|(?:[\w-]+\.)?(?:example|test|invalid|localhost|local|internal))$"
    r"|^(?:(?:your|my)?-?(?:domain|company|site|website|email|organi[sz]ation)|acme|foo|bar|test|sample)\.\w+$"
)
"""Domains set aside for examples (RFC 2606, RFC 6761), and those that stand for one's own."""

_NOBODY = re.compile(
    r"(?:your|my)?[._-]?(?:e?mail|name|user(?:name)?|address)|you|me|someone|somebody|anyone|first(?:name)?[._-]?last(?:name)?"
    r"|(?:john|jane)[._-]?doe|foo|bar|test(?:er|ing)?|sample|example"
    r"|git|hg|svn|root|no-?reply|do-?not-?reply|info|support|help|contact|admin|sales|office|press|jobs|careers|privacy"
    r"|security|abuse|legal|webmaster|postmaster|hostmaster|mailer-daemon|hello|service|feedback|newsletter|billing"
)
"""Local parts that name no person: placeholders, programs, and offices."""

_IPV4 = re.compile(r"(?:(?<![\w.:/-])|(?<=://))(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|/\d|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])(?:[0-9a-fA-F]{1,4}:{1,2}){2,7}[0-9a-fA-F]{1,4}(?![\w:]|\.\d|/\d)")
_VERSION = re.compile(
    r"(?:\bv|\bver(?:sion)?|\brelease|\bsection|\bsec\.|§|\bchapter|\btable|\boid)[\s.:=]*$", re.IGNORECASE
)
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
_RESOLVERS = """
8.8.8.8 8.8.4.4 1.1.1.1 1.0.0.1 9.9.9.9 149.112.112.112 208.67.222.222 208.67.220.220
2001:4860:4860::8888 2001:4860:4860::8844 2606:4700:4700::1111 2606:4700:4700::1001 2620:fe::fe
"""
_PUBLIC_SERVICES = frozenset(_RESOLVERS.split())
_VERSION_PARTS = 30


def emails(text: str) -> Iterator[Span]:
    """E-mail addresses; examples are those of reserved domains, placeholders, programs and offices."""
    for found in (*_EMAIL.finditer(text), *_SPELT.finditer(text)):
        local = found["local"].lower()
        domain = re.sub(r" ?[(\[{<]dot[)\]}>] ?| dot ", ".", found["domain"].lower())
        example = (
            _RESERVED.search(domain) is not None or _NOBODY.fullmatch(local.partition("+")[0]) is not None
        )
        yield Span(found.start(), found.end(), example)


def ip_addresses(text: str) -> Iterator[Span]:
    """Addresses of single hosts; examples are those that nobody on the internet has, and public resolvers.

    Version and section numbers ("1.2.3.4", "120.0.0.0") and whole networks are none.
    """
    for pattern in (_IPV4, _IPV6):
        for found in pattern.finditer(text):
            try:
                address = ipaddress.ip_address(found[0])
            except ValueError:
                continue
            if address.version == 4 and _is_version(
                found[0], text[max(0, found.start() - 12) : found.start()]
            ):
                continue
            public = (
                address.is_global
                if address.version == 4
                else address.is_global and address in _GLOBAL_UNICAST
            )
            yield Span(found.start(), found.end(), not public or str(address) in _PUBLIC_SERVICES)


def _is_version(number: str, before: str) -> bool:
    parts = [int(part) for part in number.split(".")]
    return max(parts) <= _VERSION_PARTS or parts[3] == 0 or _VERSION.search(before) is not None
