"""Tells what a page is for: what it says so, and whether the posts that were found are that, or stand below it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from factory.seeds.html.groups import FLOOR, NUMBERED, UNITS, Group
from factory.seeds.html.heads import names_author, person_kind
from factory.seeds.html.letters import writes_letter
from factory.seeds.html.metadata import Head, is_article, is_product, is_published
from factory.seeds.html.tree import Index, Node
from factory.seeds.html.words import names

_FORUM_ITEMS = frozenset({"qapage", "discussionforumposting"})
_FORUM_WORDS = names("forum forums thread topic viewtopic showthread question qa discussion")
_FORUM_ADDRESS = re.compile(
    r"//(?:[\w-]+\.)*(?:forums?|discuss\w*|community|bbs|board)\.|/(?:forums?|threads?|topics?|t|questions?|discussions?|boards?|bbs|talk"
    r"|viewtopic\w*|showthread\w*|viewthread\w*)(?=[/.?-]|$)|[?&](?:topic|tid|thread)=?\d",
    re.I,
)
_FORUM_NAME = re.compile(
    r"forum\b|view topic|\b(?:bug|issue|ticket|discussion)s?(?: report)?\s?#\d|^\[[A-Z]{2,}-\d+\]"
    r"|\b(?:forums|foros?|fórum|fóra|foorumi?|message boards?|bbs|форум|φόρουμ|diễn đàn|hỏi đáp)\b"
    r"|论坛|論壇|社区|社區|问答|問答|讨论区|討論區|贴吧|小组|看板|掲示板|포럼|게시판|커뮤니티"
    r"|กระทู้|บอร์ด|منتد|انجمن|פורום",
    re.I,
)
# Programs of boards, as they call themselves in the head and at the foot of their pages.
_PROGRAM = re.compile(
    r"\b(?:phpBB|vBulletin|XenForo|Discuz|MyBB|SMF|Simple Machines|YaBB|UBB\.threads|[pP]unBB|FluxBB|Invision|IP\.Board"
    r"|Burning Board|WoltLab|phpwind|NodeBB|Flarum|Discourse|Vanilla Forums|Kunena|nForum|Phorum|FUDforum|Xiuno"
    r"|JForum)\b"
)
_FOOT = 60  # nodes at the end of a page
_OF_POST = re.compile(
    r"#.*|[?&](?:p|pid|post|postid|page|authorid|msg|do|comment)=[^&#]*|[-/](?:post|p|page)?-?\d+$", re.I
)
_REMARKS = names("comment comments review reviews comentario commentaire kommentar")
# What a click on a post does, in the languages of many boards: answers it, quotes it, reports it.
_ANSWERED = re.compile(
    r"\W*(?:reply|quote|report|antworten|zitieren|melden|répondre|citer|signaler|responder|citar|denunciar|reportar"
    r"|rispondi|cita|segnala|reageer|reageren|citeer|quoten|odpowiedz|cytuj|zgłoś|odpovědět|citovat|svara|citera|svar"
    r"|vastaa|lainaa|válasz|răspunde|yanıtla|cevapla|alıntıla|şikayet|ответить|цитировать|цитата|пожаловаться"
    r"|відповісти|цитувати|απάντηση|trả lời|trích dẫn|báo xấu|balas|kutip|ตอบกลับ|แจ้งลบ|رد|اقتباس|إبلاغ|پاسخ|نقل قول"
    r"|回复|回覆|回應|回应|引用|举报|檢舉|返信|通報|답글|답변|신고)\W*(?:\(\d+\)\W*)?",
    re.I,
)
_LONGEST_CLICK = 24
_RANK = re.compile(r"\s*No\.\s?(\d{3,12})\s*")
_JUDGED = 10
_MOST = 0.6  # of the first units
_NOTHING_ELSE = 0.9  # of a page's words, in posts side by side: a thread by whatever names


@dataclass(frozen=True)
class Purpose:
    """What a page says that it is for, in its head, its names and its address; more than one may be said."""

    product: bool
    article: bool
    published: bool
    """An article, and not only by what many systems say of each page."""
    forum: bool
    """A thread, a board or a question, by its names and microdata."""
    thread: bool
    """That, or by its address."""


def purpose_of(index: Index, head: Head) -> Purpose:
    """What a page, indexed, says that it is for."""
    forum = _is_named_forum(index, head)
    address = head.links.get("canonical") or head.meta.get("og:url", "")
    return Purpose(
        product=is_product(head, index.order[0].words),
        article=is_article(head),
        published=is_published(head),
        forum=forum,
        thread=forum or _FORUM_ADDRESS.search(address) is not None,
    )


def is_of_board(index: Index, head: Head) -> bool:
    """Whether a page names the program of a board that made it: a thread, or a list of them."""
    if _PROGRAM.search(head.meta.get("generator", "")):
        return True
    foot = (child for node in index.order[-_FOOT:] for child in node.children if isinstance(child, str))
    return any(map(_PROGRAM.search, foot))


def _is_named_forum(index: Index, head: Head) -> bool:
    """Whether a page is named a thread, a board or a question: in its title, by its body's names, or its microdata."""
    if _FORUM_NAME.search(f"{head.title} {head.meta.get('og:site_name', '')}"):
        return True
    if not _FORUM_WORDS.isdisjoint(index.order[0].words):
        return True
    if any(re.search(r'"(?:QAPage|DiscussionForumPosting)"', text) for text in head.json_ld):
        return True
    kinds = {node.attributes["itemtype"].rpartition("/")[2].lower() for node in index.attributes["itemtype"]}
    return not kinds.isdisjoint(_FORUM_ITEMS) or ("question" in kinds and "faqpage" not in kinds)


def is_thread(
    root: Node,
    units: Sequence[Node],
    group: Group,
    opening: Node | None,
    *,
    forum: bool,
    board: bool = False,
    signed: bool = True,
) -> bool:
    """Whether the posts are what the page is for, which may say that it is a `forum`, or that a `board` made it. Those
    that nobody `signed` are told by numbers or by what a click on them does."""
    within = set(units)
    covered = sum(place.unlinked for place in group.members if within.isdisjoint(place.node.above()))
    if opening is not None:
        covered += opening.size - opening.linked
    share = covered / max(root.size - root.linked, 1)
    members = [place.node for place in group.members]
    if forum:
        return share >= (0.1 if group.named else 0.4)
    linking, alike = _links_to_threads(members)
    if alike < _MOST <= linking:
        return False  # a list of threads
    if alike >= _MOST and share >= 0.4:
        return True
    words = frozenset().union(*(node.words for unit in members[:5] for node in (unit, *unit.elements)))
    remarks = not words.isdisjoint(_REMARKS)
    asked = opening is not None and not _FORUM_WORDS.isdisjoint(opening.words)
    signed_alike = opening is not None and _signed_alike(opening, members)
    beside_article = remarks and opening is not None and not asked and not signed_alike
    alone = share >= _NOTHING_ELSE and len({node.parent for node in members}) == 1
    told = board or (signed and (group.named or alone or signed_alike or _most(members, _holds_post)))
    told = told or _are_numbered(members) or _most(members, _is_answered) or _most(members, writes_letter)
    return told and share >= (0.75 if remarks else 0.6) and not beside_article


def _most(units: Sequence[Node], tells: Callable[[Node], bool]) -> bool:
    """Whether something is told of most of the first units."""
    first = units[:_JUDGED]
    return sum(map(tells, first)) >= _MOST * len(first)


def _holds_post(unit: Node) -> bool:
    return any("class" in node.attributes and not UNITS.isdisjoint(node.words) for node in unit.walk())


def _is_answered(unit: Node) -> bool:
    texts = (child for node in unit.walk() for child in node.children if isinstance(child, str))
    return any(len(text) <= _LONGEST_CLICK and _ANSWERED.fullmatch(text) is not None for text in texts)


def _are_numbered(units: Sequence[Node]) -> bool:
    """Whether units count up ("#7", "B7", "7楼"), as the posts of boards do, or the posts of all threads of a board do
    ("No.88120")."""
    steps: Counter[int] = Counter()
    ranks: list[int] = []
    for place, unit in enumerate(units[:_JUDGED]):
        texts = [child for node in unit.walk() for child in node.children if isinstance(child, str)]
        found = {int(number[1] or number[2]) for text in texts if (number := FLOOR.fullmatch(text))}
        steps.update({number - place for number in found})
        ranks += [int(number[1]) for text in texts if (number := _RANK.fullmatch(text))][:1]
    most = 0.8 * min(len(units), _JUDGED)
    if len(units) > 2 and len(ranks) >= most and all(one < next for one, next in pairwise(ranks)):
        return True
    return len(units) > 2 and bool(steps) and steps.most_common(1)[0][1] >= most


def _links_to_threads(units: Sequence[Node]) -> tuple[float, float]:
    """The shares of the first units that have links by which boards address threads, and the same one."""
    told: Counter[str] = Counter()
    linking = 0
    for unit in units[:_JUDGED]:
        links = (
            f"/{node.attributes.get('href', '')}"
            for node in unit.walk()
            if node.tag == "a" and not person_kind(node)
        )
        topics = {_topic(link) for link in links if _FORUM_ADDRESS.search(link)}
        told.update(topics)
        linking += bool(topics)
    judged = min(len(units), _JUDGED)
    return linking / judged, max(told.values(), default=0) / judged


def _topic(address: str) -> str:
    """An address without what tells a post in a thread from the others."""
    return _OF_POST.sub("", address)


def _signed_alike(opening: Node, units: Sequence[Node]) -> bool:
    """Whether a post before a group names its author as those of the group do: an article is signed in another way."""
    ways = _signatures(opening)
    return _most(units, lambda unit: not ways.isdisjoint(_signatures(unit)))


def _signatures(unit: Node) -> frozenset[str]:
    """The names of the nodes that tell an author, and the kinds of address by which they link to one, but for "/@":
    whole platforms of blogs call all people so."""
    told = [node for node in unit.walk() if names_author(node) and person_kind(node) != "/@"]
    ways = {NUMBERED.sub("#", node.attributes.get("class", "")) for node in told}
    return frozenset(ways | {person_kind(node) for node in told}) - {""}
