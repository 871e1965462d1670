"""Tells the boilerplate of a page by tag, names, link density, text length and place.

Nothing is taken out of the tree: the result is the nodes to leave out, each with the rule that decided, so
that several readings of a page can be compared cheaply. A rule may not drop a node that holds much of the page's text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import islice

from factory.seeds.html.around import boilerplate, is_links, is_remarks, teasers
from factory.seeds.html.blocks import BLOCK_TAGS
from factory.seeds.html.code import LISTING
from factory.seeds.html.edges import edges
from factory.seeds.html.endings import HEADINGS, Announcement, announcements, endings, opinions
from factory.seeds.html.heads import names_author, names_date
from factory.seeds.html.purpose import Purpose
from factory.seeds.html.tables import GRID
from factory.seeds.html.tree import Index, Node, Siblings, discount, in_document_order, measure, words_of
from factory.seeds.html.unseen import unseen_in
from factory.seeds.html.words import (
    BESIDE,
    BOILERPLATE,
    COMMENTS,
    DOUBTFUL,
    NAVIGATION,
    NOTED,
    OF_PAGE,
    REMARKS,
    REVIEWS,
    names,
)

_NAVIGATION_TAGS = frozenset({"nav", "footer", "aside", "menu", "form", "search"})
_NAVIGATION_ROLES = names(
    """navigation banner contentinfo complementary search dialog alertdialog menu menubar toolbar tablist
    alert tooltip"""
)
_SUSPECT = BOILERPLATE | NAVIGATION | DOUBTFUL
_SUSPECT_NAMES = _SUSPECT | BESIDE | COMMENTS | REVIEWS
_DAYS = names("date published timestamp")
_UNSIGNED = frozenset({"meta", "metadata"})
_SIDES = NAVIGATION | {"sidebar", "toc"}
_NEVER = names("modal popup lightbox cookie cookies consent gdpr footer")
_NUMBERED = re.compile(r"^\s*(?:\w{1,3}\.)+\d*\s")  # before the title of a section: "5.6.15. "
_LETTERS = re.compile(r"[^\W_]+")
_LEADING = 0.5  # of the text of a longer menu are links
_REST = 1200  # characters of prose that the rest of a page must have
_LITTLE_REST = 400  # and beside what is surely none of its content
_REST_UNLINKED = 200  # characters outside of links that the rest of a page must have
_MOSTLY = 0.7
_MANY = 3
_FEW_ARTICLES = 2
_FIRST = 60
# What stands in a line. Elements of a page's own ("mega-menu") are blocks like any other.
_INLINE = names(
    "a abbr b bdi bdo big cite code em font i kbd mark q s samp small strike strong sub sup tt u var #math"
)
_LISTS = names("ul ol dl li p span td")
_LISTING_TAGS = names("ul ol li")
_SAID_BY_TAG = names("list card cards")
_LINKED_BLOCKS = frozenset({"div", "ul", "ol", "section", "p", "li", "dl", "td", "table", "span", "header"})


@dataclass(frozen=True)
class Rules:
    """How strict a reading is. Shares are of the page's text, sizes are characters without white space."""

    veto: float = 0.35
    density: float = 0.6
    listed: float = 0.85
    linked: float = 0.5
    short: int = 40
    prose: int = 200
    beside: float = 0.12
    names: bool = True
    endings: bool = True


STRICT = Rules()
LINKED = Rules(veto=0.5, density=1.01, linked=1.01, short=0)
OFFER = replace(LINKED, density=0.85)
RELAXED = Rules(veto=0.12, density=0.85, short=0, beside=0, names=True, endings=False)
LEAST = Rules(veto=0.05, density=1.01, short=0, names=False, endings=False)


@dataclass(frozen=True)
class Survey:
    """What all readings of a page share: what it is for, its nodes in order, its main elements, its headings, the nodes
    at or above code, those whose tag or names may tell boilerplate, blocks that hold several links, what a browser with
    scripts does not show, the characters of prose without that, the words by which comments on it are told (on the page
    of a product what buyers say too; none on that of a forum), and boilerplate is, whether it lists articles, the
    classes that name days of its parts, what stands around its content by place, and the rules by which it was read so
    far."""

    purpose: Purpose
    order: Sequence[Node]
    mains: Sequence[Node]
    headings: Sequence[Announcement]
    coded: Set[Node]
    suspects: Sequence[Node]
    linking: Sequence[Node]
    unseen: Mapping[Node, str]
    prose: int
    comments: frozenset[str]
    boilerplate: frozenset[str]
    listed: bool
    days: Set[str]
    outer: Mapping[Node, str]
    read: list[Rules] = field(default_factory=list)


def survey(index: Index, purpose: Purpose, title: str) -> Survey:
    """Looks over a page, its nodes measured, before it is read. What readers wrote is the content of a forum, but for
    what buyers say of a product; a published article has more beside it."""
    order = index.order
    unseen = unseen_in(index)
    discount(list(unseen))
    outer = edges(index, title, unseen)
    headings = announcements(index, product=purpose.product)
    listings = [node for node in order if node.tag == LISTING]
    coded = {above for node in listings for above in (node, *node.above())}
    mains = [node for node in (*index.tags["main"], *index.attributes["role"]) if is_main(node)]
    told = (
        *index.tagged("header", *_NAVIGATION_TAGS),
        *index.having("role", "id"),
        *index.named(_SUSPECT_NAMES),
    )
    suspects = [node for node in in_document_order(told) if node is not order[0]]
    linking = [node for node in order if node.links > 2 and (node.tag in _LINKED_BLOCKS or "-" in node.tag)]
    if purpose.published:
        linking = in_document_order([*linking, *teasers(index)])
    mains, prose = in_document_order(mains), order[0].prose
    comments: frozenset[str] = frozenset()
    if purpose.product or not purpose.forum:
        comments = _comments(suspects) | (REVIEWS if purpose.product else frozenset())
    listed = len(index.tags["article"]) > _FEW_ARTICLES
    days: Set[str] = frozenset() if purpose.published else _days(suspects)
    named = boilerplate(suspects, order[0]) if purpose.published else BOILERPLATE
    return Survey(
        purpose,
        order,
        mains,
        headings,
        coded,
        suspects,
        linking,
        unseen,
        prose,
        comments,
        named,
        listed,
        days,
        outer,
    )


def prune(page: Survey, rules: Rules) -> dict[Node, str]:
    """The nodes of a page to leave out, and why. The sizes of nodes are measured without them afterwards."""
    dropped = dict(page.unseen)
    if page.read:
        measure(page.order)
        discount(list(dropped))
    page.read.append(rules)
    steps = (_drop_named, _drop_outer, _drop_endings, _drop_linked)
    for drop in (_drop_tagged, *steps) if rules is LINKED else steps:
        before = len(dropped)
        drop(page, rules, dropped)
        discount(list(dropped), before)
    return dropped


def is_main(node: Node) -> bool:
    """Whether a page says that this is its main content."""
    return node.tag == "main" or node.attributes.get("role") == "main"


def _drop_tagged(page: Survey, rules: Rules, dropped: dict[Node, str]) -> None:
    """Drops by tag and role alone, so that header and footer count nothing in the shares of what is dropped next."""
    _drop_named(page, replace(rules, names=False), dropped)


def _drop_named(page: Survey, rules: Rules, dropped: dict[Node, str]) -> None:
    """Drops by tag, role and names; what holds more than the veto's share of the text stays."""
    root = page.order[0]
    allowed = rules.veto * root.size
    passed = 0
    for node in page.suspects:
        if node.number <= passed:
            continue
        small = node.size <= allowed or _is_never_content(node, root)
        small = small or (page.purpose.published and is_remarks(node, root, page.comments))
        if small and (why := _boilerplate(node, page, rules)):
            passed = node.last
            if not is_out(node, dropped):
                dropped[node] = why


def _drop_outer(page: Survey, rules: Rules, dropped: dict[Node, str]) -> None:
    """Drops what stands around the content by its place."""
    dropped |= {node: why for node, why in page.outer.items() if not is_out(node, dropped)}


def _leads_away(node: Node) -> bool:
    """Whether this is the navigation of a site."""
    named = (
        node.tag == "nav" or node.attributes.get("role") == "navigation" or not _SIDES.isdisjoint(node.words)
    )
    return named and node.linked > _MOSTLY * node.size


def is_out(node: Node, dropped: Container[Node]) -> bool:
    """Whether a node or one above it is dropped."""
    one: Node | None = node
    while one is not None:
        if one in dropped:
            return True
        one = one.parent
    return False


def _comments(suspects: Sequence[Node]) -> frozenset[str]:
    """The words by which this page names what its readers wrote below it. Where most of what is named a comment is by
    nobody, it explains declarations: generators of documentation call it so."""
    passed = size = signed = 0
    for node in suspects:
        if node.number > passed and not REMARKS.isdisjoint(node.words):
            passed = node.last
            size += node.size
            if any(names_author(one) or names_date(one) or one.tag == "form" for one in node.walk()):
                signed += node.size
    return COMMENTS if 2 * signed >= size else COMMENTS - REMARKS


def _days(suspects: Sequence[Node]) -> set[str]:
    """The classes of three paragraphs or more that are named after a day: each tells that of a part, a release."""
    dated = (node for node in suspects if node.tag == "p" and not _DAYS.isdisjoint(node.words))
    told = Counter(node.attributes.get("class", "") for node in dated)
    return {name for name, count in told.items() if count >= _MANY}


def _boilerplate(node: Node, page: Survey, rules: Rules) -> str:
    """Why a node is boilerplate by its tag, role or names; nothing where it is not."""
    role = node.attributes["role"].lower() if "role" in node.attributes else ""
    speaks = node.prose >= rules.prose and node.linked < 0.3 * node.size
    if role == "tablist" and speaks:
        return ""  # an accordion
    words = node.words
    noted = not NOTED.isdisjoint(words)
    if role in _NAVIGATION_ROLES:
        return f"role {role}"
    if node.tag in _NAVIGATION_TAGS and not (noted and node.tag == "aside"):
        return f"tag {node.tag}"
    if node.tag == "header":
        return "" if _is_titled(node, page.listed) else "header without the title"
    if _SUSPECT_NAMES.isdisjoint(words) or not rules.names or node.value is not None:
        return ""
    if node.tag in ("body", "main", "article", "a", "button") or node.tag in _INLINE or node.tag in HEADINGS:
        return ""  # the id of a heading is made of its own words
    if not _SUSPECT.isdisjoint(words) and (node in page.coded or _is_caption(node)):
        return ""  # a section that is about "sharing" in a program, the frame of a "language", a label of a theorem
    if _is_chapter(node):
        return ""
    leads = not speaks and (node.size < rules.prose or node.linked >= _LEADING * node.size)
    if found := page.boilerplate & words or (leads and NAVIGATION & words):
        return f"named {min(found)}"
    if found := page.comments & words:
        return f"comments, named {min(found)}"
    if not COMMENTS.isdisjoint(words):
        return ""
    share = max(rules.beside, rules.veto) if page.purpose.published else rules.beside
    beside = node.size <= share * page.order[0].size and BESIDE & words
    if beside and beside <= _DAYS and node.attributes.get("class", "") in page.days:
        return ""
    if beside and not _is_about_part(node, beside):
        return f"beside the content, named {min(beside)}"
    said = _SAID_BY_TAG if node.tag in _LISTING_TAGS else frozenset()
    if found := DOUBTFUL & words - said:
        if speaks:
            return ""
        if node.linked > rules.linked * node.size:
            return f"named {min(found)}, mostly links"
        stays = noted or (node.tag == "dl" and not _tells_of_page(node))
        short = node.size < rules.short and not stays
        return f"named {min(found)}, very short" if short and not _is_one_of(node, rules.short) else ""
    return ""


def _is_about_part(node: Node, said: Set[str]) -> bool:
    """Whether what is named as data on an article is rather a table, or tells neither of an author nor of a date: in
    which version a function was added."""
    below = node.preorder()
    if any(one.tag == GRID for one in below):
        return True
    return said <= _UNSIGNED and not any(names_author(one) or names_date(one) for one in below)


def _is_one_of(node: Node, short: int) -> bool:
    """Whether the first of those beside it that are of the same make are mostly not as short: cards."""
    made = node.attributes.get("class")
    if made is None or node.parent is None:
        return False
    beside = (one for one in islice(node.parent.children, _FIRST) if isinstance(one, Node))
    alike = [one.size >= short for one in beside if one.attributes.get("class") == made]
    return 2 * sum(alike) > len(alike)


def _tells_of_page(definitions: Node) -> bool:
    """Whether a list of definitions says by whom and of when a page is, as reStructuredText sets it below a title."""
    terms = {
        node.text().strip().rstrip(":").strip().lower() for node in definitions.walk() if node.tag == "dt"
    }
    return bool(terms) and terms <= OF_PAGE


def _is_titled(header: Node, listed: bool) -> bool:
    """Whether a header is that of an article, with its title, or that of a section, with its heading; of a `listed`
    article that speaks, the title may link to the whole."""
    if header.linked > 0.5 * header.size:
        above = header.parent
        return listed and above is not None and above.tag == "article" and above.prose > 0
    tags = HEADINGS if any(above.tag == "section" for above in header.above()) else ("h1",)
    return any(below.tag in tags for below in header.walk())


def _is_caption(node: Node) -> bool:
    """Whether this is the caption of a table or a listing, or a part of a heading or a caption."""
    siblings = node.parent.elements if node.parent is not None else [node]
    if node.tag == "figcaption":
        return any(_holds_data(sibling) for sibling in siblings)
    if "caption" in node.words:
        at = siblings.index(node)
        return any(_holds_data(sibling) for sibling in siblings[at + 1 : at + 2])
    if node.tag != "span":
        return False
    above = next((one for one in node.above() if one.tag in BLOCK_TAGS), None)
    return above is not None and (above.tag in HEADINGS or above.tag == "figcaption")


def _holds_data(node: Node) -> bool:
    return any(below.tag in (GRID, LISTING) for below in node.walk())


def _is_chapter(node: Node) -> bool:
    """Whether a node's id is made of the heading that it begins with, or of words in it where much is said below, and
    its classes make it no more suspicious."""
    mark = node.attributes.get("id", "")
    first = next((child for child in node.elements if child.size), None) if mark else None
    if first is None or first.tag not in HEADINGS:
        return False
    heading, named = _LETTERS.findall(_NUMBERED.sub("", first.text().lower())), _LETTERS.findall(mark.lower())
    titled = heading == named or (node.prose >= _LITTLE_REST and set(named) <= set(heading))
    return titled and _SUSPECT_NAMES.isdisjoint(words_of([node.attributes.get("class", "")])[0])


def _is_never_content(node: Node, root: Node) -> bool:
    """Whether no size makes this content: terms of use in a dialog may be longer than the page, and so may a menu."""
    if _leads_away(node):
        return root.size - root.linked - (node.size - node.linked) >= _REST_UNLINKED
    rest = root.prose - node.prose
    if node.tag == "footer" or node.attributes.get("role") == "contentinfo":
        return rest >= _LITTLE_REST
    named = ("class" in node.attributes or "id" in node.attributes) and not _NEVER.isdisjoint(node.words)
    return rest >= _REST and (named or node.attributes.get("role") == "dialog")


def _drop_linked(page: Survey, rules: Rules, dropped: dict[Node, str]) -> None:
    """Drops blocks that are mostly links, the largest first, unless they hold much of what is left. In lists and in
    sentences words stand between the links, or words announce them."""
    root = page.order[0]
    allowed = rules.veto * root.size
    siblings = Siblings()
    for node in page.linking:
        least = max(rules.density, rules.listed) if node.tag in _LISTS else rules.density
        if least * node.size >= node.linked or is_out(node, dropped):
            continue
        if node.size > allowed and not (page.purpose.published and is_links(node, root)):
            continue
        if not (node.tag in ("ul", "ol") and _is_announced(node, rules, siblings)):
            dropped[node] = f"links are {node.linked / max(node.size, 1):.0%} of its text"


def _is_announced(node: Node, rules: Rules, siblings: Siblings) -> bool:
    """Whether the words before a list end with a colon, or it is part of a list that has words."""
    before = siblings.before(node)
    if before is not None and before.text().rstrip().endswith((":", "\uff1a")):
        return True
    above = node.parent.parent if node.parent is not None and node.parent.tag == "li" else None
    return above is not None and above.linked <= rules.listed * above.size


def _drop_endings(page: Survey, rules: Rules, dropped: dict[Node, str]) -> None:
    """Drops what headings announce that is not the content of this page."""
    if rules.endings:
        dropped |= endings(page.headings, page.order[0], dropped)
    if page.comments:
        dropped |= opinions(page.headings, page.order[0], dropped, product=page.purpose.product)
