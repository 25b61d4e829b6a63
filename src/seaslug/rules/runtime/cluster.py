"""Messages of Kubernetes' kubelet, containerd and CRI-O beneath it, and of crun.

Sources: their events and logs as people report them, and crun's own words.
"""

from __future__ import annotations

from seaslug.rules.runtime.model import Pattern, known

_CRUN = (
    r"exec container process (?:\(missing dynamic library\?\) )?[`'\"](?P<path>[^`'\"]+)[`'\"]: "
)

CLUSTER: tuple[Pattern, ...] = (
    known(
        "crun-exec", rf"{_CRUN}No such file or directory",
        "{path} is there, but what it needs first is not: its dynamic loader, or the interpreter "
        "in its first line",
        "look at it: file PROGRAM, or head -1 SCRIPT | od -c",
        ("004", "005", "007", "013", "014", "030", "001", "038"),
    ),
    known(
        "crun-format", rf"{_CRUN}Exec format error",
        "the kernel does not know what kind of file {path} is, or it is for another processor",
        "compare: file PROGRAM, and the platform in seaslug inspect IMAGE", ("006", "015", "016"),
    ),
    known(
        "crun-denied", rf"(?:{_CRUN}|crun: open [`'](?P<file>[^`']+)[`']: )Permission denied",
        "{path}{file} may not be executed by the user of the container",
        "look at modes and owners: seaslug ls -l IMAGE", ("011", "012"),
    ),
    known(
        "init-denied", r"exec user process caused:? \"?permission denied",
        "the program, or the interpreter in its first line, may not be executed",
        "look at modes and owners: seaslug ls -l IMAGE", ("011", "012"),
    ),
    known(
        "init-capabilities", r"exec user process caused:? \"?operation not permitted",
        "the program has file capabilities that the container may not have",
        "see them: seaslug check IMAGE; allow them: docker run --cap-add NAME", ("039",),
    ),
    known(
        "run-as-user", r"container's runAsUser breaks non-root policy",
        "the pod forbids root, and its own runAsUser is 0",
        "runAsUser: 65532 in the pod's securityContext, or leave it out", ("050",),
    ),
    known(
        "settings", r"(?P<kind>secret|configmap) \"(?P<name>[^\"]+)\" not found",
        "the pod names the {kind} {name}, which is not in its namespace; nothing was started",
        "kubectl get secrets,configmaps",
    ),
    known(
        "platform",
        r"no match(?:ing manifest)? for (?:platform|(?P<name>linux/[\w/]+)) in (?:the )?manifest",
        "the image is not made for the machine's platform",
        "build it for both: seaslug build --platform linux/amd64,linux/arm64", ("006",),
    ),
)  # fmt: skip
