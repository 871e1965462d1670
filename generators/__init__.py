"""seedfactory: the generators, one folder a family, one Python and one Markdown file a generator."""
