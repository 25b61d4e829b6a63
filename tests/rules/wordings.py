"""More messages, by the pattern that is to know them: clusters, certificates, what is loaded."""

from __future__ import annotations

_RUNC = "runc create failed: unable to start container process: "
_TASK = "Error: failed to create containerd task: failed to create shim task: OCI runtime create "
_VERIFY = (
    "ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: "
)

WORDINGS = {
    _TASK + f'failed: {_RUNC}error during container init: exec: "/srv/app": stat /srv/app: no such '
    "file or directory: unknown": "stat",
    'Error: container create failed: time="2026" level=error msg="runc create failed: exec: '
    '\\"server\\": executable file not found in $PATH"': "not-in-path",
    "Error: container create failed: executable file `server` not found in $PATH: No such file or "
    "directory": "crun-not-found",
    "error executing command in container: failed to exec in container: OCI runtime exec failed: "
    'exec failed: exec: "sh": executable file not found in $PATH: unknown': "exec-in-container",
    'Readiness probe failed: OCI runtime exec failed: exec failed: exec: "curl": executable file '
    "not found in $PATH: unknown": "exec-in-container",
    "failed to generate spec: no command specified": "no-command",
    "Back-off restarting failed container app in pod app-7f": "state",
    '{"msg":"exec container process `/app`: No such file or directory","level":"error"}':
        "crun-exec",
    "exec container process (missing dynamic library?) `/app`: No such file or directory":
        "crun-exec",
    "Error: OCI runtime error: crun: exec container process `/app`: Exec format error":
        "crun-format",
    "exec container process '/app': Permission denied": "crun-denied",
    "Error: crun: open `/app`: Permission denied: OCI permission denied": "crun-denied",
    "standard_init_linux.go:228: exec user process caused: permission denied": "init-denied",
    'standard_init_linux.go:211: exec user process caused "operation not permitted"':
        "init-capabilities",
    "Error: container's runAsUser breaks non-root policy (pod: \"x\", container: app)":
        "run-as-user",
    'Error: secret "database" not found': "settings",
    "no matching manifest for linux/arm64/v8 in the manifest list entries": "platform",
    'failed to unpack image: no match for platform in manifest: not found': "platform",
    "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current "
    "time 2027-01-01T00:00:00Z is after 2026-01-01T00:00:00Z": "expired",
    f"{_VERIFY}certificate has expired (_ssl.c:1006)": "expired",
    "Error: certificate has expired { code: 'CERT_HAS_EXPIRED' }": "expired",
    "Caused by: java.security.cert.CertificateExpiredException: NotAfter: Thu Jan 1": "expired",
    f"{_VERIFY}self-signed certificate in certificate chain (_ssl.c:1006)": "self-signed",
    "Error: self signed certificate": "self-signed",
    "x509: certificate is valid for a.example, b.example, not c.example": "other-name",
    "x509: cannot validate certificate for 10.0.0.1 because it doesn't contain any IP SANs":
        "other-name",
    "x509: failed to load system roots and no roots provided": "x509",
    "curl: (77) error setting certificate verify locations: CAfile: /etc/own.pem": "bundle",
    "OSError: Could not find a suitable TLS CA certificate bundle, invalid path: /etc/own.pem":
        "bundle",
    "PKIX path building failed: SunCertPathBuilderException: unable to find valid certification "
    "path to requested target": "java-path",
    "fork/exec /bin/sh: no such file or directory": "child",
    "Error: spawn git ENOENT": "child",
    'java.io.IOException: Cannot run program "sh" (in directory "/x"): error=2, No such file or '
    "directory": "child",
    "FileNotFoundError: [Errno 2] No such file or directory: 'git'": "python-file",
    "Error loading shared library libz.so.1: Exec format error (needed by /app)": "musl-damaged",
    "/lib/ld-musl-x86_64.so.1: /app: Not a valid dynamic program": "musl-program",
    "Error: Module did not self-register: '/app/fast.node'.": "node-register",
    "Error: libvips-cpp.so.42: cannot open shared object file: No such file or directory":
        "node-library",
    'Error: Could not load the "sharp" module using the linux-x64 runtime': "node-runtime",
    "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'x' imported from /app/index.mjs":
        "node-package",
    "Fatal Python error: init_fs_encoding: failed to get the Python codec": "python-start",
    "ImportError: /app/fast.so: undefined symbol: PyUnicode_AsUTF8": "python-extension",
    "ImportError: /app/fast.so: invalid ELF header": "python-extension",
    "java.lang.UnsatisfiedLinkError: /tmp/libx.so: libstdc++.so.6: cannot open shared object file: "
    "No such file or directory": "java-library",
    "Error: Unable to access jarfile app.jar": "java-jar",
    "java.time.zone.ZoneRulesException: Unknown time-zone ID: Mars/Base": "java-zone",
}  # fmt: skip

DIAGNOSES = {
    'exec: "X": stat X: no such file or directory': "IMG001",
    "executable file not found in $PATH": "IMG002",
    "exec X: no such file or directory": "IMG004",
    "exec format error": "IMG006",
    "error while loading shared libraries": "IMG008",
    "version 'GLIBC_2.38' not found": "IMG009",
    "permission denied": "IMG011",
    'exec: "/bin/sh": stat': "IMG017",
    "unhealthy, exit -1": "IMG018",
    "unable to find user": "IMG020",
    "getpass.getuser() raises": "IMG021",
    "EACCES": "IMG022",
    "ZoneInfoNotFoundError": "IMG024",
    "locale.Error": "IMG026",
    "ModuleNotFoundError": "IMG029",
    "was compiled against a different Node.js version": "IMG031",
    "PKIX path building failed": "IMG032",
    "can't open file '/python'": "IMG036",
    "error while loading shared libraries: libjli.so": "IMG008",
}
"""The few words that a diagnosis is known by, and the rule that finds it."""
