"""Images on their way: from any source to any target, through ports only."""
