"""Messages of Docker, containerd, podman, Kubernetes, and of the dynamic loaders.

Sources: runc 1.1.5 and Docker 20.10 as they print them (seen), crun's and older runc's words,
the reasons of Kubernetes' container states and events, glibc's and musl's dynamic loaders.
"""

from __future__ import annotations

from seaslug.rules.runtime.model import Pattern, broad, known

_STATIC = ("001", "002", "003", "004", "005", "006", "007", "008", "009", "011", "012", "013",
           "014", "015", "016", "017", "020", "030", "036", "038", "039")  # fmt: skip

ENGINES: tuple[Pattern, ...] = (
    known(
        "exec-in-container",
        r'OCI runtime exec failed: .{0,120}?exec: "(?P<path>[^"]+)": '
        r"(?:stat [^:]+: no such file or directory|[^:]{0,80})",
        "a program that should run inside the container does not start: {path}",
        "images without a shell have no sh to exec; for a health check, name a program it has",
        ("018", "017"),
    ),
    known(
        "build-step",
        r"(?:S(?:tep|TEP) \d+/\d+ ?: RUN .{0,400}?|runc run failed: .{0,80}?|"
        r'process "[^"]{1,400}" did not complete successfully: .{0,200}?)'
        r'exec: "(?P<path>[^"]+)": stat \S+: no such file or directory',
        "RUN wants the shell {path} (SHELL names it), and the image of this stage has none",
        "do it in a stage that has one, and take what it made: COPY --from=build PATH PATH",
    ),
    known(
        "stat",
        r'exec: "(?P<path>[^"]+)":(?: stat [^:]+:)? no such file or directory',
        "the engine finds no file {path} in the image",
        "see what is there: seaslug ls IMAGE; then correct ENTRYPOINT or CMD, or the COPY. Is it "
        "there, compare its architecture with the machine's: file PROGRAM",
        ("001", "003", "017", "038", "030", "004", "005", "006"),
    ),
    known(
        "loop", r'exec: "(?P<path>[^"]+)": stat [^:]+: too many levels of symbolic links',
        "links lead from {path} in a circle", "see where: seaslug ls IMAGE", ("003",),
    ),
    known(
        "not-in-path", r'exec: "(?P<path>[^"]+)": executable file not found in \$PATH',
        "no directory of PATH has an executable file {path}",
        "name it by its whole path, or set PATH in the image", ("002", "011", "003", "038", "030"),
    ),
    known(
        "crun-not-found",
        r"executable file [`'](?P<path>[^`']+)[`'] not found(?: in \$PATH)?"
        r"(?:: No such file or directory)?",
        "the engine (crun) finds no executable file {path}",
        "see what is there: seaslug ls IMAGE", ("001", "002", "003", "017", "038", "011"),
    ),
    known(
        "crun-open", r"open executable: (?P<what>[A-Z][\w ]+)",
        "the engine (crun) cannot open the program: {what}",
        "look at its mode and at its first line: seaslug ls IMAGE",
        ("011", "012", "004", "005", "013", "014"),
    ),
    known(
        "kernel-not-found", r"(?<!fork/)\bexec (?P<path>[^\s:\"]+): no such file or directory",
        "{path} is there, but what it needs first is not: its dynamic loader, or the interpreter "
        "in its first line",
        "look at it: file PROGRAM, or head -1 SCRIPT | od -c",
        ("004", "005", "007", "013", "014", "030"),
    ),
    known(
        "kernel-not-found",
        r"(?:standard_init_linux\.go:\d+: )?exec user process caused:? \"?no such file or "
        r"directory",
        "the program is there, but what it needs first is not: its dynamic loader, or the "
        "interpreter in its first line",
        "look at it: file PROGRAM, or head -1 SCRIPT | od -c",
        ("004", "005", "007", "013", "014", "030"),
    ),
    known(
        "format", r"(?:\bexec (?P<path>/[^\s:]+): |exec user process caused:? \"?)?[Ee]xec format "
        r"error",
        "the kernel does not know what kind of file it is, or it is for another processor",
        "compare: file PROGRAM, and the platform in seaslug inspect IMAGE", ("006", "015", "016"),
    ),
    known(
        "exec-permission",
        r'exec:? "?(?P<path>[^":\s]+)"?: (?:stat \S+: )?permission denied',
        "{path} may not be executed by the user of the container",
        "look at modes and owners: seaslug ls -l IMAGE", ("011", "012"),
    ),
    known(
        "exec-capabilities",
        r"\bexec(?: container process)? [`'\"]?(?P<path>/[^\s:`'\"]+)[`'\"]?: [Oo]peration not "
        r"permitted",
        "{path} has file capabilities that the container may not have",
        "see them: seaslug check IMAGE; allow them: docker run --cap-add NAME", ("039",),
    ),
    known(
        "user",
        r"unable to find (?P<kind>user|group) (?P<name>[^\s:]+): no matching entries in \w+ file",
        "the {kind} {name} is not in the image's own files",
        "use numbers: USER 65532:65532", ("020",),
    ),
    known("no-command", r"[Nn]o command (?:or entrypoint )?specified",
          "the image does not say what to start",
          "name a program: docker run IMAGE PROGRAM, or write ENTRYPOINT", ("001",)),
    known(
        "run-as-non-root", r"container has runAsNonRoot and image will run as root",
        "Kubernetes was told to run no root, and the image says no other user",
        'set a number in the image: USER 65532', ("020",),
    ),
    known(
        "run-as-non-root-name",
        r"container has runAsNonRoot and image has non-numeric user \((?P<name>[^)]+)\)",
        "Kubernetes cannot tell whether the user {name} is root: it looks at numbers only",
        "set a number in the image: USER 65532", ("020",),
    ),
    broad(
        "state",
        r"(?P<name>CrashLoopBackOff|RunContainerError|CreateContainerError|"
        r"ContainerCannotRun|StartError|Back-off restarting failed container)",
        "Kubernetes could not start the container, or it ended again and again: {name}",
        "ask for its last words: kubectl logs --previous POD; kubectl describe pod POD",
        _STATIC,
    ),
    broad("config", r"CreateContainerConfigError",
          "a ConfigMap, Secret or user that the pod names is not right; the image was not started",
          "kubectl describe pod POD", ("020",)),
    broad("pull", r"ImagePullBackOff|ErrImagePull",
          "the image could not be fetched; nothing of it was started",
          "look for it: seaslug inspect docker://HOST/NAME"),
    broad("memory", r"OOMKilled", "it took more memory than it was given, and was ended",
          "raise the limit, or tell the program of it"),
    broad("unhealthy", r"\(unhealthy\)|[Uu]nhealthy\b", "the health check fails",
          "ask what it printed: docker inspect --format '{{json .State.Health}}' NAME", ("018",)),
    broad("status-127", r"(?i:exit(?:ed)?(?: with)?(?: code| status)?:? ?\(?)127\b",
          "status 127: a program or a library of it was not found", "docker logs NAME",
          ("001", "002", "003", "008", "017", "038")),
    broad("status-126", r"(?i:exit(?:ed)?(?: with)?(?: code| status)?:? ?\(?)126\b",
          "status 126: the program may not be executed", "seaslug ls -l IMAGE", ("011", "012")),
    broad("status-139", r"(?i:exit(?:ed)?(?: with)?(?: code| status)?:? ?\(?)139\b|"
          r"[Ss]egmentation fault|SIGSEGV",
          "it was ended by the kernel for touching memory that is not its own (139)",
          "compare the program with what was built: sha256sum", ("016", "005")),
)  # fmt: skip

LOADERS: tuple[Pattern, ...] = (
    known(
        "libjli", r"error while loading shared libraries: libjli\.so",
        "java finds its own library by /proc/self/exe or beside itself, and neither is there",
        "start java by its whole path, with /proc mounted; do not copy bin/java alone", ("008",),
    ),
    known(
        "library",
        r"error while loading shared libraries: (?!libjli)(?P<name>[^:\s]+): "
        r"cannot open shared object file",
        "the library {name} is nowhere that the loader looks",
        "bring its package: seaslug build BASE --with PACKAGE; on a static base take base or cc",
        ("008", "038", "004"),
    ),
    known(
        "library-damaged",
        r"error while loading shared libraries: (?:[^:\s]*/)?(?P<name>[^:\s/]+): "
        r"(?P<what>file too short|invalid ELF header|cannot read file data|ELF load command past "
        r"end of file)",
        "what is called {name} is no library: {what}",
        "see what is there: seaslug ls -l IMAGE; then copy it again", ("008", "038", "016"),
    ),
    known(
        "other-class", r"(?P<name>[^:\s]+): wrong ELF class: (?P<what>ELFCLASS\d+)",
        "{name} is for another word size ({what})", "take it from the right architecture",
        ("006", "007"),
    ),
    known(
        "musl-library",
        r"Error loading shared library (?P<name>[^:\s]+): No such file or directory",
        "the library {name} is nowhere that musl's loader looks",
        "copy it from the Alpine image that built the program, or link statically", ("008", "038"),
    ),
    known(
        "musl-symbol", r"Error relocating (?P<path>[^:\s]+): (?P<name>\w+): symbol not found",
        "{path} needs {name}, which musl does not have: it was built for glibc",
        "build it on Alpine, or take a base with glibc", ("005", "008"),
    ),
    known(
        "version", r"version [`'‘](?P<name>[A-Z][A-Z_]*_[\w.]+)['’] not found"
        r"(?: \(required by (?P<path>[^)]+)\))?",
        "it was built on a newer system: {name} is not in the image's libraries",
        "take a newer base, or build on the older system", ("009",),
    ),
    known("symbol", r"symbol lookup error: (?P<path>[^:\s]+): undefined symbol: (?P<name>\w+)",
          "{path} wants {name}, which no library that it loads has",
          "a library of another version is in its way: seaslug ls IMAGE", ("009", "008")),
    known("thread", r"libgcc_s\.so\.1 must be installed for pthread_(?:exit|cancel) to work",
          "glibc opens libgcc_s.so.1 only when a thread ends this way, and it is not there",
          "take the base cc, or add the package libgcc-s1", ("010",)),
    known("letters", r"\biconv(?:_open)?(?:\(\))?: (?:[\w ]+: )?Invalid argument|"
          r"(?i:conversion from \S+ (?:to \S+ )?(?:is )?not supported)",
          "glibc converts letters other than Unicode's by modules (gconv), and they are not there",
          "take the base base: its libc6 has them", ("010",)),
    known("services", r"getaddrinfo: System error|Name or service not known",
          "a name was not found: glibc asks files and DNS as /etc/nsswitch.conf says",
          "is the name right, is there a network? else write there: hosts: files dns",
          ("010", "025")),
)  # fmt: skip
