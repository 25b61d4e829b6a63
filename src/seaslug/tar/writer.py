"""Tar fragments and their end: entries in, bytes out."""

from __future__ import annotations

from seaslug.tar.header import BLOCK, END, fragment, header

__all__ = ["BLOCK", "END", "fragment", "header"]
