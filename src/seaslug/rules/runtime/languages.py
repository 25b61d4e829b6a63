"""Messages of CPython, Node.js, the JVM and Go.

Sources: the exceptions' own texts in CPython 3.11, Node.js 20, OpenJDK 17 and Go 1.22.
"""

from __future__ import annotations

from seaslug.rules.runtime.model import Pattern, broad, known

PYTHON: tuple[Pattern, ...] = (
    known(
        "python-home",
        r"No module named 'encodings'",
        "Python does not find its own library: PYTHONHOME or a venv leads elsewhere",
        "leave PYTHONHOME out; make the venv with the image's Python",
        ("030",),
    ),
    known(
        "python-module",
        r"ModuleNotFoundError: No module named '(?!encodings')(?P<name>[^']+)'",
        "Python finds no module {name}: not installed, elsewhere than sys.path, or compiled "
        "for another Python",
        "see where it is: seaslug ls IMAGE; set PYTHONPATH to its folder",
        ("029", "030"),
    ),
    known(
        "python-library",
        r"ImportError: (?P<name>[^:\s]+): cannot open shared object file",
        "a compiled module needs the library {name}, which is not in the image",
        "bring its package: seaslug build BASE --with PACKAGE",
        ("008", "038"),
    ),
    known(
        "python-version",
        r"ImportError: [^:]+: version [`'](?P<name>[A-Z_]+[\w.]+)' not found",
        "a compiled module was built on a newer system: {name}",
        "take the wheel for manylinux_2_28 or older, or a newer base",
        ("009",),
    ),
    known(
        "python-writes",
        r"PermissionError: \[Errno 13\] Permission denied: '(?P<path>[^']+)'",
        "the user may not write or read {path}",
        "give it to the user: COPY --chown=65532:65532; or mount a volume there",
        ("022", "028", "027"),
    ),
    known(
        "python-zone",
        r"No time zone found with key (?P<name>[^\s'\"]+)",
        "the zone {name} is neither in /usr/share/zoneinfo nor in the package tzdata",
        "add the package tzdata, or pip install tzdata",
        ("024",),
    ),
    known(
        "python-locale",
        r"locale\.Error: unsupported locale setting",
        "the locale that LANG or LC_ALL names is not in the image",
        "set LANG=C.UTF-8",
        ("026",),
    ),
    known(
        "python-user",
        r"getpwuid\(\): uid not found: (?P<name>\d+)",
        "/etc/passwd has no entry for the number {name}",
        "add a line to /etc/passwd, or set the variable USER",
        ("021",),
    ),
    known(
        "python-temporary",
        r"No usable temporary directory found",
        "there is nowhere to write temporary files",
        "docker run --tmpfs /tmp; in Kubernetes an emptyDir at /tmp",
        ("028",),
    ),
    known(
        "python-script",
        r"can't open file '(?P<path>[^']+)'",
        "Python was told to run {path}, and there is no such file",
        "images of interpreters have python as the entrypoint: CMD begins with the script",
        ("036", "001"),
    ),
    known(
        "python-tls",
        r"CERTIFICATE_VERIFY_FAILED",
        "Python does not trust the server: no authorities, or not its own",
        "bring a bundle, or set SSL_CERT_FILE",
        ("023", "033"),
    ),
)

NODE: tuple[Pattern, ...] = (
    known(
        "node-abi",
        r"NODE_MODULE_VERSION (?P<name>\d+)",
        "an addon was compiled for another Node.js (NODE_MODULE_VERSION {name})",
        "npm rebuild with the Node.js of the image",
        ("031",),
    ),
    known(
        "node-elf",
        r"(?P<path>[^\s:]+\.node): (?:invalid ELF header|cannot open shared object "
        r"file)",
        "the addon {path} is for another system or machine",
        "install on Linux for the image's platform: npm ci --os=linux --cpu=x64",
        ("031", "008"),
    ),
    known(
        "node-module",
        r"(?:Error: )?Cannot find module '(?P<name>[^']+)'",
        "Node.js finds no module or script {name}",
        "copy node_modules into the image; CMD begins with the script, node is the entrypoint",
        ("036", "001"),
    ),
    known(
        "node-tls",
        r"UNABLE_TO_GET_ISSUER_CERT_LOCALLY|SELF_SIGNED_CERT_IN_CHAIN|"
        r"UNABLE_TO_VERIFY_LEAF_SIGNATURE",
        "Node.js trusts its own authorities only, and the server's is none of them",
        "set NODE_EXTRA_CA_CERTS to the authority's file",
        ("033", "023"),
    ),
)

JAVA: tuple[Pattern, ...] = (
    known(
        "java-tls",
        r"PKIX path building failed",
        "Java's store of authorities is not there, or lacks the server's",
        "bring lib/security/cacerts, or -Djavax.net.ssl.trustStore=FILE",
        ("032", "033"),
    ),
    known(
        "java-empty",
        r"the trustAnchors parameter must be non-empty|"
        r"Error constructing implementation \(algorithm: Default, provider: SunJSSE",
        "Java's store of authorities is empty or not there",
        "bring lib/security/cacerts",
        ("032",),
    ),
    known(
        "java-class",
        r"UnsupportedClassVersionError:.{0,200}?class file version (?P<class>\d+)",
        "the program was compiled for Java {java} or newer, the image has an older one",
        "take a newer base: java21, java25; or compile with --release",
    ),
    known(
        "java-fonts",
        r"NoClassDefFoundError: (?:Could not initialize class )?"
        r"(?P<name>(?:java|sun)[./](?:awt|font)[\w./$]*)|UnsatisfiedLinkError:.{0,200}?"
        r"lib(?:freetype|fontmanager|awt)[\w.]*",
        "Java needs fonts and their libraries for this, and they are not in the image",
        "take the base java, with fontconfig; start with -Djava.awt.headless=true",
        ("008",),
    ),
    known(
        "java-headless",
        r"java\.awt\.HeadlessException",
        "the program wants a screen, and there is none",
        "start with -Djava.awt.headless=true, or leave the window out",
    ),
    known(
        "java-main",
        r"Could not find or load main class (?P<name>\S+)",
        "Java was told to start the class {name}, which is not on the class path",
        "images of Java have java -jar as the entrypoint: CMD is the jar",
        ("036",),
    ),
)

GO: tuple[Pattern, ...] = (
    known(
        "x509",
        r"x509: (?:certificate signed by unknown authority|failed to load system roots)"
        r"[\w ]*",
        "Go does not trust the server: no bundle of authorities, or its own is not in it",
        "COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/",
        ("023", "033"),
    ),
    known(
        "go-zone",
        r"unknown time zone (?P<name>\S+)",
        "the zone {name} is not in /usr/share/zoneinfo",
        'COPY --from=build /usr/share/zoneinfo /usr/share/zoneinfo, or import _ "time/tzdata"',
        ("024",),
    ),
    known(
        "go-user",
        r"user: unknown (?:user|userid) (?P<name>\S+)",
        "/etc/passwd has no entry for {name}",
        "add a line to /etc/passwd",
        ("021", "020"),
    ),
)

OTHERS: tuple[Pattern, ...] = (
    known(
        "bind",
        r"bind: permission denied|listen EACCES: permission denied[^:]*:(?P<name>\d+)|"
        r"bind\(\) to \S+ failed \(13: Permission denied\)",
        "the user may not listen on a port below 1024",
        "listen on a high port, and publish it as the low one: -p 80:8080",
        ("027",),
    ),
    known(
        "issuer",
        r"unable to get local issuer certificate",
        "no authority that is trusted has signed the server's certificate",
        "bring a bundle of authorities, with one's own in it",
        ("023", "033", "032"),
    ),
    known(
        "env",
        r"env: .{0,3}(?P<name>[^\s'’:]+).{0,2}: No such file or directory|"
        r"env: can't execute '(?P<what>[^']+)'",
        "env finds no program of the name in the script's first line",
        "start the interpreter by its path, with the script as its argument",
        ("014", "013"),
    ),
    known(
        "read-only",
        r"[Rr]ead-only file system(?:: '(?P<path>[^']+)')?",
        "it writes to a root that is read-only",
        "docker run --tmpfs PATH, or a volume there",
        ("028", "022"),
    ),
    broad(
        "permission",
        r"[Pp]ermission denied|EACCES",
        "the user may not do that",
        "look at modes and owners: seaslug ls -l IMAGE",
        ("022", "011", "028", "027"),
    ),
)
