"""The main section of META-INF/MANIFEST.MF.

Source: the JAR file specification: ``Name: value`` lines of at most 72 bytes, a line that
begins with a space goes on with the one before; an empty line ends the section.
"""

from __future__ import annotations

from dataclasses import dataclass

PATH = "META-INF/MANIFEST.MF"
LIMIT = 4 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """Attributes of the main section; names are compared without regard to case."""

    attributes: tuple[tuple[str, str], ...] = ()

    def get(self, name: str) -> str:
        """Return the value of *name*, or an empty string."""
        wanted = name.lower()
        return next((value for key, value in self.attributes if key.lower() == wanted), "")

    @property
    def main(self) -> str:
        """The class that ``java -jar`` starts."""
        return self.get("Main-Class")

    @property
    def class_path(self) -> tuple[str, ...]:
        """Paths of libraries, relative to the jar."""
        return tuple(self.get("Class-Path").split())

    @property
    def options(self) -> tuple[str, ...]:
        """What ``java -jar`` takes from the manifest and ``java -cp`` does not, as options."""
        made = []
        for name, option in (("Add-Exports", "--add-exports"), ("Add-Opens", "--add-opens")):
            made += [f"{option}={package}=ALL-UNNAMED" for package in self.get(name).split()]
        if self.get("Enable-Native-Access"):
            made.append("--enable-native-access=ALL-UNNAMED")
        return tuple(made)


def parse(data: bytes) -> Manifest:
    """Return the main attributes in *data*; lines that are none are passed over."""
    lines: list[bytes] = []
    for line in data[:LIMIT].replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"):
        if line.startswith(b" ") and lines:
            lines[-1] += line[1:]
        elif line:
            lines.append(line)
        elif lines:
            break
    rows = [line.decode("utf-8", "replace").partition(":") for line in lines]
    return Manifest(tuple((name, value.strip()) for name, colon, value in rows if colon))
