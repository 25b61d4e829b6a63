"""The configuration of a rebased image: what the base gave is renewed, what the application set
stays.

Three configurations decide, as in a merge of texts: the old base's, the application's, the
new base's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from seaslug.oci import media
from seaslug.oci.image import Layer
from seaslug.oci.plain import canonical, plain
from seaslug.ops.rebase.find import Split
from seaslug.ops.rebase.stack import BASE_DIGEST, BASE_NAME, Stack
from seaslug.ports import BlobStore
from seaslug.values.descriptor import Descriptor

Run = Mapping[str, Any]
CREATED = "org.opencontainers.image.created"
_TABLES = ("ExposedPorts", "Volumes", "Labels")
_SINGLE = ("Entrypoint", "Cmd", "WorkingDir", "StopSignal", "Healthcheck", "Shell")


def merged_run(old: Run, app: Run, new: Run) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return how the rebased image is run, and notes of what people may want to know of it.

    The user is always the application's: a base must not make it root.
    """
    notes: list[str] = []
    run = dict(app)
    env, said = _table(_env(old), _env(app), _env(new), "env ")
    notes += said
    _set(run, "Env", [f"{key}={value}" for key, value in env.items()])
    for key in _TABLES:
        found, _ = _table(old.get(key) or {}, app.get(key) or {}, new.get(key) or {}, key)
        _set(run, key, found)
    for key in _SINGLE:
        if (app.get(key) or None) == (old.get(key) or None):
            _set(run, key, new.get(key))
            if run.get(key) != app.get(key):
                notes.append(f"{key}: {_shown(new.get(key))}, as the new base has it")
    mine, theirs = app.get("User") or "0", new.get("User") or "0"
    if theirs not in (old.get("User") or "0", mine):
        notes.append(f"User: {mine} stays; the new base has {theirs}")
    return run, tuple(notes)


def _env(run: Run) -> dict[str, str]:
    rows = run.get("Env") or ()
    return dict(text.partition("=")[::2] for text in rows)


def _table(
    old: Mapping[str, Any], app: Mapping[str, Any], new: Mapping[str, Any], what: str
) -> tuple[dict[str, Any], list[str]]:
    """Return *app* with what it has from *old* as *new* has it, and what they disagree in."""
    found: dict[str, Any] = {}
    notes = []
    for key in dict.fromkeys((*app, *new)):
        mine, was, now = app.get(key), old.get(key), new.get(key)
        value = now if mine == was else mine
        if value is not None:
            found[key] = value
        if mine not in (was, now) and now != was:
            notes.append(f"{what}{key}: {_shown(mine)} stays, which the application set; "
                         f"the new base has {_shown(now)}")  # fmt: skip
    return found, notes


def _shown(value: Any) -> str:
    return "nothing" if value is None else str(value)[:200]


def _set(run: dict[str, Any], key: str, value: Any) -> None:
    if value:
        run[key] = value
    else:
        run.pop(key, None)


def rebased(parts: Split, new: Stack) -> tuple[Stack, tuple[str, ...]]:
    """Return the application on the layers of *new*, and the notes of the merge.

    Its digest is empty: it is not in the store yet.
    """
    app = parts.app
    layers = (*new.layers, *app.layers[parts.base :])
    run, notes = merged_run(parts.old, app.run, new.run)
    created = max(str(app.config.get("created") or ""), str(new.config.get("created") or ""))
    labels = _stands_on(run.get("Labels") or {}, new)
    if CREATED in labels and created:
        labels[CREATED] = created
    _set(run, "Labels", labels)
    config: dict[str, Any] = {
        **app.config, "config": run,
        "rootfs": {"type": "layers", "diff_ids": [x.diff_id.text for x in layers]},
        "history": _history(parts, new),
    }  # fmt: skip
    _set(config, "created", created)
    before = {key: str(value) for key, value in (parts.old.get("Labels") or {}).items()}
    told, _ = _table(before, app.annotations, new.annotations, "")
    told = _stands_on(told, new)
    told.update({key: labels[key] for key in told if key in labels})
    return Stack(app.name, app.platform, "", layers, config, told), notes


def _stands_on(told: Mapping[str, str], new: Stack) -> dict[str, str]:
    """Return labels or annotations that say what the image stands on now."""
    rest = {key: value for key, value in told.items() if key not in (BASE_NAME, BASE_DIGEST)}
    name = new.name if new.digest else new.base()[0]
    own = {BASE_NAME: name, BASE_DIGEST: new.digest}
    return {**rest, **{key: value for key, value in own.items() if value}}


def _history(parts: Split, new: Stack) -> list[Mapping[str, Any]]:
    top = parts.app.layers[parts.base :]
    return [*(new.history or _told(new.layers)), *(_own(parts) or _told(top))]


def _own(parts: Split) -> list[Mapping[str, Any]]:
    """Return the rows of the history that are not the base's."""
    rows = parts.app.history
    seen, at = 0, 0
    while at < len(rows) and seen < parts.base:
        seen += not rows[at].get("empty_layer")
        at += 1
    while at < min(parts.rows, len(rows)) and rows[at].get("empty_layer"):
        at += 1
    return rows[at:]


def _told(layers: Sequence[Layer]) -> list[Mapping[str, Any]]:
    return [{"created_by": layer.created_by} if layer.created_by else {} for layer in layers]


def put(store: BlobStore, made: Stack) -> Descriptor:
    """Keep the configuration and the manifest; the layers are in the store already."""
    config = store.put([canonical(dict(made.config))])
    raw = canonical(
        {
            "schemaVersion": 2,
            "mediaType": media.MANIFEST,
            "config": plain(Descriptor(media.CONFIG, config.digest, config.size)),
            "layers": [plain(layer.descriptor) for layer in made.layers],
            "annotations": dict(made.annotations),
        }
    )
    stored = store.put([raw])
    return Descriptor(media.MANIFEST, stored.digest, stored.size)
