"""Messages of programs that do not find what they load or start: libraries, addons, a shell.

Sources: musl's dynamic loader, CPython 3.11, Node.js 20, OpenJDK 17 and Go 1.22.
"""

from __future__ import annotations

from seaslug.rules.runtime.model import Pattern, known

INSIDE: tuple[Pattern, ...] = (
    known(
        "child",
        r"fork/exec (?P<path>[^\s:]+): no such file or directory|"
        r"\bspawn (?P<name>[^\s:]+) ENOENT|"
        r"Cannot run program \"(?P<program>[^\"]+)\"(?: \([^)]*\))?:? .{0,40}?"
        r"No such file or directory",
        "it starts another program, {path}{name}{program}, which is not in the image, or whose "
        "loader is not",
        "do without it, or bring it: seaslug build BASE --with PACKAGE; a shell: BASE:debug",
    ),
    known(
        "python-file",
        r"FileNotFoundError: \[Errno 2\] No such file or directory: '(?P<path>[^']+)'",
        "there is no file or program {path}",
        "see what is there: seaslug ls IMAGE; bring it: COPY, or seaslug build BASE --with PACKAGE",
    ),
    known(
        "musl-damaged",
        r"Error loading shared library (?P<name>[^:\s]+): (?P<what>Exec format error|"
        r"Permission denied)",
        "musl's loader cannot use the library {name}: {what}",
        "is it for musl and for this processor? file LIBRARY; seaslug ls -l IMAGE",
        ("008", "038", "006"),
    ),
    known(
        "musl-program", r"(?P<path>/[^\s:]+): Not a valid dynamic program",
        "musl's loader was given {path}, which is no program for it: static, or for glibc",
        "start it without the loader, or take a base with glibc", ("005", "006"),
    ),
    known(
        "node-register", r"Module did not self-register: '?(?P<path>[^'\s]+)",
        "the addon {path} was compiled for another Node.js, or is loaded twice",
        "npm rebuild with the Node.js of the image", ("031",),
    ),
    known(
        "node-library", r"Error: (?P<name>lib[^:\s]+\.so[^:\s]*): cannot open shared object file",
        "an addon needs the library {name}, which is not in the image",
        "bring its package: seaslug build BASE --with PACKAGE", ("008", "038", "031"),
    ),
    known(
        "node-runtime", r"Could not load the \"(?P<name>[^\"]+)\" module using the (?P<what>\S+)",
        "{name} has no addon for {what} in node_modules: it was installed on another system",
        "install for the image: npm ci --os=linux --cpu=x64 --libc=glibc", ("031", "008"),
    ),
    known(
        "node-package", r"Cannot find package '(?P<name>[^']+)' imported from (?P<path>\S+)",
        "Node.js finds no package {name} for {path}",
        "copy node_modules beside it: seaslug ls IMAGE",
    ),
    known(
        "python-start", r"Fatal Python error: (?P<name>init_\w+)",
        "Python does not come up ({name}): its own library is incomplete or elsewhere",
        "leave PYTHONHOME out; make the venv with the image's Python", ("030",),
    ),
    known(
        "python-extension",
        r"ImportError: (?P<path>[^:\s]+\.so[^:\s]*): (?:undefined symbol: (?P<name>\w+)|"
        r"invalid ELF header|wrong ELF class: \w+)",
        "the compiled module {path} is for another Python, C library or machine",
        "install it with the image's Python: pip install --platform manylinux_2_28_x86_64 "
        "--only-binary :all:", ("029", "009", "008"),
    ),
    known(
        "java-library",
        r"UnsatisfiedLinkError: (?:[^\s:]+: )?(?P<name>[^:\s/]+\.so[.\d]*): cannot open shared "
        r"object file",
        "a native library of Java needs {name}, which is not in the image",
        "bring its package: seaslug build BASE --with PACKAGE", ("008", "038"),
    ),
    known(
        "java-jar", r"Unable to access jarfile (?P<path>\S+)",
        "Java was told to start {path}, and there is no such file, or it may not be read",
        "see what is there: seaslug ls -l IMAGE; name it by its whole path", ("036", "001"),
    ),
    known(
        "java-zone", r"ZoneRulesException: Unknown time-zone ID: (?P<name>\S+)",
        "the JVM knows no zone {name}: it has zones of its own (lib/tzdb.dat)",
        "name one as tzdata spells it: ENV TZ=Europe/Berlin", ("024",),
    ),
)  # fmt: skip
