"""Whether the program that an image starts is in it, looked for as the kernel and execvp do."""

from __future__ import annotations

from difflib import get_close_matches

from seaslug.values.tree import Kind, Tree


def found(tree: Tree, program: str, path: str, workdir: str) -> bool:
    """Tell whether *program* is a file of *tree*; *path* is PATH, for names without a slash."""
    if "/" in program:
        places = [program if program.startswith("/") else f"{workdir}/{program}"]
    else:
        places = [f"{folder}/{program}" for folder in path.split(":")]
    entries = (tree.resolve(place) for place in places)
    return any(entry is not None and entry.kind is Kind.FILE for entry in entries)


def hint(own: Tree, program: str) -> str:
    """Return the next step: the application's nearest executable files, or where it is said."""
    programs = {
        e.path.rpartition("/")[2]: e.path for e in own if e.kind is Kind.FILE and e.mode & 0o111
    }
    near = get_close_matches(program.rpartition("/")[2], programs, n=2, cutoff=0.4)
    if near:
        return "did you mean " + " or ".join(f"/{programs[name]}" for name in near) + "?"
    return 'entrypoint in the configuration names it, e.g. entrypoint = ["/app/program"]'
