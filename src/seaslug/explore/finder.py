"""Search: the next path with a word in it, in the order of the tree."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from seaslug.explore.forest import Forest


class Finder:
    """Answers for one *forest*, *word* and *order*; matches are sorted once.

    A word with a slash is looked for in the path, any other one in the name.
    """

    def __init__(self, forest: Forest, word: str, order: str) -> None:
        low = word.lower()
        self.key = (forest, word, order)
        self._forest, self._order = forest, order
        if "/" in low:
            low = low.lstrip("/")
            found = [path for path in forest.items if low in path.lower()]
        else:
            found = [p for p in forest.items if low in p.lower() and low in _name(p)]
        self._ranks = sorted(forest.rank(path, order) for path in found)

    def __len__(self) -> int:
        return len(self._ranks)

    def place(self, path: str) -> int:
        """Return which of the matches *path* is, from 1; 0 if it is none."""
        rank = self._rank(path)
        at = bisect_left(self._ranks, rank)
        return at + 1 if at < len(self._ranks) and self._ranks[at] == rank else 0

    def step(self, path: str, back: bool = False, here: bool = False) -> str | None:
        """Return the match after *path* (before it, going *back*), around the end; None if none.

        With *here* the path itself is one, too.
        """
        if not self._ranks:
            return None
        rank = self._rank(path)
        at = bisect_left(self._ranks, rank)
        if back:
            at -= 1
        elif not here:
            at = bisect_right(self._ranks, rank)
        return self._ranks[at % len(self._ranks)][-1][1]

    def _rank(self, path: str) -> tuple[tuple[int, str], ...]:
        return self._forest.rank(path, self._order) if path else ()


def _name(path: str) -> str:
    return path.rpartition("/")[2].lower()
