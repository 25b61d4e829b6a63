"""What maintainer scripts would have done, computed from a tree by pure functions."""
