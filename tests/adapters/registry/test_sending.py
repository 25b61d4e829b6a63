"""A blob's bytes on their way up: every part right, and no end of a wrong blob ever given out."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seaslug.adapters.registry import sending
from seaslug.adapters.registry.sending import Sending
from seaslug.errors import IntegrityError
from support.pushing import described, noise, opener

DATA = noise(600)


@settings(deadline=None)
@given(
    st.lists(st.integers(0, len(DATA)), max_size=5),
    st.integers(1, 400), st.integers(1, 90), st.integers(1, 100),
)  # fmt: skip
def test_any_parts_make_the_whole(cuts: list[int], chunk: int, piece: int, mark: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sending, "_PIECE", piece)
        patch.setattr(sending, "_MARK", mark)
        told: list[int] = []
        made = Sending(described(DATA), opener(DATA, chunk), told.append)
        places = [0, *sorted(cuts), len(DATA)]
        for start, end in pairwise(places):
            # Twice, as after a cut.
            assert b"".join(made.pieces(start, end)) == DATA[start:end]
            assert b"".join(made.pieces(start, end)) == DATA[start:end]
        assert sum(told) == len(DATA)


@settings(deadline=None)
@given(st.integers(0, len(DATA) - 1), st.integers(0, len(DATA)), st.integers(1, 400))
def test_the_end_of_a_wrong_blob_stays_here(wrong: int, start: int, chunk: int) -> None:
    bad = bytearray(DATA)
    bad[wrong] ^= 1
    made = Sending(described(DATA), opener(bytes(bad), chunk), lambda _: None)
    given_out = bytearray()
    with pytest.raises(IntegrityError, match="came instead"):
        for piece in made.pieces(0, len(DATA)):
            given_out += piece
    assert len(given_out) < len(DATA)
    again = Sending(described(DATA), opener(bytes(bad), chunk), lambda _: None)
    with pytest.raises(IntegrityError, match="came instead"):
        list(again.pieces(min(start, len(DATA) - 1), len(DATA)))


@pytest.mark.parametrize("size", [0, 1, 599, 601])
def test_another_size_than_promised(size: int) -> None:
    made = Sending(described(DATA), opener(noise(601)[:size], 1000), lambda _: None)
    with pytest.raises(IntegrityError, match="bytes"):
        list(made.pieces(0, len(DATA)))
