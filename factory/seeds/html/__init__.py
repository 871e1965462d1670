"""The extractor: pages of HTML to typed blocks with their place in the file, and to Markdown.

    decode -> mark places -> parse (Lexbor) -> protect formulas, code, tables -> find posts, or
    prune and choose a reading
    -> blocks, without repeats, long quotes of posts above and words of buttons -> check places

Nothing here is learnt, names a site, or calls another extractor.
"""

from factory.seeds.html.blocks import Block
from factory.seeds.html.extract import Decision, Page, explain, extract
from factory.seeds.html.markdown import block_markdown, markdown
from factory.seeds.html.metadata import Metadata
from factory.seeds.html.threads import Post

__all__ = [
    "Block",
    "Decision",
    "Metadata",
    "Page",
    "Post",
    "block_markdown",
    "explain",
    "extract",
    "markdown",
]
