"""Tar streams: a reader that trusts nothing, the one place that makes headers, compression."""
