"""Glossary entries from passages: an example of a plugin for seedfactory."""
