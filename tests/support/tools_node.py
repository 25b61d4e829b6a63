"""npm, pnpm and yarn as far as seaslug uses them: they install from a shop of packages."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from seaslug.errors import ToolError
from support.tools_source import Played, PlayedTools

Files = dict[str, bytes | str]


def write(folder: Path, files: Mapping[str, bytes | str]) -> None:
    """Write *files* below *folder*."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)


class Shop:
    """Packages by name, and what their install scripts make.

    ``builds`` are the scripts that projects may run, by name: functions of the folder.
    ``seen`` are the files of each folder where something was installed.
    """

    def __init__(self) -> None:
        self.packages: dict[str, Files] = {}
        self.made: dict[str, Files] = {}
        self.builds: dict[str, Callable[[Path], None]] = {}
        self.seen: list[dict[str, str]] = []

    def add(self, name: str, *, made: Files | None = None, **data: object) -> None:
        """Offer a package; *data* goes into its package.json, *made* is what scripts make."""
        files: Files = {str(k): v for k, v in dict(data.pop("files", {})).items()}  # type: ignore[call-overload]
        text = json.dumps({"name": name, "version": "1.0.0", **data})
        self.packages[name] = {"index.js": f"exports.x='{name}'", "README.md": "", **files,
                               "package.json": text}  # fmt: skip
        self.made[name] = made or {}

    def lock(self, dependencies: Sequence[str], dev: Sequence[str] = ()) -> tuple[str, str]:
        """Return a package.json's dependencies and a package-lock.json of these packages."""
        root = {
            "dependencies": dict.fromkeys(dependencies, "^1.0.0"),
            "devDependencies": dict.fromkeys(dev, "^1.0.0"),
        }
        packages: dict[str, object] = {"": root}
        for name, files in self.packages.items():
            data = json.loads(files["package.json"])
            rows = {k: data[k] for k in ("os", "cpu", "libc", "optionalDependencies") if k in data}
            mark = {"dev": True} if name in dev else {}
            packages[f"node_modules/{name}"] = {"version": "1.0.0", **rows, **mark}
        text = json.dumps({"lockfileVersion": 3, "packages": packages})
        return json.dumps(root)[1:-1], text

    def npm(self, argv: Sequence[str], folder: Path, env: Mapping[str, str]) -> str:
        """Play npm: ``ci`` and ``run``."""
        if argv[1] == "run":
            return self._run(argv[2], folder)
        assert argv[1] == "ci", argv
        flags = dict(word[2:].partition("=")[::2] for word in argv[2:])
        locked = json.loads((folder / "package-lock.json").read_text())["packages"]
        self._see(folder)
        for path, row in locked.items():
            if path and not (row.get("dev") and flags.get("omit") == "dev"):
                self._install(folder, path.removeprefix("node_modules/"), row, flags)
        write(folder, {"node_modules/.package-lock.json": "{}", "node_modules/.bin/x": ""})
        return ""

    def other(self, argv: Sequence[str], folder: Path, env: Mapping[str, str]) -> str:
        """Play pnpm or yarn: everything in the shop is installed, for all platforms."""
        if "--version" in argv:
            return "10.1.0" if "pnpm" in argv[0] else "1.22.22"
        if "run" in argv:
            return self._run(argv[-1], folder)
        self._see(folder)
        for name in self.packages:
            self._install(folder, name, {}, {"ignore-scripts": ""})
        return ""

    def _see(self, folder: Path) -> None:
        files = (p for p in folder.rglob("*") if p.is_file())
        self.seen.append({str(p.relative_to(folder)): p.read_text("latin-1") for p in files})

    def _install(
        self, folder: Path, name: str, row: Mapping[str, list[str]], flags: Mapping[str, str]
    ) -> None:
        for key in ("os", "cpu", "libc"):
            if row.get(key) and key in flags and flags[key] not in row[key]:
                return
        place = folder / "node_modules" / name
        write(place, self.packages[name])
        if "ignore-scripts" not in flags:
            write(place, self.made[name])

    def _run(self, script: str, folder: Path) -> str:
        if script not in self.builds:
            raise ToolError(f"npm run {script} failed", f"Missing script: {script}")
        self.builds[script](folder)
        return ""

    def tools(self, *names: str) -> PlayedTools:
        """Return a toolbox with npm and these programs."""
        known: dict[str, Played] = {"npm": self.npm, "pnpm": self.other, "yarn": self.other}
        known["node"] = lambda argv, folder, env: "v24.1.0\n"
        known["corepack"] = self.other
        return PlayedTools({name: known[name] for name in names or ("npm",)})
