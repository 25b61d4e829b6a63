"""Messages as engines, loaders and languages print them: recognised, explained, tied to causes."""

from __future__ import annotations

import pytest

from rules.broken import ALONE_IN_BASE, DOCTOR, STATIC
from rules.making import specimen
from rules.wordings import DIAGNOSES, WORDINGS
from seaslug.ops.doctor import RULES, diagnose, explain, status
from seaslug.rules.model import Severity
from seaslug.rules.runtime.recognise import PATTERNS, recognise

RUNC = (
    "docker: Error response from daemon: failed to create shim task: OCI runtime create failed: "
    "runc create failed: unable to start container process: "
)
OLD = 'container_linux.go:349: starting container process caused "'
MESSAGES = {
    RUNC + 'exec: "/app": stat /app: no such file or directory: unknown': "stat",
    RUNC + 'exec: "/app": stat /app: too many levels of symbolic links: unknown': "loop",
    RUNC + 'exec: "app": executable file not found in $PATH: unknown': "not-in-path",
    RUNC + 'exec: "/app": permission denied: unknown': "exec-permission",
    RUNC + 'exec: "/d/app": stat /d/app: permission denied: unknown': "exec-permission",
    RUNC + "exec /app: permission denied: unknown": "exec-permission",
    "exec /app: operation not permitted": "exec-capabilities",
    "Error: crun: exec container process `/app`: Operation not permitted": "exec-capabilities",
    OLD + 'exec: \\"/app\\": no such file or directory"': "stat",
    "OCI runtime exec failed: exec failed: unable to start container process: "
    'exec: "/bin/sh": stat /bin/sh: no such file or directory: unknown': "exec-in-container",
    "exec /app: no such file or directory": "kernel-not-found",
    'standard_init_linux.go:211: exec user process caused "no such file or directory"':
        "kernel-not-found",
    "standard_init_linux.go:228: exec user process caused: exec format error": "format",
    "exec /app: exec format error": "format",
    "Error: crun: executable file `/app` not found in $PATH: No such file or directory: "
    "OCI runtime attempted to invoke a command that was not found": "crun-not-found",
    "Error: crun: open executable: Permission denied: OCI permission denied": "crun-open",
    "docker: Error response from daemon: unable to find user app: no matching entries in passwd "
    "file": "user",
    "docker: Error response from daemon: No command specified": "no-command",
    "Error: container has runAsNonRoot and image will run as root": "run-as-non-root",
    "Error: container has runAsNonRoot and image has non-numeric user (app), cannot verify user is "
    "non-root": "run-as-non-root-name",
    "Warning  BackOff  5s  kubelet  Back-off restarting failed container: CrashLoopBackOff":
        "state",
    "app-6f  0/1  RunContainerError  3 (10s ago)  1m": "state",
    "app-6f  0/1  CreateContainerConfigError  0  1m": "config",
    "app-6f  0/1  ImagePullBackOff  0  1m": "pull",
    "Last State: Terminated  Reason: OOMKilled": "memory",
    "Up 2 minutes (unhealthy)": "unhealthy",
    "app exited with code 139": "status-139",
    "Exit Code: 127": "status-127",
    "/app: error while loading shared libraries: libpq.so.5: cannot open shared object file: No "
    "such file or directory": "library",
    "/app: error while loading shared libraries: /lib/x86_64-linux-gnu/libz.so.1: file too short":
        "library-damaged",
    "/app: error while loading shared libraries: /lib/libz.so.1: cannot read file data: Error 21":
        "library-damaged",
    "java: error while loading shared libraries: libjli.so: cannot open shared object file: No "
    "such file or directory": "libjli",
    "Error loading shared library libpq.so.5: No such file or directory (needed by /app)":
        "musl-library",
    "Error relocating /app: __fprintf_chk: symbol not found": "musl-symbol",
    "/app: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by /app)":
        "version",
    "/app: symbol lookup error: /lib/libx.so: undefined symbol: hello": "symbol",
    "libgcc_s.so.1 must be installed for pthread_exit to work": "thread",
    "iconv_open: Invalid argument": "letters",
    "socket.gaierror: [Errno -2] Name or service not known": "services",
    "Step 2/2 : RUN echo hello\n ---> Running in c205d67caed7\nfailed to create shim task: OCI "
    'runtime create failed: runc create failed: unable to start container process: exec: "/bin/sh":'
    " stat /bin/sh: no such file or directory: unknown": "build-step",
    '#7 0.1 runc run failed: unable to start container process: exec: "/bin/sh": stat /bin/sh: no '
    "such file or directory": "build-step",
    'STEP 2/2: RUN echo hello\nerror running container: from /usr/sbin/runc creating container for '
    '[/bin/sh -c echo hello]: msg="runc create failed: unable to start container process: exec: '
    '\\"/bin/sh\\": stat /bin/sh: no such file or directory"': "build-step",
    "getaddrinfo: System error": "services",
    "ModuleNotFoundError: No module named 'encodings'": "python-home",
    "ModuleNotFoundError: No module named 'numpy.core'": "python-module",
    "ImportError: libGL.so.1: cannot open shared object file: No such file or directory":
        "python-library",
    "ImportError: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found "
    "(required by x.so)":
        "python-version",
    "PermissionError: [Errno 13] Permission denied: '/data/x'": "python-writes",
    "OSError: [Errno 30] Read-only file system: '/app/x'": "read-only",
    "zoneinfo._common.ZoneInfoNotFoundError: 'No time zone found with key Europe/Berlin'":
        "python-zone",
    "locale.Error: unsupported locale setting": "python-locale",
    "KeyError: 'getpwuid(): uid not found: 1234'": "python-user",
    "FileNotFoundError: [Errno 2] No usable temporary directory found in ['/tmp']":
        "python-temporary",
    "/usr/bin/python3: can't open file '//python': [Errno 2] No such file or directory":
        "python-script",
    "ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed":
        "python-tls",
    "was compiled against a different Node.js version using\nNODE_MODULE_VERSION 108. This version":
        "node-abi",
    "Error: /app/node_modules/x/x.node: invalid ELF header": "node-elf",
    "Error: Cannot find module '/node'": "node-module",
    "Error: unable to get local issuer certificate code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'":
        "node-tls",
    "sun.security.validator.ValidatorException: PKIX path building failed": "java-tls",
    "java.security.InvalidAlgorithmParameterException: the trustAnchors parameter must be "
    "non-empty":
        "java-empty",
    "java.lang.UnsupportedClassVersionError: App has been compiled by a more recent version of the "
    "Java Runtime (class file version 65.0)": "java-class",
    "java.lang.NoClassDefFoundError: Could not initialize class sun.font.SunFontManager":
        "java-fonts",
    "Exception in thread main java.awt.HeadlessException": "java-headless",
    "Error: Could not find or load main class java": "java-main",
    'Get "https://example.org": tls: failed to verify certificate: x509: certificate signed by '
    "unknown authority": "x509",
    "unknown time zone Europe/Berlin": "go-zone",
    "user: unknown userid 1234": "go-user",
    "listen tcp :80: bind: permission denied": "bind",
    "env: can't execute 'python3': No such file or directory": "env",
    "/usr/bin/env: ‘python3’: No such file or directory": "env",
    "mkdir /var/lib/app: permission denied": "permission",
    **WORDINGS,
}  # fmt: skip


@pytest.mark.parametrize("text", MESSAGES)
def test_a_message_is_recognised(text: str) -> None:
    log = f"2026-11-25T03:00:00Z starting\n{text}\n"
    assert MESSAGES[text] in [one.pattern.name for one in recognise(log)]
    one = next(one for one in recognise(log) if one.pattern.name == MESSAGES[text])
    assert one.means and one.message in " ".join(log.replace('\\"', '"').split())


def test_every_pattern_is_seen() -> None:
    texts = (*MESSAGES, *DIAGNOSES)
    seen = {one.pattern.name for text in texts for one in recognise(text)}
    assert {pattern.name for pattern in PATTERNS} - seen <= {
        "other-class", "status-126", "issuer"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("tls.so: wrong ELF class: ELFCLASS32", "other-class"), ("exited (126)", "status-126"),
        ("error:0A000086: unable to get local issuer certificate", "issuer"),
    ],
)  # fmt: skip
def test_the_rest(text: str, name: str) -> None:
    assert [one.pattern.name for one in recognise(text)] == [name]


@pytest.mark.parametrize("text", ["", "hello", "GET / 200", "\0\xff", "exec", "listening on :80"])
def test_what_is_no_message(text: str) -> None:
    assert recognise(text) == ()


def test_what_says_little_gives_way() -> None:
    text = "CrashLoopBackOff\nExit Code: 1\nexec /app: no such file or directory\n"
    assert [one.pattern.name for one in recognise(text)] == ["kernel-not-found"]
    assert [one.message for one in recognise(text * 3)] == ["exec /app: no such file or directory"]


@pytest.mark.parametrize("name", [rule.id for rule in RULES if rule.severity is Severity.FATAL])
def test_what_a_rule_foretells_is_recognised_and_tied_to_it(name: str) -> None:
    found = diagnose(DOCTOR[name][1]())
    one = next(one for one in found.findings if one.rule == name)
    if not one.symptom:
        assert status(one) == 139
        told = explain("app exited with code 139", found)
        assert (told[0].causes[0].finding, told[0].causes[0].sure) == (one, "likely")
        return
    text = one.symptom
    if "required by" in text:
        text += " /app)"
    elif "can't open" in text:
        text += " '//python': [Errno 2]"
    told = explain(RUNC + text, found)
    assert told and told[0].causes, text
    assert (told[0].causes[0].finding, told[0].causes[0].sure) == (one, "certain")


def test_java_says_which_version() -> None:
    text = "UnsupportedClassVersionError: App (class file version 65.0)"
    assert "Java 21 or newer" in recognise(text)[0].means


GUIDE = """\
# Error: container_linux.go:349: starting container process caused "exec: \\"/app\\": 
# no such file or directory"
"""


def test_the_guides_troubles_word_for_word() -> None:
    absent = diagnose(specimen({"bin/app": STATIC}, {"Entrypoint": ["/app"]}))
    told = explain(GUIDE, absent)[0]
    assert told.causes[0].finding.rule == "IMG001" and told.causes[0].sure == "certain"
    assert told.causes[0].finding.fix == 'ENTRYPOINT ["/bin/app"]'
    nothing = explain(GUIDE, None)[0]
    assert nothing.causes == () and "file PROGRAM" in nothing.seen.pattern.look

    text = (
        "# Error: error while loading shared libraries: libc.so.6: cannot open shared object file"
    )
    library = diagnose(ALONE_IN_BASE())
    found = explain(text, library)[0].causes[0]
    assert found.finding.rule == "IMG008" and found.sure == "certain"
    assert "base" in found.finding.fix

    zone = explain("unknown time zone Europe/Berlin", diagnose(DOCTOR["IMG024"][1]()))[0]
    assert zone.causes[0].finding.fix.startswith(
        "COPY --from=build /usr/share/zoneinfo /usr/share/zoneinfo"
    )
    tls = explain("x509: certificate signed by unknown authority", absent)[0]
    assert "/etc/ssl/certs/ca-certificates.crt" in tls.seen.pattern.look
    start = diagnose(DOCTOR["IMG023"][1]())
    assert (
        explain("x509: certificate signed by unknown authority", start)[0]
        .causes[0]
        .finding.fix.startswith("COPY --from=build /etc/ssl/certs/ca-certificates.crt")
    )


def test_logs_inside_logs() -> None:
    """CRI-O quotes what runc quoted; each level has its own backslashes."""
    for slashes in ("", "\\", "\\\\\\", 7 * "\\"):
        quote = f'{slashes}"'
        text = f"msg={quote}exec: {quote}./app{quote}: stat ./app: no such file or directory{quote}"
        assert [dict(one.groups) for one in recognise(text)] == [{"path": "./app"}]


def test_a_certificate_is_told_once() -> None:
    for text, name in WORDINGS.items():
        if name in ("expired", "self-signed", "other-name", "java-path"):
            assert [one.pattern.name for one in recognise(text)] == [name], text


@pytest.mark.parametrize("text", DIAGNOSES)
def test_a_few_words_are_enough(text: str) -> None:
    (one,) = recognise(text)
    assert DIAGNOSES[text] in one.pattern.rules
