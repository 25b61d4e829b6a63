"""The image itself: layers, configuration and annotations, from a locked recipe."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from seaslug.lock.codec import platform_digest
from seaslug.lock.model import PlatformLock
from seaslug.oci.config import ImageConfig
from seaslug.oci.image import Image, Layer
from seaslug.recipe.model import Recipe, fill, words
from seaslug.values.platform import Platform

SOURCE = "https://www.debian.org/"


def image(recipe: Recipe, locked: PlatformLock, layers: Sequence[Layer], created: int) -> Image:
    """Return the image of *recipe*; *created* is the newest package's time in seconds."""
    known = words(locked.platform)
    settings = recipe.settings
    labels = labels_of(recipe, locked, created)
    config = ImageConfig(
        platform=locked.platform,
        created=created,
        env=tuple((key, fill(value, known)) for key, value in settings.env),
        entrypoint=tuple(fill(part, known) for part in settings.entrypoint),
        cmd=settings.cmd,
        user=settings.user,
        workdir=settings.workdir,
        labels=labels,
        ports=settings.ports,
        volumes=settings.volumes,
        stop_signal=settings.stop_signal,
        healthcheck=settings.healthcheck,
    )
    return Image(locked.platform, config, tuple(layers), labels)


def labels_of(recipe: Recipe, locked: PlatformLock, created: int) -> tuple[tuple[str, str], ...]:
    """Return the labels of an image of *recipe*, which are its annotations too."""
    found = {
        "org.opencontainers.image.title": recipe.title,
        "org.opencontainers.image.description": recipe.description,
        "org.opencontainers.image.created": _time(created),
        "org.opencontainers.image.version": version(recipe, locked),
        "org.opencontainers.image.source": SOURCE,
        "org.opencontainers.image.revision": platform_digest(locked).text,
        "org.opencontainers.image.base.name": base_name(recipe),
        "dev.seaslug.recipe": recipe.digest.text,
        "dev.seaslug.distribution": recipe.distribution.codename,
    }
    found.update(recipe.settings.labels)
    return tuple(sorted((key, value) for key, value in found.items() if value))


def base_name(recipe: Recipe) -> str:
    """Return the reference of what the recipe stands on; empty for one that starts from nothing."""
    if recipe.base:
        return recipe.base
    names = [level.name for level in recipe.levels]
    return f"{names[-2]}-{recipe.distribution.name}" if len(names) > 1 else ""


def version(recipe: Recipe, locked: PlatformLock) -> str:
    """Return the version of what the image is named for: its runtime, else the release."""
    name = fill(recipe.version_from, words(locked.platform))
    package = locked.package(name) or locked.package("base-files")
    return package.version if package else ""


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def platform_title(recipe: Recipe, platform: Platform) -> str:
    """Return what progress calls this image: its title and platform."""
    return f"{recipe.title} {platform}"
