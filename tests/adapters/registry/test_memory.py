"""A large layer passes through, and never lies in memory."""

from __future__ import annotations

import subprocess
import sys

import pytest

from support.distribution import Distribution

SIZE = 256 << 20
PROGRAM = """
import hashlib, sys
from seaslug.adapters.registry.client import Client
from seaslug.adapters.registry.settings import RegistryOptions
from seaslug.adapters.registry.target import RegistryTarget
from seaslug.ports import Silent
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest
from seaslug.values.reference import Reference

host, size = sys.argv[1], int(sys.argv[2])
piece = bytes(range(256)) * 4096

def opened(at):
    while at < size:
        yield piece[: size - at]
        at += len(piece)

hasher = hashlib.sha256()
for chunk in opened(0):
    hasher.update(chunk)
layer = Descriptor("application/x", Digest.from_hex(hasher.hexdigest()), size)
client = Client(host, RegistryOptions(), Silent())
target = RegistryTarget(client, Reference.parse(f"{host}/large:1"))
assert target.put_blob(layer, opened) == "sent"
back = hashlib.sha256()
for chunk in client.blob("large", layer):
    back.update(chunk)
assert back.hexdigest() == layer.digest.hex
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


@pytest.mark.slow
def test_a_layer_of_any_size_takes_little_memory(distribution: Distribution) -> None:
    argv = [sys.executable, "-c", PROGRAM, distribution.host, str(SIZE)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 60 << 10
