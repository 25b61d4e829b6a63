"""Threads that read for the browser, and tell it by messages. None of them holds up its end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.message import Message

from seaslug.errors import SeaslugError
from seaslug.explore.changes import Pile
from seaslug.explore.forest import Forest
from seaslug.explore.source import Head, Judged, Source, Stopped
from seaslug.explore.whole import Whole

if TYPE_CHECKING:
    from seaslug.anatomy.facts import LayerFacts

Post = Callable[[Message], object]
_TICK = 0.1
_PAUSE = 0.7


class Progressed(Message):
    """So many bytes of a layer were read."""

    def __init__(self, layer: int, read: int) -> None:
        super().__init__()
        self.layer, self.read = layer, read


class Arrived(Message):
    """A layer was read, or cannot be."""

    def __init__(self, layer: int, unpacked: int, error: str = "") -> None:
        super().__init__()
        self.layer, self.unpacked, self.error = layer, unpacked, error


class Grown(Message):
    """There is more to show: all that is known, and the tree of the whole image."""

    def __init__(self, whole: Whole, forest: Forest, done: bool) -> None:
        super().__init__()
        self.whole, self.forest, self.done = whole, forest, done


class Failed(Message):
    """What goes on in the background came to nothing."""

    def __init__(self, error: str) -> None:
        super().__init__()
        self.error = error


class Reading:
    """Reads an image's layers, the lowest first, then judges them."""

    def __init__(self, source: Source, post: Post) -> None:
        self._source, self._post = source, post
        self._stopped = False
        self._pile = Pile()
        self._layers: list[LayerFacts | None] = []
        self._shown = 0.0

    def start(self) -> None:
        """Begin, in a thread of its own."""
        threading.Thread(target=self._run, daemon=True).start()

    def stop(self) -> None:
        """End as soon as it can be."""
        self._stopped = True

    def _run(self) -> None:
        try:
            for at in range(len(self._source.subject.layers)):
                self._read(at)
                if time.monotonic() - self._shown > _PAUSE:
                    self._show()
            whole = self._show()
            whole = self._judge(whole)
            self._tell(Grown(whole, Forest(whole.merged), True))
        except Stopped:
            pass
        except SeaslugError as error:
            self._post(Failed(str(error)))
        except Exception as error:
            # A thread that ends in silence would leave a browser that waits for ever.
            self._post(Failed(f"a mistake of seaslug's own: {error!r}"))

    def _read(self, at: int) -> None:
        total, told = 0, 0.0

        def heard(count: int) -> None:
            nonlocal total, told
            if self._stopped:
                raise Stopped
            total += count
            if time.monotonic() - told > _TICK:
                told = time.monotonic()
                self._tell(Progressed(at, total))

        try:
            facts = self._source.layer(at, heard)
            self._pile.lay(facts)
        except SeaslugError as error:
            if len(self._pile.changes) == at:
                self._pile.pass_over()
            self._layers.append(None)
            self._tell(Arrived(at, 0, error.what))
            return
        self._layers.append(facts)
        self._tell(Arrived(at, facts.unpacked))

    def _show(self) -> Whole:
        pile = self._pile
        whole = Whole(tuple(self._layers), tuple(pile.changes), dict(pile.merged))
        self._tell(Grown(whole, Forest(whole.merged), False))
        self._shown = time.monotonic()
        return whole

    def _judge(self, whole: Whole) -> Whole:
        """Return *whole* with what rules say, unless a layer is missing."""
        layers = [facts for facts in whole.layers if facts is not None]
        if len(layers) < len(whole.layers):
            return whole
        found: Judged = self._source.judged(layers)
        judged = replace(whole, judged=found)
        _ = judged.hidden, judged.repeated, judged.flagged
        return judged

    def _tell(self, message: Message) -> None:
        if self._stopped:
            raise Stopped
        self._post(message)


class Job:
    """Something short that is done in the background, and may be forgotten meanwhile."""

    def __init__(self) -> None:
        self._dropped = False

    def start(
        self, work: Callable[[Callable[[int], None]], Head | int],
        done: Callable[[Head | int | SeaslugError], object],
    ) -> Job:  # fmt: skip
        """Do *work*, which gets what hears of bytes; *done* is told in that thread, unless dropped.

        It is told an error, too.
        """
        threading.Thread(target=self._run, args=(work, done), daemon=True).start()
        return self

    def drop(self) -> None:
        """Do not wait for it any longer."""
        self._dropped = True

    def _run(
        self, work: Callable[[Callable[[int], None]], Head | int],
        done: Callable[[Head | int | SeaslugError], object],
    ) -> None:  # fmt: skip
        result: Head | int | SeaslugError
        try:
            result = work(self._heard)
        except Stopped:
            return
        except SeaslugError as error:
            result = error
        if not self._dropped:
            done(result)

    def _heard(self, count: int) -> None:
        if self._dropped:
            raise Stopped
