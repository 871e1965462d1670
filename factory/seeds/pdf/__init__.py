"""Text of PDF files by the places of its letters: columns, tables, code and paragraphs."""
