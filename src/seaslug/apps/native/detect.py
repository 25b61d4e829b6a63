"""Programs that were named, and build commands of the configuration's own."""

from __future__ import annotations

from seaslug.apps.model import Detection, Evidence
from seaslug.apps.native.trouble import name_of
from seaslug.apps.project import Project, said
from seaslug.deb.binary import read
from seaslug.deb.elflanguage import language

BINARY, COMMAND = "binary", "command"
_ELF = b"\x7fELF"


def detect(project: Project) -> Detection | None:
    """Return ``command`` where the configuration has build and output, ``binary`` for an ELF file.

    A damaged ELF file is one too: what is wrong with it is told when it is made an application.
    """
    if project.file:
        return _binary(project)
    config = project.config
    if config.build and config.output:
        rows = (
            said("build = " + " ".join(config.build), config.where),
            said(f"output = {config.output}", config.where),
        )
        return Detection(COMMAND, f"built by {config.build[0]}", rows)
    return None


def _binary(project: Project) -> Detection | None:
    entry = project.tree.get(project.file)
    content = entry.content if entry is not None else None
    if content is None or content.read(0, 4) != _ELF:
        return None
    rows, title = [said("an ELF file", project.file)], "a program"
    binary, made = read(content), language(content)
    if binary is not None:
        rows.append(said(f"{binary.linkage}, for {name_of(binary.elf)}", project.file))
        title = f"a program, {binary.linkage}"
    if made is not None and made.name:
        text = f"{made.name} {made.version}".rstrip()
        rows.append(Evidence(text, f"{project.file}: {made.where}"))
        title = f"{made.name}, {title}"
    return Detection(BINARY, title, tuple(rows))
