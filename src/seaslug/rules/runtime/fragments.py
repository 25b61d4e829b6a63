"""What is left of a message when somebody tells it in their own words, or cuts it short."""

from __future__ import annotations

from seaslug.rules.runtime.model import Pattern, broad

FRAGMENTS: tuple[Pattern, ...] = (
    broad("some-path", r"executable file not found in \$PATH",
          "no directory of PATH has the program", "name it by its whole path, or set PATH",
          ("002", "011", "003", "038")),
    broad("some-stat", r'exec: "(?P<path>[^"]+)": stat\b',
          "the engine finds no file {path} in the image",
          "see what is there: seaslug ls IMAGE", ("001", "003", "017", "038")),
    broad("some-library", r"error while loading shared libraries",
          "a library is nowhere that the loader looks",
          "its name follows in the message; bring its package: seaslug build BASE --with PACKAGE",
          ("008", "038")),
    broad("some-user", r"unable to find (?:user|group)",
          "the user or group is not in the image's own files", "use numbers: USER 65532:65532",
          ("020",)),
    broad("some-name", r"getpass\.getuser|getpwuid",
          "the user's number has no entry in /etc/passwd",
          "add a line to /etc/passwd, or set the variable USER", ("021",)),
    broad("some-zone", r"ZoneInfoNotFoundError", "the time zone is not in the image",
          "add the package tzdata, or pip install tzdata", ("024",)),
    broad("some-locale", r"\blocale\.Error\b", "the locale is not in the image",
          "set LANG=C.UTF-8", ("026",)),
    broad("some-module", r"ModuleNotFoundError", "Python does not find a module",
          "see where it is: seaslug ls IMAGE; set PYTHONPATH to its folder", ("029", "030")),
    broad("some-addon", r"was compiled against a different Node\.js version",
          "an addon was compiled for another Node.js",
          "npm rebuild with the Node.js of the image", ("031",)),
)  # fmt: skip
