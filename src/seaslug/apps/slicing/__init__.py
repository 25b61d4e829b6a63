"""Slicing: what of a runtime an application can reach, and so what may be left out."""
