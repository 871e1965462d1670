"""Footnotes and definition lists as Markdown writes them, put into the tree before blocks are made of it.

A reference to a note becomes ``[^1]`` and the note ``[^1]: ...``, wherever the page keeps its notes; a note
that stands in the running text becomes ``^[...]``; what a list defines begins with ``: ``.
"""

from __future__ import annotations

import re

from factory.seeds.html.tree import Index, Node
from factory.seeds.html.words import names

NOTE = "data-note"
"""The attribute that holds the label of a list item that is a note."""

_NOTES = names("footnote footnotes endnote endnotes fn sidenote marginnote")
_REFERENCE_ROLES = names("doc-noteref noteref")
_LOCAL = re.compile(r"#\S")
_LABEL = re.compile(r"^[\s\[(]*([\w*†‡§¶]{1,8})[\s\])]*$")
_BACK = re.compile(r"^[\s\[(]*(?:[↩↑⤴⏎^▲⇑\ufe0e]+|back|return|jump up|\d{1,3})[\s\]).:]*$", re.I)
_HOLDERS = names("li p div dd aside section td span")
_LONGEST_NOTE = 4000


def mark_notes(index: Index) -> bool:
    """Marks references, notes and definitions among the nodes of a page; says whether there may be any."""
    links = [node for node in index.tags["a"] if _LOCAL.match(node.attributes.get("href", ""))]
    linked = bool(links) and _mark_linked(index, links)
    inline = [node for node in index.named(_NOTES) if node.tag == "span"]
    for node in inline:
        _mark_inline(node)
    return linked or bool(inline)


def _mark_linked(index: Index, links: list[Node]) -> bool:
    """Marks references to places that are named as notes, and the notes there; says whether there were any."""
    wanted = {link.attributes["href"][1:] for link in links}
    targets = {
        node.attributes["id"]: node
        for node in reversed(index.attributes["id"])
        if node.attributes["id"] in wanted and node.tag in _HOLDERS
    }
    notes: dict[Node, str] = {}
    for link in links:
        target = targets.get(link.attributes["href"][1:])
        label = _LABEL.match(link.text(" "))
        if target is None or label is None or target in link.above() or not _is_note(target, link):
            continue
        notes.setdefault(target, label[1])
        link.children = [f"[^{notes[target]}]"]
    for target, label_of in notes.items():
        _mark_note(target, label_of)
    return bool(notes)


def _is_note(target: Node, link: Node) -> bool:
    """Whether a link leads to a note: it says so, or what it leads to, or the list around that, does."""
    said = {link.attributes.get("role", ""), link.attributes.get("epub:type", "")}
    if not _REFERENCE_ROLES.isdisjoint(said) or not _NOTES.isdisjoint(link.words):
        return True
    near = [target, *[above for _, above in zip(range(2), target.above(), strict=False)]]
    return any(
        not _NOTES.isdisjoint(node.words) or "doc-endnote" in node.attributes.get("role", "") for node in near
    )


def _mark_note(target: Node, label: str) -> None:
    """Makes a node the note of that label: its links back, and the number that it begins with, go."""
    for node in list(target.walk()):
        if (
            node.tag == "a"
            and node.attributes.get("href", "").startswith("#")
            and _BACK.match(node.text(" "))
        ):
            node.remove()
    if target.tag == "li":
        target.attributes = {**target.attributes, NOTE: label}
        return
    first = next((node for node in target.walk() if node.tag == "p"), target)
    first.children.insert(0, f"[^{label}]: ")


def _mark_inline(node: Node) -> None:
    """A note within a sentence: its number goes, its words stand in brackets."""
    if any(not _NOTES.isdisjoint(above.words) for above in node.above() if above.tag == "span"):
        return
    for below in list(node.walk()):
        text = below.text()
        if below is not node and (below.tag == "sup" or "tag" in below.words) and _LABEL.match(text):
            below.become("span")
    words = " ".join(node.text().split())
    held = any(below.value is not None for below in node.walk())
    if _LABEL.match(words) or not (words or held) or len(words) > _LONGEST_NOTE:
        return
    node.children = ["^[", *node.children, "]"]
