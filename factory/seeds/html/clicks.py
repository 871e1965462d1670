"""What says what a click does, or when a page was changed, not what it is about: "Read more: ...", "Add to cart"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from factory.seeds.html.blocks import Block
from factory.seeds.html.words import EDITED

_LONGEST = 80
_CLICK = re.compile(
    r"""[^\w`]*(?:(?:
      (?:read|learn|view|see|show|load|discover|explore|find\ out)(?:\ (?:more|all|less|full|details?))+
        (?:\ (?:about|on|in|from|of|here|now|posts?|articles?|news|reviews?|photos|products?|specifications?)\b[^.!?]*)?
    | (?:back|skip|jump|return|scroll)\ to\ .{1,40}
    | (?:sign\ (?:up|in|out)|log\ ?(?:in|out)|subscribe|register)(?:\ (?:now|today|here))?
    | (?:shop|buy|order|book|apply|join|enroll?|start|try|contact\ us|get\ started|add\ to\ (?:cart|basket|bag)
        |(?:request|get)\ (?:a|your)\ (?:free\ )?(?:demo|quote)|(?:start\ )?(?:your\ |a\ )?free\ trial)
        (?:\ (?:now|today|here|online|for\ free))?
    | (?:quick\ (?:view|shop|add|buy|look)|add\ to\ (?:compare|wish\ ?list|favou?rites|my\ list)|compare|wish\ ?list
        |sold\ out|out\ of\ stock|in\ stock|pre-?order|notify\ me|write\ a\ review|new\ arrival|sort\ by
        |(?:choose|select|view|more)\ options|(?:buy|see\ price|view|shop)\ (?:on|at)\ \w+
        |(?:view|see)\ (?:the\ )?(?:product|collection|ratings?|reviews?|details|price))(?:\ (?:now|today))?
    | (?:read|watch|get|see)\ the\ (?:full\ )?(?:story|article|review|recipe|video|details) | know\ more
    | (?:see|check)\ availability | (?:choose|select|get)\ (?:this\ |a\ )?plan | (?:view|get)\ deal
    | linkedin | twitter | facebook | instagram | youtube | pinterest
    | expand\ description | (?:toggle|hide)\ caption | advertisement | sponsored | loading
    | (?:share|tweet|pin\ it|like|follow|print)
        (?:\ (?:this|on|via|with|us|me|it|page|post|article|story|friends|facebook|twitter|x|linkedin|whatsapp|instagram
        |pinterest|reddit|telegram|tiktok|youtube))*
    | printer[- ]friendly(?:\ (?:version|page))? | e-?mail\ (?:this|to\ a\ friend)(?:\ [\w ]{1,30})? | copy\ link
    | (?:press\ enter\ or\ )?(?:click|tap)(?:\ (?:on\ )?(?:the\ )?(?:image|photo|picture|here))?
        \ (?:to\ (?:enlarge|zoom|expand|view\ image\ in\ full\ size)
            |(?:to|for)\ (?:view\ )?(?:a\ )?(?:full|larger)[\w ]{0,30})
    | (?:story|article)\ continues\ below(?:\ [\w ]{1,20})? | continue\ reading(?:\ (?:below|the\ main\ story))?
    | scroll\ (?:down\ )?to\ continue(?:\ [\w ]{1,20})?
    | (?:sign\ up|subscribe|join|get)\ (?:for\ |to\ )?(?:our|the|my)\ (?:[\w ]{1,30}\ )?(?:newsletter|mailing\ list)
    | [^.!?]{0,60}\b(?:delivered|straight|right|direct(?:ly)?)\ to\ your\ (?:inbox|e-?mail)
    | (?:was|is|did)\ (?:this|that)\ (?:\w+\ )?(?:helpful|useful|help\ you|answer\ your\ question)
    | did\ you\ find\ (?:it|(?:this|that|the)\ \w+)\ (?:helpful|useful) | thank(?:s|\ you)\ for\ (?:your|the)\ feedback
    | (?:previous|prev|next|older|newer)(?:\ (?:page|post|article|chapter|topic|lesson|section|posts|entries))?
    | (?:still\ (?:stuck|need\ help)|need\ (?:more\ )?help|(?:have|got)\ (?:more\ |any\ )?questions
        |can['’]t\ find\ what\ you['’]re\ looking\ for)\?.{0,60}
    | ausverkauft | nicht\ vorrätig | vergleichen | zum\ produkt | auf\ die\ merkliste | en\ stock | rupture\ de\ stock
    | (?:ne\ plus\ )?comparer | voir\ le\ produit | aperçu\ rapide | agotado | comparar | vista\ rápida | ver\ producto
    | esaurito | confronta | esgotado | uitverkocht | vergelijken | нет\ в\ наличии | сравнить | 在庫切れ | 품절 | 缺货
    | weiterlesen | mehr\ (?:lesen|erfahren|anzeigen) | in\ den\ warenkorb | nach\ oben | lire\ (?:la\ suite|plus)
    | en\ savoir\ plus | ajouter\ au\ panier | leer\ más | ver\ más | más\ información | añadir\ al\ carrito
    | leggi\ (?:tutto|di\ più) | scopri\ di\ più | lees\ meer | czytaj\ (?:dalej|więcej) | leia\ mais | saiba\ mais
    | читать\ (?:далее|дальше|полностью) | подробнее | 阅读更多 | 查看更多 | 了解更多 | 続きを読む | 더\ ?보기
    )[^\w`.]*)+""",
    re.X | re.I,
)


_ELSEWHERE = re.compile(
    r"""\W*(?:(?:also,?|must|follow-?up)[ -]read | read[ ](?:more|also) | lesen[ ]sie[ ](?:auch|mehr)
    | (?:à[ ])?lire[ ]aussi | à[ ]lire(?:[ ]également)? | le[ae][ ]también | te[ ]puede[ ]interesar
    | leia[ ](?:também|mais) | leggi[ ]anche | lees[ ]ook | les[ ]også | læs[ ]også | läs[ ]också | lue[ ]myös
    | (?:prze)?czytaj[ ](?:też|także|również) | читайте[ ]также | читайте[ ]також | 相关阅读 | 延伸閱讀 | 関連記事
    | 관련[ ]?기사)\s*[:：][^\n]{1,120}""",
    re.X | re.I,
)
_STAMP = re.compile(
    r"""\W*(?:
      the\ post\ .{1,300}\ (?:first\ )?appeared\ (?:first\ )?on\ .{1,80}
    | (?:tags?|tagged(?:\ (?:with|as))?|filed\ under|posted\ in|categories|labels|schlagwörter|étiquettes|etiquetas|теги
        |标签|タグ|태그)\s*[:：].{0,150}
    | [^.]{0,60}(?:all\ rights\ reserved|alle\ rechte\ vorbehalten|tous\ droits\ réservés|riproduzione\ riservata
        |todos\ (?:los\ derechos|os\ direitos)\ reservados)
    | (?:本文)?(?:来源|來源|责任编辑|責任編輯|责编|編輯|编辑|原标题|分享到)\s*[:：].{0,30}
    )\W*|\[/?(?:[A-Z]+(?:_[A-Z]+)+|[\w-]+\ [\w-]+=[^\]]*)\]""",
    re.X | re.I,
)  # by which systems sign and file what they publish, and their commands that nothing carried out
_TURN = re.compile(r"(?:previous|next) (?:message|thread)\b[^:]{0,20}:.*|messages sorted by:.*", re.I | re.S)
_OF_PAGE = re.compile(
    r"\A\W*(?:th(?:is|e) )?(?:(?:page|article|document|content|topic|guide) )?(?:was )?", re.I
)
_CHANGED = (*EDITED, "last reviewed", "last revised", "last changed", "updated on", "updated:", "modified on")
_DAY = re.compile(r"\d|\bago\b")


def without_clicks(blocks: Sequence[Block]) -> list[Block]:
    """The blocks without those that are no more than the words on a button, or the day of the last change."""
    return [block for block in blocks if not _is_click(block)]


def _is_click(block: Block) -> bool:
    """Whether a paragraph is such words, several buttons' too, or announces another page ("Also read: ..."). A heading
    or a step of instructions ("Sign in") may well be made of them."""
    if block.kind == "item":
        return _TURN.match(block.text) is not None  # in the archive of a list
    if block.kind != "paragraph":
        return False
    if len(block.text) > _LONGEST:
        return any(said.fullmatch(block.text) for said in (_ELSEWHERE, _STAMP))
    return any(said.fullmatch(block.text) for said in (_CLICK, _ELSEWHERE, _STAMP)) or _tells_change(
        block.text.lower()
    )


def _tells_change(text: str) -> bool:
    """Whether a line says when the page was changed last."""
    return _OF_PAGE.sub("", text, count=1).startswith(_CHANGED) and _DAY.search(text) is not None
