"""What a program finds around it: who it is, where it may write, certificates, zones, locales."""

from __future__ import annotations

import re
from collections.abc import Iterator

from seaslug.anatomy.certificates import BUNDLES, OWN
from seaslug.rules.image import advice, remedy
from seaslug.rules.image.identity import PASSWD, Identity, identity, size, there, writable
from seaslug.rules.image.launch import main
from seaslug.rules.image.rights import binds_low_ports
from seaslug.rules.image.runtimes import java_homes, language, pythons
from seaslug.rules.model import Finding, Rule, Severity
from seaslug.rules.specimen import Specimen
from seaslug.values.tree import Kind

_BUNDLE_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_DIR",
                     "NODE_EXTRA_CA_CERTS")  # fmt: skip
_ZONES = "usr/share/zoneinfo"
_POSIX_ZONE = re.compile(r"[A-Za-z]{3,}[+-]?\d|<")
_PLAIN_LOCALE = re.compile(r"(C|POSIX)\Z", re.IGNORECASE)
_UTF8_C = re.compile(r"C\.(utf-?8)\Z", re.IGNORECASE)
_X509 = "x509: certificate signed by unknown authority"
_CERTIFICATE = {
    "python": "certificate verify failed: unable to get local issuer certificate",
    "native": _X509,
}
_UNTRUSTED = {
    **_CERTIFICATE,
    "node": "UNABLE_TO_VERIFY_LEAF_SIGNATURE", "java": "PKIX path building failed",
}  # fmt: skip
_NO_ANCHORS = "the trustAnchors parameter must be non-empty"
_EMPTY_STORE = "Error constructing implementation (algorithm: Default, provider: SunJSSE"
_LOWEST = "net.ipv4.ip_unprivileged_port_start"
_NO_TEMPORARY = "No usable temporary directory found"
_COMPILED = 50
_SWITCH = r"passwd: files\ngroup: files\nhosts: files dns\n"
_PORT = re.compile(r"(\d+)(?:/\w+)?\Z")


def nameless(specimen: Specimen) -> Iterator[Finding]:
    """The user is a number that /etc/passwd does not have.

    It runs, but programs that ask for the user's name or home get an error: getpass.getuser()
    of Python, ssh, git, whoami. Add a line, or set HOME and USER where that is enough.
    """
    who = identity(specimen)
    if specimen.user and not who.unknown and not who.listed and who.uid:
        line = f"app:x:{who.uid}:{min(who.gids)}::/nonexistent:/sbin/nologin"
        yield Finding("IMG021", Severity.WARN, "User", f"{who.uid} is not in /etc/passwd",
                      remedy.either(remedy.changed(f"echo '{line}' >> /{PASSWD}", PASSWD),
                                    "ENV USER=app"),
                      f"getpwuid(): uid not found: {who.uid}"
                      if language(specimen) == "python" else "")  # fmt: skip


def unwritable(specimen: Specimen) -> Iterator[Finding]:
    """The user may not write where it is likely to: its volumes, its home.

    A new volume takes owner and mode of the directory in the image; where there is none, it is
    root's. Make the directory in the image, owned by the user.
    """
    who = identity(specimen)
    if who.almighty or who.unknown:
        return
    volumes = specimen.run.get("Volumes")
    for path in volumes if isinstance(volumes, dict) else ():
        if not writable(specimen, who, path):
            yield Finding("IMG022", Severity.ERROR, path,
                          f"the volume will not be writable for the user {specimen.user}",
                          _owned(who, path), "Permission denied")  # fmt: skip
    home = specimen.env.get("HOME", "")
    if home and not writable(specimen, who, home):
        yield Finding("IMG022", Severity.INFO, home,
                      f"HOME is not writable for the user {specimen.user}",
                      _owned(who, home), "Permission denied")  # fmt: skip


def _owned(who: Identity, path: str) -> str:
    return f"COPY --chown={who.uid}:{min(who.gids)} empty/ {path}/   # with a folder empty"


def authorities(specimen: Specimen) -> Iterator[Finding]:
    """There are no certificates of authorities, so no TLS connection can be trusted.

    Go, OpenSSL and Python look at known places, and nothing is there. Move to a base that has
    them, or copy the bundle. Node.js and Java bring their own.
    """
    env, tree = specimen.env, specimen.root.tree
    for name in _BUNDLE_VARIABLES:
        wanted = env.get(name, "")
        if wanted and not there(specimen, wanted):
            yield Finding("IMG023", Severity.ERROR, name, f"{wanted} is not in the image",
                          f"{remedy.copied(wanted)}   # or leave {name} out",
                          _CERTIFICATE.get(language(specimen), ""))  # fmt: skip
            return
    kind = language(specimen)
    if kind not in _CERTIFICATE or any(env.get(name) for name in _BUNDLE_VARIABLES):
        return
    bundle = any(tree.resolve(path) for path in BUNDLES)
    hashes = any(entry.path.endswith((".pem", ".0")) for entry in tree.under("etc/ssl/certs"))
    if not bundle and not hashes:
        path = f"/{BUNDLES[0]}"
        yield Finding("IMG023", Severity.WARN, path, "there is no bundle of authorities",
                      remedy.either(remedy.copied(path), _with_bundle(specimen)),
                      _CERTIFICATE[kind])  # fmt: skip


def _with_bundle(specimen: Specimen) -> str:
    name = "base" if advice.dynamic(specimen) else "static"
    return f"seaslug build {name}-{advice.distribution(specimen)}"


def zones(specimen: Specimen) -> Iterator[Finding]:
    """The time zone that is asked for, or all of them, are not in the image.

    A TZ without its file is silently UTC; ZoneInfo of Python and time.LoadLocation of Go fail.
    Bring tzdata, or leave TZ out.
    """
    zone, tree = specimen.env.get("TZ", "").lstrip(":"), specimen.root.tree
    plain = zone.upper() in ("", "UTC", "UTC0", "ETC/UTC") or _POSIX_ZONE.match(zone)
    path = zone if zone.startswith("/") else f"{_ZONES}/{zone}"
    fix = f"{remedy.copied(_ZONES)}   # of the package tzdata"
    if not plain and tree.resolve(path) is None:
        known = there(specimen, _ZONES)
        said = f"there is no time zone {zone}: it will be UTC"
        yield Finding("IMG024", Severity.ERROR, "TZ", said,
                      f"ENV TZ={_near(specimen, zone)}" if known else fix,
                      f"No time zone found with key {zone}"
                      if language(specimen) == "python" else "")  # fmt: skip
    elif plain and language(specimen) and not tree.under(_ZONES):
        own = any(entry.path.endswith("/tzdata/zoneinfo/UTC") for entry in tree)
        if not own and language(specimen) in ("python", "native"):
            yield Finding("IMG024", Severity.INFO, f"/{_ZONES}", "there are no time zones", fix,
                          "No time zone found with key" if language(specimen) == "python"
                          else "unknown time zone")  # fmt: skip


def _near(specimen: Specimen, zone: str) -> str:
    """Return the zone of the image whose name is most like *zone*."""
    from difflib import get_close_matches

    there = [e.path.removeprefix(f"{_ZONES}/") for e in specimen.root.tree.under(_ZONES)]
    close = get_close_matches(zone, there, n=1)
    fallback = next((name for name in ("Etc/UTC", "UTC") if name in there), "UTC")
    return close[0] if close else fallback


def switch(specimen: Specimen) -> Iterator[Finding]:
    """glibc is there, and /etc/nsswitch.conf is not.

    Today's glibc then looks into files and DNS, in that order; older ones (Debian 11's) ask DNS
    first, and /etc/hosts only where no server answers; Go before 1.16 too. Mostly harmless.
    """
    program = main(specimen).program
    facts = specimen.root.facts(program) if program else None
    glibc = facts is not None and "/ld-linux" in facts.binary.elf.interpreter
    path = "etc/nsswitch.conf"
    if glibc and specimen.root.tree.resolve(path) is None:
        yield Finding("IMG025", Severity.INFO, "/etc/nsswitch.conf", "it is not there",
                      remedy.changed(rf"printf '{_SWITCH}' > /{path}", path),
                      "Name or service not known" if advice.distribution(specimen) == "debian11"
                      else "")  # fmt: skip


def locale(specimen: Specimen) -> Iterator[Finding]:
    """LANG or LC_ALL names a locale that is not in the image.

    setlocale then fails: Python raises locale.Error, others fall back to ASCII and break
    other letters. C.UTF-8 is what all bases with glibc have.
    """
    env, tree = specimen.env, specimen.root.tree
    for name in ("LC_ALL", "LANG"):
        value = env.get(name, "")
        if not value or _PLAIN_LOCALE.match(value) or advice.musl(specimen):
            continue
        if _UTF8_C.match(value) and advice.distribution(specimen) != "debian11":
            continue  # built into glibc since 2.35
        head, dot, encoding = value.partition(".")
        folders = {value, f"{head}{dot}{encoding.lower().replace('-', '')}", head}
        known = any(there(specimen, f"usr/lib/locale/{folder}") for folder in folders)
        if not known and tree.resolve("usr/lib/locale/locale-archive") is None:
            yield Finding("IMG026", Severity.WARN, name, f"the locale {value} is not in the image",
                          f"ENV {name}=C.UTF-8", "unsupported locale setting"
                          if language(specimen) == "python" else "")  # fmt: skip


def ports(specimen: Specimen) -> Iterator[Finding]:
    """A port below 1024 for a user who is not root.

    Docker 20.10 and newer let everybody bind it; Kubernetes, older engines and the host's
    network do not. Listen on a high port and publish it as the low one: -p 80:8080. A program
    whose file has cap_net_bind_service may bind it; root without that capability may not.
    """
    who = identity(specimen)
    exposed = specimen.run.get("ExposedPorts")
    for text in exposed if isinstance(exposed, dict) else ():
        found = _PORT.match(text)
        if found and 0 < int(found[1]) < 1024 and not binds_low_ports(specimen, who.uid):
            high = {80: 8080, 443: 8443}.get(int(found[1]), int(found[1]) + 8000)
            yield Finding("IMG027", Severity.WARN, f"ExposedPorts {text}",
                          f"the user {specimen.user or 'root'} may not bind port {found[1]} "
                          "everywhere",
                          f"EXPOSE {high}   # let it listen there; start with -p {found[1]}:{high}"
                          f"; or docker run --sysctl {_LOWEST}=0 IMAGE",
                          "bind: permission denied")  # fmt: skip


def scratch(specimen: Specimen) -> Iterator[Finding]:
    """There is nowhere to write temporary files.

    /tmp is not there, or not writable for the user, or the root is read-only. Programs that
    make temporary files fail then, Python's tempfile among them.
    """
    who, held = identity(specimen), specimen.held
    python = language(specimen) == "python"
    if held.read_only:
        volumes = specimen.run.get("Volumes")
        if "/tmp" not in (volumes if isinstance(volumes, dict) else ()):
            yield Finding("IMG028", Severity.WARN, "/tmp", "the root is read-only, /tmp too",
                          "docker run --read-only --tmpfs /tmp IMAGE",
                          _NO_TEMPORARY if python else "Read-only file system")  # fmt: skip
    elif main(specimen).program and not who.unknown and not writable(specimen, who, "/tmp"):
        lost = not there(specimen, "tmp")
        said = "it is not there" if lost else f"{specimen.user} may not write into it"
        yield Finding("IMG028", Severity.WARN, "/tmp", said,
                      "docker run --tmpfs /tmp IMAGE; or COPY --chmod=1777 empty/ /tmp/   "
                      "# with a folder empty",
                      _NO_TEMPORARY if python else "")  # fmt: skip


def keystore(specimen: Specimen) -> Iterator[Finding]:
    """A Java runtime without its store of trusted certificates.

    Java looks into lib/security/cacerts of its own home; Debian's is a link to
    /etc/ssl/certs/java/cacerts, which a package without scripts run does not make.
    """
    for home in java_homes(specimen):
        path = f"{home}/lib/security/cacerts"
        found = specimen.root.tree.resolve(path)
        if found is None or (found.kind is Kind.FILE and not size(specimen, found.path)):
            yield Finding("IMG032", Severity.ERROR, f"/{path}", "it is not there, or empty",
                          remedy.copied(specimen.root.tree.realpath(path) or path, f"/{path}"),
                          _NO_ANCHORS if found is None else _EMPTY_STORE)  # fmt: skip


def own_authority(specimen: Specimen) -> Iterator[Finding]:
    """A certificate of one's own lies in the image, and nothing trusts it.

    update-ca-certificates takes it into the bundle; where that did not run, or there is no
    shell to run it, programs do not see it. Put it into the bundle, or name it by a variable.
    """
    named = {specimen.env.get(name, "").strip("/") for name in _BUNDLE_VARIABLES}
    trusted = {name for path in BUNDLES for _, name in _certificates(specimen, path)}
    kind = language(specimen)
    if not trusted and kind not in ("node", "java"):
        return
    for path in specimen.root.placed:
        own = path.startswith(OWN) and path not in BUNDLES and path.endswith((".crt", ".pem"))
        names = {name for _, name in _certificates(specimen, path)} if own else set()
        if names and not names <= trusted and path not in named:
            yield Finding("IMG033", Severity.WARN, f"/{path}",
                          f"{', '.join(sorted(names - trusted))} is in no bundle that is trusted",
                          _trusted(specimen, path), _UNTRUSTED.get(kind, _X509))  # fmt: skip


def _trusted(specimen: Specimen, path: str) -> str:
    """Return what makes the program trust the certificates in *path* as well."""
    kind = language(specimen)
    if kind == "node":
        return f"ENV NODE_EXTRA_CA_CERTS=/{path}"
    if kind == "java":
        store = f"{next(iter(java_homes(specimen)), '')}/lib/security/cacerts"
        tool = "keytool -importcert -noprompt -storepass changeit -alias own"
        real = specimen.root.tree.realpath(store) or store
        return remedy.changed(f"{tool} -keystore /{real} -file {remedy.quoted(path)}", real)
    bundle = remedy.changed(f"cat {remedy.quoted(path)} >> /{BUNDLES[0]}", BUNDLES[0])
    return remedy.either(f"ENV SSL_CERT_FILE=/{path}   # of this authority alone", bundle)


def _certificates(specimen: Specimen, path: str) -> tuple[tuple[int, str], ...]:
    item = specimen.root.placed.get(specimen.root.tree.realpath(path) or "")
    if item is None:
        return ()
    at, origin = item.origin
    return specimen.root.layers[at].certificates.get(origin, ())


def uncompiled(specimen: Specimen) -> Iterator[Finding]:
    """Python's modules are there as sources only.

    Python compiles them at each start, and tries to write what it compiled; on a read-only
    root, or as another user, that is lost each time. Compile when the image is built.
    """
    if not pythons(specimen):
        return
    tree = specimen.root.tree
    sources = [e.path for e in tree if e.path.endswith(".py") and "-packages/" in e.path]
    compiled = {
        f"{head.removesuffix('__pycache__')}{name.partition('.')[0]}.py"
        for e in tree if e.path.endswith(".pyc")
        for head, _, name in (e.path.rpartition("/"),)
    }  # fmt: skip
    bare = [path for path in sources if path not in compiled]
    if len(bare) >= _COMPILED:
        folder = bare[0].partition("-packages/")[0] + "-packages"
        yield Finding("IMG035", Severity.INFO, f"/{folder}",
                      f"{len(bare)} of {len(sources)} modules are not compiled: a slow start",
                      f"RUN python3 -m compileall -q --invalidation-mode unchecked-hash /{folder}"
                      )  # fmt: skip


RULES: tuple[Rule[Specimen], ...] = (
    Rule("IMG021", "A user without a name", Severity.WARN, nameless),
    Rule("IMG022", "The user may not write where it has to", Severity.ERROR, unwritable),
    Rule("IMG023", "No certificates of authorities", Severity.ERROR, authorities),
    Rule("IMG024", "Time zones are missing", Severity.ERROR, zones),
    Rule("IMG025", "nsswitch.conf is missing", Severity.INFO, switch),
    Rule("IMG026", "A locale that is not there", Severity.WARN, locale),
    Rule("IMG027", "A low port for a user who is not root", Severity.WARN, ports),
    Rule("IMG028", "Nowhere to write temporary files", Severity.WARN, scratch),
    Rule("IMG032", "Java without trusted certificates", Severity.ERROR, keystore),
    Rule("IMG033", "An authority of one's own that nothing trusts", Severity.WARN, own_authority),
    Rule("IMG035", "Python that is not compiled", Severity.INFO, uncompiled),
)
