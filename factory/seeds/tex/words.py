"""The commands and environments of TeX that the reader knows."""

from __future__ import annotations

from collections.abc import Mapping

from factory.seeds.html.words import names


def pairs(text: str) -> Mapping[str, str]:
    """Words ``name=value`` as a mapping: a table that reads as one."""
    return dict(word.split("=", 1) for word in text.split())


HEADINGS = {
    name: int(count)
    for name, count in pairs(
        """
    part=1 chapter=1 section=2 subsection=3 subsubsection=4 paragraph=5 subparagraph=6
    """
    ).items()
}
"""Levels of headings."""

STYLES = pairs(
    """
    textbf=** emph=* textit=* textsl=* texttt=` verb=`
    """
)
"""Marks of Markdown around what a command holds."""

DROPPED = {
    name: int(count)
    for name, count in pairs(
        """
    label=1 vspace=1 hspace=1 includegraphics=1 bibliography=1 bibliographystyle=1 cite=1 citep=1 citet=1
    citeauthor=1 citeyear=1 citealp=1 autocite=1 parencite=1 textcite=1 nocite=1 ref=1 eqref=1 cref=1 Cref=1
    autoref=1 pageref=1 setlength=2 addtolength=2 setcounter=2 addtocounter=2 pagestyle=1 thispagestyle=1
    usepackage=1 documentclass=1 newtheorem=2 theoremstyle=1 hypersetup=1 graphicspath=1 input=1 index=1
    thanks=1 affiliation=1 email=1 address=1 fontsize=2 color=1 pagenumbering=1 markboth=2 newcounter=1
    tikzset=1 keywords=1 institute=1 definecolor=3 rule=2 selectlanguage=1 textcolor=1 colorbox=1
    resizebox=2 scalebox=1 raisebox=1 parbox=1 captionof=1 hyperref=0 footnotemark=0 todo=1
    """
    ).items()
}
"""Commands that lay out, refer or cite, with the number of their arguments."""

FORMULAS = pairs(
    """
    equation= displaymath= math= align=aligned alignat=aligned gather=gathered multline=gathered
    eqnarray=aligned flalign=aligned dmath= split=aligned
    """
)
"""Environments of displayed formulas, and the one that they become inside the dollars."""

THEOREMS = pairs(
    """
    theorem=Theorem lemma=Lemma proposition=Proposition corollary=Corollary definition=Definition
    remark=Remark example=Example proof=Proof conjecture=Conjecture claim=Claim thm=Theorem lem=Lemma
    prop=Proposition cor=Corollary defn=Definition rem=Remark
    """
)
"""Environments that state something, where the author declares none."""

CHARACTERS = {
    "&": "&",
    "%": "%",
    "$": "\\$",
    "#": "#",
    "_": "_",
    "{": "{",
    "}": "}",
    " ": " ",
    ",": " ",
    ";": " ",
    ":": " ",
    "!": "",
    "/": "",
    "-": "",
    "@": "",
    "\n": " ",
    **pairs(
        """
        ldots=… dots=… textellipsis=… ss=ß o=ø O=Ø l=ł L=Ł ae=æ AE=Æ oe=œ OE=Œ aa=å AA=Å i=i j=j S=§ P=¶
        dag=† copyright=© pounds=£ LaTeX=LaTeX TeX=TeX textasciitilde=~ textregistered=® texttrademark=™
        textdegree=° textemdash=— textendash=– textquotedblleft=“ textquotedblright=” textquoteleft=‘
        textquoteright=’
        """
    ),
    "textbackslash": "\\",
    "quad": " ",
    "qquad": " ",
    "newline": "\n",
    "par": "\n\n",
    "noindent": "",
}
"""Commands that stand for characters."""

ACCENTS = {
    "'": "\u0301",
    "`": "\u0300",
    '"': "\u0308",
    "^": "\u0302",
    "~": "\u0303",
    "=": "\u0304",
    ".": "\u0307",
    "u": "\u0306",
    "v": "\u030c",
    "H": "\u030b",
    "c": "\u0327",
    "d": "\u0323",
    "b": "\u0331",
    "r": "\u030a",
    "k": "\u0328",
}
"""Commands that set an accent on the next letter, and the combining character."""

LISTS = names("itemize enumerate description compactitem compactenum")
NOT_READ = names("thebibliography tikzpicture pspicture comment filecontents picture acknowledgments")
TAKES = {
    name: int(count)
    for name, count in pairs(
        "minipage=1 wrapfigure=2 wraptable=2 subfigure=1 subtable=1 multicols=1 adjustbox=1 spacing=1"
    ).items()
}
"""Environments that lay out what they hold, with the number of their arguments."""
