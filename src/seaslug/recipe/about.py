"""What each key of a recipe means, for the reference."""

from __future__ import annotations

RECIPE = {
    "name": "what the recipe is called; the only key that must be there",
    "description": "one line for people; it becomes an annotation of the image",
    "from": "the parent: a family reference without variant; nothing for an image from scratch",
    "distribution": "debian11, debian12, debian13 or testing; the parent's, else debian13",
    "version-from": "the package whose version is the image's",
    "packages": "what is wanted: `name`, `name (>= 1.2)`, `name=1.2-3`, `name@SUITE`",
    "packages-for": "more packages for one distribution: `debian13 = [...]`",
    "exclude": "packages that stay out although something depends on them",
    "keep": "switches: what is left out by default and shall be in after all",
    "drop": "patterns of files to leave out of every package",
    "only": "for one package, the only patterns that are taken",
    "moves": "for one package, files to put elsewhere; a path that ends in / moves all below it",
    "effects": "what is computed at this level",
    "last": "what is computed over the finished tree",
    "links": "symbolic links: tables with `path` and `target`",
    "env": "environment variables",
    "labels": "labels and annotations",
    "user": "the user that the image runs as, by name or number",
    "workdir": "where it starts",
    "entrypoint": "what it starts",
    "cmd": "the arguments that it starts with",
    "npm": "a program from an npm package: `package`, `version`, `moves`",
    "variants": "what a variant adds: tables of the keys above",
    "prove": "checks that seaslug prove runs: see below",
}
"""The keys of a recipe file."""

WORDS = {
    "arch": "Debian's name of the architecture",
    "triplet": "Debian's multi-arch folder",
    "npm": "npm's name of the architecture",
    "loader": "the path of the dynamic loader",
}
"""Words in braces that are filled in per platform."""

CHECK = {
    "name": "what is to hold, as a sentence",
    "argv": "what to start, instead of entrypoint and command",
    "args": "what to start the entrypoint with, instead of the command",
    "user": "run as this user (`uid[:gid]`)",
    "env": "more environment variables",
    "stdin": "what the program reads",
    "files": "files to mount, read-only: path and text",
    "status": "the exit status that must come (0)",
    "stdout": "a regular expression that must be found in what it prints",
    "stderr": "the same for its standard error",
    "port": "the program is a server: ask it on this port instead of waiting for its end",
    "path": "what to ask for (/)",
    "http_status": "the status that the answer must have (200)",
    "body": "a regular expression that must be found in the answer",
    "refused": "true: the program must not be startable at all",
    "timeout": "seconds to wait (60)",
    "variants": "only for these variants",
    "distributions": "only for these distributions",
}
"""The keys of a check."""

EFFECTS = {
    "users": "/etc/passwd and /etc/group with root, nobody and nonroot",
    "directories": "the directories of every image: /tmp, /home/nonroot and the like",
    "nsswitch": "/etc/nsswitch.conf",
    "os-release": "/etc/os-release, from the release's own",
    "localtime": "/etc/localtime, UTC",
    "ca": "the bundle of certificate authorities, and OpenSSL's hash links",
    "usrmerge": "the links of a merged /usr, where the distribution has one",
    "licences": "the common licences that copyright files name",
    "locale": "C.UTF-8",
    "ld-cache": "/etc/ld.so.cache",
    "ld-print": "ldconfig -p for Python's find_library",
    "java-keystore": "/etc/ssl/certs/java/cacerts",
    "pyc": "precompiled Python",
    "busybox": "links for BusyBox's applets, below /busybox",
}
"""The effects: what is computed in place of maintainer scripts."""
