"""Presentation MathML to TeX: for formulas that carry no TeX of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from factory.seeds.html.tree import Node
from factory.seeds.html.words import names

DEPTH = 60
"""Levels of nesting beyond which a formula is no formula."""


@dataclass(frozen=True)
class Markup:
    """An element of a formula, whichever parser read it; tags without their namespaces."""

    tag: str
    text: str
    attributes: Mapping[str, str]
    children: Sequence[Markup]

    def get(self, name: str) -> str:
        """An attribute, or nothing."""
        return self.attributes.get(name, "")


def of_element(element: Element, depth: int = 0) -> Markup:
    """A formula of an XML document."""
    tag = str(element.tag).rpartition("}")[2].rpartition(":")[2]
    inner = [child for child in element if isinstance(child.tag, str)] if depth <= DEPTH else []
    return Markup(tag, element.text or "", element.attrib, [of_element(child, depth + 1) for child in inner])


def of_node(node: Node, depth: int = 0) -> Markup:
    """A formula of a page."""
    text = "".join(child for child in node.children if isinstance(child, str))
    inner = node.elements if depth <= DEPTH else []
    tag = node.tag.rpartition(":")[2]
    return Markup(tag, text, node.attributes, [of_node(child, depth + 1) for child in inner])


_SYMBOLS = dict(
    pair.split(" ")
    for pair in r"""
    α \alpha|β \beta|γ \gamma|δ \delta|ε \varepsilon|ϵ \epsilon|ζ \zeta|η \eta|θ \theta|ϑ \vartheta|ι \iota
    |κ \kappa|λ \lambda|μ \mu|ν \nu|ξ \xi|π \pi|ρ \rho|ϱ \varrho|σ \sigma|ς \varsigma|τ \tau|υ \upsilon
    |φ \varphi|ϕ \phi|χ \chi|ψ \psi|ω \omega|Γ \Gamma|Δ \Delta|Θ \Theta|Λ \Lambda|Ξ \Xi|Π \Pi|Σ \Sigma
    |Φ \Phi|Ψ \Psi|Ω \Omega|∑ \sum|∏ \prod|∫ \int|∬ \iint|∮ \oint|∞ \infty|∂ \partial|∇ \nabla|√ \surd
    |± \pm|∓ \mp|× \times|÷ \div|⋅ \cdot|· \cdot|∗ *|∘ \circ|⊗ \otimes|⊕ \oplus|≤ \le|≥ \ge|≠ \ne|≈ \approx
    |≡ \equiv|∼ \sim|≃ \simeq|≅ \cong|∝ \propto|≪ \ll|≫ \gg|∈ \in|∉ \notin|∋ \ni|⊂ \subset|⊆ \subseteq
    |⊃ \supset|⊇ \supseteq|∪ \cup|∩ \cap|∅ \emptyset|∖ \setminus|∀ \forall|∃ \exists|¬ \neg|∧ \wedge|∨ \vee
    |→ \to|← \leftarrow|↔ \leftrightarrow|⇒ \Rightarrow|⇐ \Leftarrow|⇔ \Leftrightarrow|↦ \mapsto|↑ \uparrow
    |↓ \downarrow|… \ldots|⋯ \cdots|⋮ \vdots|⋱ \ddots|′ '|″ ''|− -|∣ \mid|∥ \parallel|⊥ \perp|∠ \angle
    |ℓ \ell|ℏ \hbar|ℜ \Re|ℑ \Im|ℵ \aleph|ℝ \mathbb{R}|ℂ \mathbb{C}|ℕ \mathbb{N}|ℤ \mathbb{Z}|ℚ \mathbb{Q}
    |⟨ \langle|⟩ \rangle|⌊ \lfloor|⌋ \rfloor|⌈ \lceil|⌉ \rceil|‖ \Vert|{ \{|} \}|% \%|# \#|& \&|$ \$|⊤ \top
    |≜ \triangleq|⪯ \preceq|⪰ \succeq|≺ \prec|≻ \succ|⊢ \vdash|⊨ \models|□ \square|† \dagger|∎ \blacksquare
    """.replace("\n", "")
    .replace("    ", "")
    .split("|")
)
_ACCENTS = {"¯": r"\bar", "‾": r"\overline", "^": r"\hat", "ˆ": r"\hat", "~": r"\tilde", "˜": r"\tilde", "→": r"\vec",
            "⃗": r"\vec", "˙": r"\dot", "¨": r"\ddot", "⏞": r"\overbrace", "ˇ": r"\check", "´": r"\acute"}  # fmt: skip
_UNDER = {"_": r"\underline", "̲": r"\underline", "⏟": r"\underbrace", "¯": r"\underline"}
_FUNCTIONS = names(
    """sin cos tan cot sec csc sinh cosh tanh arcsin arccos arctan log ln exp lim max min sup inf det dim ker deg
    gcd arg Pr hom"""
)
_LIMITS = frozenset(
    [r"\sum", r"\prod", r"\int", r"\lim", r"\max", r"\min", r"\sup", r"\inf", r"\bigcup", r"\bigcap"]
)
_VARIANTS = {"bold": r"\mathbf", "double-struck": r"\mathbb", "script": r"\mathcal", "fraktur": r"\mathfrak",
             "sans-serif": r"\mathsf", "monospace": r"\mathtt", "bold-italic": r"\boldsymbol"}  # fmt: skip
_INVISIBLE = "\u2061\u2062\u2063\u2064\u200b\u00a0"


def tex_of(element: Markup, depth: int = 0) -> str:
    """A formula as TeX; what is no MathML gives its words. Empty beyond `DEPTH` levels."""
    if depth > DEPTH:
        return ""
    tag, text = element.tag, " ".join(element.text.split())
    parts = [tex_of(child, depth + 1) for child in element.children]
    if tag in ("mi", "mn", "mo", "mtext", "ms", "csymbol", "ci", "cn"):
        return _token(tag, text, element.get("mathvariant"))
    if tag == "semantics":
        return _semantics(element, parts)
    if tag in ("annotation", "annotation-xml", "mphantom", "none", "mprescripts"):
        return ""
    if tag == "mspace":
        return " "
    if tag == "mtable":
        rows = [part for part in parts if part]
        return r"\begin{matrix} " + r" \\ ".join(rows) + r" \end{matrix}"
    if tag in ("mtr", "mlabeledtr"):
        return " & ".join(parts)
    if tag == "mfenced":
        between = (element.get("separators") or ",").strip()[:1] or " "
        inner = f"{between} ".join(parts)
        return (
            rf"\left{_fence(element.get('open') or '(')} {inner} \right{_fence(element.get('close') or ')')}"
        )
    if tag == "menclose":
        return rf"\boxed{{{_row(parts)}}}" if "box" in element.get("notation") else _row(parts)
    if tag == "mmultiscripts":
        return _row(parts[:1]) + (f"_{{{parts[1]}}}" if parts[1:2] and parts[1] else "") + (
            f"^{{{parts[2]}}}" if parts[2:3] and parts[2] else "")  # fmt: skip
    return _structure(tag, parts) or _row([text, *parts])


def _structure(tag: str, parts: Sequence[str]) -> str:
    """Elements of a fixed number of parts; empty for others, and where a part is missing."""
    match tag, [*parts]:
        case "mfrac", [over, under]:
            return rf"\frac{{{over}}}{{{under}}}"
        case "msqrt", [*inner] if inner:
            return rf"\sqrt{{{_row(inner)}}}"
        case "mroot", [base, index]:
            return rf"\sqrt[{index}]{{{base}}}"
        case "msub", [base, low]:
            return f"{_base(base)}_{{{low}}}"
        case "msup", [base, high]:
            return base + high if set(high) == {"'"} else f"{_base(base)}^{{{high}}}"
        case "msubsup" | "munderover", [base, low, high]:
            return f"{_base(base)}_{{{low}}}^{{{high}}}"
        case "munder", [base, low]:
            if low in _UNDER:
                return f"{_UNDER[low]}{{{base}}}"
            return f"{base}_{{{low}}}" if base in _LIMITS else rf"\underset{{{low}}}{{{base}}}"
        case "mover", [base, high]:
            mark = next((tex for sign, tex in _ACCENTS.items() if high in (sign, _SYMBOLS.get(sign))), "")
            if mark:
                return f"{mark}{{{base}}}"
            return f"{base}^{{{high}}}" if base in _LIMITS else rf"\overset{{{high}}}{{{base}}}"
    return ""


def _semantics(element: Markup, parts: Sequence[str]) -> str:
    """The TeX that the formula carries, else what it shows."""
    for child in element.children:
        if child.tag == "annotation" and "tex" in child.get("encoding").lower():
            return child.text.strip()
    return _row(parts)


def _token(tag: str, text: str, variant: str) -> str:
    text = text.strip(_INVISIBLE)
    if tag == "mtext":
        return rf"\text{{{text}}}" if text else ""
    if text in _SYMBOLS:
        return _SYMBOLS[text]
    if text in _FUNCTIONS:
        return f"\\{text}"
    spelled = " ".join("".join(f" {_SYMBOLS[one]} " if one in _SYMBOLS else one for one in text).split())
    if tag == "mi" and len(text) > 1 and spelled == text and text.isalpha():
        return (
            rf"\mathrm{{{text}}}"
            if not variant or variant == "normal"
            else f"{_VARIANTS.get(variant, '')}{{{text}}}"
        )
    if variant in _VARIANTS and spelled:
        return f"{_VARIANTS[variant]}{{{spelled}}}"
    return spelled


def _base(text: str) -> str:
    """What a script is set on: in braces where it is more than one piece."""
    single = len(text) == 1 or (text.startswith("\\") and text[1:].isalpha()) or text in ("", ")", "]")
    return text if single else f"{{{text}}}"


def _row(parts: Sequence[str]) -> str:
    return " ".join(" ".join(part for part in parts if part).split())


def _fence(text: str) -> str:
    return {"{": r"\{", "}": r"\}", "": "."}.get(text, _SYMBOLS.get(text, text))
