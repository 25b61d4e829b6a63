"""Applications: what a project or a binary is, what it needs, how it starts. Pure."""
