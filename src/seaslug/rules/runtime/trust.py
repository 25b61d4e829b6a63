"""Messages about certificates: who is not trusted, and why.

Sources: Go's crypto/x509, OpenSSL (Python, Node.js, curl), and Java's PKIX.
"""

from __future__ import annotations

from seaslug.rules.runtime.model import Pattern, known

_PYTHON = r"(?:\[SSL: CERTIFICATE_VERIFY_FAILED\] certificate verify failed: )?"

TRUST: tuple[Pattern, ...] = (
    known(
        "expired",
        rf"(?:x509: )?{_PYTHON}certificate has expired(?: or is not yet valid)?"
        r"(?:.{0,20}?CERT_HAS_EXPIRED)?|CERT_HAS_EXPIRED|CertificateExpiredException|"
        r"PKIX path validation failed",
        "a certificate is out of date: the server's, or an authority's in the image; or the clock "
        "is wrong",
        "look at the clock: date; bring fresh authorities: seaslug build --refresh", ("088",),
    ),
    known(
        "self-signed",
        rf"{_PYTHON}(?i:self[- ]signed certificate(?: in certificate chain)?)|"
        r"DEPTH_ZERO_SELF_SIGNED_CERT",
        "the server's certificate is of an authority of one's own, which nothing in the image "
        "trusts",
        "name its file: ENV SSL_CERT_FILE, NODE_EXTRA_CA_CERTS for Node.js", ("033", "023"),
    ),
    known(
        "other-name",
        r"x509: certificate is valid for .{1,200}?, not (?P<name>\S+)|"
        r"x509: cannot validate certificate for (?P<address>\S+)|"
        r"x509: certificate relies on legacy Common Name field|"
        r"Hostname/IP does not match certificate's altnames|Hostname mismatch",
        "the server's certificate is for another name than the one it was called by",
        "call it by the name in its certificate; the image has nothing to do with it",
    ),
    known(
        "bundle",
        r"(?:error setting certificate (?:verify locations|file)|"
        r"Could not find a suitable TLS CA certificate bundle)"
        r"(?:.{0,20}?(?:CAfile|invalid path): (?P<path>\S+))?",
        "the file of authorities that is named is not in the image: {path}",
        "COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt",
        ("023",),
    ),
    known(
        "java-path",
        r"(?:PKIX path building failed.{0,160}?)?unable to find valid certification path to "
        r"requested target",
        "Java's store of authorities is not there, or lacks the server's",
        "bring lib/security/cacerts, or -Djavax.net.ssl.trustStore=FILE", ("032", "033"),
    ),
)  # fmt: skip
