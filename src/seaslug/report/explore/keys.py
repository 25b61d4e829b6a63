"""Which key does what in the browser: dive's, and one of the plain letters for each."""

from __future__ import annotations

from textual.binding import Binding

VIEWS = ("tree", "packages", "findings", "waste", "history", "config")
TITLES = ("Files", "Packages", "Findings", "Waste", "History", "Config")


def _quiet(keys: str, action: str, about: str) -> Binding:
    return Binding(keys, action, about, show=False)


BINDINGS = (
    Binding("tab", "app.focus_next", "Pane"),
    Binding("slash", "search", "Search"),
    Binding("f,ctrl+f", "filter", "Filter"),
    Binding("i", "kinds", "Kinds"),
    Binding("s", "save", "Save"),
    Binding("question_mark,f1", "help", "Help"),
    Binding("q", "quit", "Quit"),
    _quiet("ctrl+c,ctrl+q", "quit", "Quit"),
    _quiet("n", "next", "Next"),
    _quiet("N", "next(True)", "Previous"),
    _quiet("escape", "all", "All"),
    _quiet("t", "view('text')", "Text"),
    _quiet("x", "view('hex')", "Hex"),
    _quiet("e", "view('ELF')", "ELF"),
    _quiet("y", "copy_path", "Copy path"),
    _quiet("left_square_bracket", "layer(-1)", "Lower layer"),
    _quiet("right_square_bracket", "layer(1)", "Upper layer"),
    _quiet("A,ctrl+a", "hide('A')", "Added"),
    _quiet("M", "hide('M')", "Changed"),
    _quiet("R,ctrl+r", "hide('R')", "Removed"),
    _quiet("U,ctrl+u", "hide('U')", "Unchanged"),
    _quiet("D", "toggle_dark", "Dark or light"),
    *(_quiet(str(at), f"show('{name}')", name) for at, name in enumerate(VIEWS, 1)),
)
BESIDE = frozenset(("copy_path", "save", "quit", "focus_next", "toggle_dark", "help"))
"""What may be done while a file is looked into; of the rest its own keys do something else."""

HELP = """\
LISTS   arrows, j k      up, down; Page Up/Down, Home, End; the mouse
        Tab              the next pane
        1 2 3 4 5 6      files, packages, findings, waste, history, config

TREE    Enter            open a folder, look into a file
        Space, ← →       open, shut; → goes in, ← goes out
        E  C             open all, shut all (also Ctrl+Space)
        o  b             by size or by name; modes and owners
        t  x  e          look into a file as text, as bytes, as ELF
        s  y             save the file to this machine; copy its path

FIND    /                search names as you type; with a / in it, paths
        n  N             the next one, the one before
        f                filter, see below; Esc takes it away
        i                choose a kind to filter by: ELF, setuid, wasted …

LAYERS  [  ]             the layer below, the layer above
        A  M  R          hide or show what is + added, ~ changed, - removed
        U                show what the layer leaves as it was, too
                         = is there again, with the same content

ELSE    D  ?  q          dark or light; these keys; leave
        !                before a name: a finding about it, or below it

FILTER  ssl   *.so*      a part of the path; a pattern of the name
        is:elf           a kind (key i)
        pkg:libc6        what a package brought; layer:2 what a layer shows
        >1M   <10k       by size
        !is:link         not that; all words must fit
"""
