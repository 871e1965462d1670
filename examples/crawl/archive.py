"""Writes the example pages as a web archive, as a crawler would: python examples/crawl/archive.py"""

from __future__ import annotations

import gzip
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

HERE = Path(__file__).parent
PAGES = HERE.parent / "pages"


def record(address: str, page: bytes) -> bytes:
    """A response record, packed by itself so that a reader can begin at it."""
    reply = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + page
    head = (
        "WARC/1.0\r\nWARC-Type: response\r\n"
        f"WARC-Record-ID: <urn:uuid:{uuid5(NAMESPACE_URL, address)}>\r\n"
        f"WARC-Target-URI: {address}\r\nWARC-Date: 2026-11-21T00:00:00Z\r\n"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(reply)}\r\n\r\n"
    )
    return gzip.compress(head.encode() + reply + b"\r\n\r\n", mtime=0)


def main() -> None:
    """Every page under an address of its own, and the first on a mirror that changed it: crawls meet that."""
    output = HERE / "build/pages.warc.gz"
    output.parent.mkdir(exist_ok=True)
    pages = sorted(PAGES.rglob("*.html"))
    with output.open("wb") as out:
        for page in pages:
            out.write(
                record(f"https://docs.example.org/{page.relative_to(PAGES).as_posix()}", page.read_bytes())
            )
        copy = pages[0].read_bytes().replace(b"</p>", b" A mirror added this.</p>", 1)
        out.write(record(f"https://mirror.example.org/{pages[0].relative_to(PAGES).as_posix()}", copy))
    print(f"{len(pages) + 1} pages in {output}")


if __name__ == "__main__":
    main()
