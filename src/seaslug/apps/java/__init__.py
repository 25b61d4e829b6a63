"""Java: what a jar is, which Java runs it, how it becomes layers."""
