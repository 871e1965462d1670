"""TeX projects as Markdown.

project: the main file with all that it inputs, comments taken out
macros: the author's simple macros collected and expanded
references: numbers of what is referred to
markdown: headings, paragraphs, lists, tables, code; formulas as TeX between dollars
"""

from factory.seeds.tex.macros import expand
from factory.seeds.tex.markdown import TexDocument, to_markdown
from factory.seeds.tex.project import whole_text

__all__ = ["TexDocument", "expand", "to_markdown", "whole_text"]
