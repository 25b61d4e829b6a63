"""Comparisons and differences as text, Markdown and a page."""
