"""The browser driven by keys and mouse, on a screen that is 80 by 24."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from explore.made import LOWER, UPPER, source
from seaslug.explore.source import Source
from seaslug.ops.explore import Reader
from seaslug.report.explore.app import Explorer
from seaslug.report.explore.asking import Prompt
from seaslug.report.explore.panes import Details, Layers, Lines, Table
from seaslug.report.explore.trees import Browser
from support.images import layer, member

Play = Callable[[Explorer, Pilot[Any]], Awaitable[None]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    return source(tmp_path_factory.mktemp("browser"))


def play(reader: Source, steps: Play, size: tuple[int, int] = (80, 24), **start: Any) -> None:
    """Show *reader* on a screen of *size*, wait until it was read, and do *steps*."""

    async def run() -> None:
        app = Explorer(reader, **start)
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: app.whole.judged is not None or app._done)
            await steps(app, pilot)

    asyncio.run(run())


async def until(pilot: Pilot[Any], there: Callable[[], bool]) -> None:
    for _ in range(400):
        await pilot.pause(0.02)
        if there():
            return
    raise AssertionError("it did not come")


def screen(app: Explorer) -> str:
    """Return what is to be seen, line by line."""
    return "\n".join(
        "".join(segment.text for segment in strip)
        for strip in app.screen._compositor.render_strips()
    )


def said(app: Explorer) -> list[str]:
    return [one.message for one in app._notifications]


def names(app: Explorer) -> list[str]:
    return [line.path for line in app.query_one(Browser).outline.lines]


def keys(text: str) -> Sequence[str]:
    odd = {":": "colon", "*": "asterisk", ".": "full_stop", "/": "slash", " ": "space",
           "!": "exclamation_mark", ">": "greater_than_sign"}  # fmt: skip
    return [odd.get(char, char) for char in text]


def test_the_tree_is_walked_with_keys(made: Reader) -> None:
    async def steps(app: Explorer, pilot: Pilot[Any]) -> None:
        tree = app.query_one(Browser)
        assert tree.has_focus and tree.path == "dup1"
        await pilot.press("down", "down", "enter")
        assert tree.path == "usr" and "usr/bin" in names(app)
        await pilot.press("right", "right", "down")
        assert tree.path == "usr/bin/su" and "/usr/bin/su" in screen(app)
        await pilot.press("left")
        assert tree.path == "usr/bin"
        await pilot.press("space", "left", "left")
        assert tree.path == "usr" and "usr/bin" not in names(app)
        await pilot.press("E")
        assert "a/way" in names(app)
        await pilot.press("C", "o", "home")
        assert names(app) == sorted(names(app)) and tree.path == "a"
        await pilot.press("end", "b")
        assert tree.path == "usr" and "drwxr-xr-x 0:0" in screen(app)

    play(made, steps)


def test_names_are_never_obeyed(made: Reader) -> None:
    async def steps(app: Explorer, pilot: Pilot[Any]) -> None:
        await pilot.press("E")
        shown = screen(app)
        assert "bad\\xff" in shown and "new\\nline\\x1b[2J" in shown and "[red]x" in shown
        assert "\x1b" not in shown
        await pilot.press("slash", *keys("new"), "enter", "enter")
        await pilot.pause(0.2)
        assert "00000000  00 01 02" in screen(app), "no text, so its bytes are shown"
        await pilot.press("escape", "y")
        assert app.clipboard == "/app/new\\nline\\x1b[2J"

    play(made, steps)


def test_search_and_filter(made: Reader) -> None:
    async def steps(app: Explorer, pilot: Pilot[Any]) -> None:
        tree = app.query_one(Browser)
        await pilot.press("slash", *keys("key"))
        assert tree.path == "dup1", "nothing there has that name"
        await pilot.press("escape", "slash", *keys("su"), "enter")
        assert tree.path == "usr/bin/su" and tree.has_focus
        await pilot.press("slash", *keys("dup"), "enter", "n")
        assert tree.path in ("dup1", "dup2")
        await pilot.press("f", *keys("is:elf"), "enter")
        assert [p for p in names(app) if p.count("/") == 2] == ["usr/bin/app"]
        assert "filter: is:elf" in screen(app)
        await pilot.press("f", *keys(" is:nothing"), "enter")
        assert app.text == "is:elf", "what is no filter changes nothing"
        await pilot.press("escape")
        assert "dup1" in names(app)
        await pilot.press("i", "down", "down", "down", "down", "enter")
        assert app.text == "is:link" and "loop" in names(app)

    play(made, steps)


def test_layers_and_what_they_do(made: Reader) -> None:
    async def steps(app: Explorer, pilot: Pilot[Any]) -> None:
        await pilot.press("right_square_bracket", "right_square_bracket", "E")
        assert app.layer == 1
        assert set(names(app)) == {"old", "old/a", "old/b", "old/b/c", "dup1", "usr", "usr/bin",
                                   "usr/bin/su", "app", "app/key.pem", "app/more"}  # fmt: skip
        shown = screen(app)
        for row in ("12.0 k -", "7.0 k =", "6.0 k ~", "1 +"):
            assert row in shown
        await pilot.press("R")
        assert "old" not in names(app)
        await pilot.press("ctrl+u")
        assert "loop" in names(app), "what it leaves as it was is shown, too"
        await pilot.press("left_square_bracket", "left_square_bracket")
        assert app.layer == -1 and "loop" in names(app)

    play(made, steps)


def test_tables_lead_to_files(made: Reader) -> None:
    async def steps(app: Explorer, pilot: Pilot[Any]) -> None:
        await pilot.press("3")
        table = app.query_one("#findings", Table)
        at = [entry.cells[2] for entry in table.entries].index("/app/bad\\xff")
        await pilot.press("home", *["down"] * at)
        assert "a GitHub token" in screen(app) and "fix: " in screen(app)
        await pilot.press("enter")
        assert app.shown == "tree" and app.query_one(Browser).path == "app/bad\udcff"
        assert "IMG071" in screen(app), "and its details have the finding"
        await pilot.press("2", "enter")
        assert app.text == "is:unowned"
        await pilot.press("5", "down", "enter")
        assert app.layer == 1 and app.shown == "tree"
        for key in "46":
            await pilot.press(key)
        assert '"architecture": "amd64"' in screen(app)

    play(made, steps)


def test_a_file_is_looked_into_and_saved(
    made: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    async def steps(app: Explorer, pilot: Pilot[Any]) -> None:
        await pilot.press(
            "slash", *keys("app/red"), "escape", "slash", *keys("red"), "enter", "enter"
        )
        lines = app.screen.query_one(Lines)
        await until(pilot, lambda: lines.lines[0] == "hi\\x1b[31mred")
        await pilot.press("x")
        assert lines.lines[0].startswith("00000000  68 69 1b")
        await pilot.press("t", "slash", *keys("tab"), "enter")
        assert lines.cursor == 1
        await pilot.press("s")
        prompt = app.query_one(Prompt)
        assert prompt.value == "./[red]x"
        prompt.value = "./out"
        await pilot.press("enter")
        await until(pilot, lambda: (tmp_path / "out").exists())
        assert (tmp_path / "out").read_bytes() == b"hi\x1b[31mred\n\ttab\n"
        await pilot.press("slash", *keys("app"), "enter", "slash", *keys("bin/app"), "enter", "e")
        await until(pilot, lambda: "NOT in the image" in screen(app))
        await pilot.press("q")
        await pilot.press("slash", *keys("way"), "enter", "enter")
        await until(pilot, lambda: "/bin  ->  usr/bin" in screen(app))

    play(made, steps)


def test_the_mouse_works(made: Reader) -> None:
    async def steps(app: Explorer, pilot: Pilot[Any]) -> None:
        tree = app.query_one(Browser)
        await pilot.click(Browser, offset=(20, 3))
        assert tree.path == "usr"
        await pilot.click(Browser, offset=(20, 3), times=2)
        assert "usr/bin" in names(app)
        await pilot.click(Layers, offset=(3, 3))
        assert app.layer == 1
        await pilot.click("#tabs", offset=(25, 0))
        assert app.shown == "findings"

    play(made, steps)


def test_it_begins_where_it_is_told_to(made: Reader) -> None:
    async def at_a_path(app: Explorer, pilot: Pilot[Any]) -> None:
        await pilot.pause()
        assert app.query_one(Browser).path == "usr/bin" and "usr/bin/su" in names(app)

    async def at_a_layer(app: Explorer, pilot: Pilot[Any]) -> None:
        await pilot.pause()
        assert app.layer == 1 and "old" in names(app)

    async def nowhere(app: Explorer, pilot: Pilot[Any]) -> None:
        await pilot.pause()
        assert "not there: /no/such" in said(app)

    play(made, at_a_path, path="/usr/bin/")
    play(made, at_a_layer, layer=1)
    play(made, nowhere, path="/no/such")


def test_panes_help_and_themes(made: Reader) -> None:
    async def steps(app: Explorer, pilot: Pilot[Any]) -> None:
        seen = set()
        for _ in range(3):
            await pilot.press("tab")
            seen.add(type(app.focused))
        assert seen == {Browser, Layers, Details}
        await pilot.press("question_mark")
        assert "choose a kind to filter by" in screen(app)
        await pilot.press("escape", "D")
        assert app.theme == "textual-light" and "dup1" in screen(app)

    play(made, steps)


@pytest.mark.parametrize("size", [(200, 60), (40, 10)], ids=str)
def test_it_is_drawn_at_any_size(made: Reader, size: tuple[int, int]) -> None:
    async def steps(app: Explorer, pilot: Pilot[Any]) -> None:
        for key in ("E", "2", "3", "4", "5", "6", "1", "question_mark", "escape", "i", "escape"):
            await pilot.press(key)
        assert len(screen(app).split("\n")) == size[1]

    play(made, steps, size)


def test_an_image_without_layers_shows_its_configuration(tmp_path: Path) -> None:
    async def steps(app: Explorer, pilot: Pilot[Any]) -> None:
        assert '"architecture": "amd64"' in screen(app)
        await pilot.press("1", "enter", "space", "left", "right", "E", "C", "s", "y", "t", "n",
                          "escape", "U", "slash", "x", "enter", "i", "enter", "3")  # fmt: skip
        assert app.query_one("#findings", Table).entries

    play(source(tmp_path, ()), steps)


def test_a_layer_that_is_cut_short_is_told_and_the_others_are_shown(tmp_path: Path) -> None:
    async def steps(app: Explorer, pilot: Pilot[Any]) -> None:
        await pilot.pause(0.1)
        assert any(line.startswith("layer 1 cannot be read") for line in said(app))
        assert "broken" in screen(app)
        await pilot.press("E")
        assert "app/more" in names(app) and "old/a" not in names(app)
        await pilot.press("3")
        assert "not known: layer 1 cannot be read" in screen(app)

    play(source(tmp_path, (LOWER, LOWER[:3000], UPPER), packing="none"), steps)


def test_another_machines_image(tmp_path: Path) -> None:
    async def steps(app: Explorer, pilot: Pilot[Any]) -> None:
        await pilot.press("f", *keys("is:elf"), "enter", "end", "enter")
        await until(pilot, lambda: "this platform's loader is not known" in screen(app))

    play(source(tmp_path, (LOWER,), arch="sparc64"), steps)


class Slow:
    """A source that gives nothing until it is let go."""

    def __init__(self, inner: Reader) -> None:
        self.inner, self.subject, self.free = inner, inner.subject, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def layer(self, at: int, heard: Callable[[int], None]) -> Any:
        import time

        while at and not self.free:
            heard(1)
            time.sleep(0.01)
        return self.inner.layer(at, heard)


def test_what_is_known_is_shown_before_all_layers_are_read(made: Reader) -> None:
    slow = Slow(made)

    async def run() -> None:
        app = Explorer(slow)  # type: ignore[arg-type]
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: "read" in app.query_one(Layers).state)
            await until(pilot, lambda: " %" in screen(app))
            await pilot.press("3")
            assert "not known before every layer was read" in screen(app)
            await pilot.press("6")
            assert '"architecture": "amd64"' in screen(app)
            await pilot.press("1", "down")
            slow.free = True
            await until(pilot, lambda: app._done)
            assert "old" not in names(app)

    asyncio.run(run())


def test_leaving_while_it_reads_ends_the_reading(made: Reader) -> None:
    import threading

    slow, before = Slow(made), threading.active_count()

    async def run() -> None:
        app = Explorer(slow)  # type: ignore[arg-type]
        async with app.run_test() as pilot:
            await until(pilot, lambda: threading.active_count() > before)
            await pilot.press("q")
        for _ in range(200):
            await asyncio.sleep(0.02)
            if threading.active_count() <= before:
                return
        raise AssertionError("a thread is left")

    asyncio.run(run())


def test_a_folder_of_many_files_is_no_matter(tmp_path: Path) -> None:
    many = layer(*(member(f"d/f{n}", b"x") for n in range(4_000)))

    async def steps(app: Explorer, pilot: Pilot[Any]) -> None:
        tree = app.query_one(Browser)
        await pilot.press("enter", "end")
        assert len(names(app)) == 4_001 and tree.path == "d/f999"
        await pilot.press("slash", *keys("f1234"), "enter")
        assert tree.path == "d/f1234"

    play(source(tmp_path, (many,)), steps)
