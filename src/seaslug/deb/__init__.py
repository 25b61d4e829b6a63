"""Debian: versions, relations, releases, indices, the solver, and packages turned into layers."""
