"""From an image to what rules look at: facts of its layers, remembered, laid over each other."""

from __future__ import annotations

import time

from seaslug.anatomy.rootfs import Rootfs, rootfs
from seaslug.ops.facts import layer_facts
from seaslug.ops.look import View
from seaslug.rules.specimen import Specimen


def specimen(view: View) -> Specimen:
    """Return the image of *view* as rules see it.

    Raises StoreError, HostileError, and, where the layers are elsewhere, IntegrityError.
    """
    return laid(view, rootfs([layer_facts(view.blobs, layer) for layer in view.layers]))


def laid(view: View, root: Rootfs) -> Specimen:
    """Return the image of *view*, whose layers make *root*, as rules see it."""
    return Specimen(
        view.found.name, view.found.platform, view.config, root,
        sum(layer.size for layer in view.layers), dict(view.found.manifest.annotations),
        int(time.time()),
    )  # fmt: skip
