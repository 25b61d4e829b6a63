"""Locks: what was resolved, written so that a rebuild gives the same bytes."""
