"""A toolbox whose programs are played by functions, on real folders; and a workbench with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from seaslug.adapters.store import Store
from seaslug.adapters.toolbox import LocalTools
from seaslug.errors import ToolError
from seaslug.ops.app.workbench import Workbench
from seaslug.ports import Silent
from seaslug.values.platform import Platform

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
Played = Callable[[Sequence[str], Path, Mapping[str, str]], str]


class PlayedTools(LocalTools):
    """*programs* are by name: called with (argv, folder, environment), they return their stdout.

    ``runs`` are the argv of all runs, ``envs`` what was added to the environment of each.
    """

    def __init__(self, programs: Mapping[str, Played]) -> None:
        super().__init__(Silent())
        self.programs = dict(programs)
        self.runs: list[tuple[str, ...]] = []
        self.envs: list[dict[str, str]] = []

    def find(self, *names: str) -> str:
        """Return where the first of these programs would be."""
        return next((n if "/" in n else f"/tools/{n}" for n in names if n in self.programs), "")

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: str,
        env: Mapping[str, str] | None = None,
        task: str = "",
    ) -> str:
        """Play the program."""
        self.runs.append(tuple(argv))
        self.envs.append(dict(env or {}))
        name = argv[0] if argv[0] in self.programs else argv[0].rpartition("/")[2]
        if name not in self.programs:
            raise ToolError(f"{name} is not here", where=" ".join(argv))
        return self.programs[name](argv, Path(cwd), env or {})


def workbench(tools: LocalTools, home: Path, host: Platform | None = AMD64) -> Workbench:
    """Return a workbench with a store of its own below *home*."""
    return Workbench(tools, Store(home), Silent(), host)
