"""From a reference or a recipe file to an expanded recipe: parents, variant, words filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from seaslug.errors import RecipeError, SeaslugError, UnknownNameError
from seaslug.recipe import catalog
from seaslug.recipe.check import Check
from seaslug.recipe.document import check_recipe
from seaslug.recipe.model import Distribution, Level, Npm, Recipe, Settings, fill
from seaslug.recipe.shape import Problem, fail, parse

_LATER = frozenset({"arch", "triplet", "npm", "loader"})
_WORD = re.compile(r"\{([a-z]+)\}")
MAX_DEPTH = 16

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Source:
    """A recipe's data and where it came from; *text* is kept to find lines."""

    data: dict[str, Any]
    text: str
    where: str


def family(text: str) -> Recipe:
    """Return the recipe of a family reference such as ``python3-debian12:nonroot``."""
    reference = catalog.parse_reference(text)
    member = catalog.members()[reference.name]
    release = catalog.distribution_of(reference.distribution, member, text)
    return _expand(
        _member_source(member), member.name, release, reference.variant, dict(member.names)
    )


def from_text(text: str, where: str, *, variant: str = "") -> Recipe:
    """Return the recipe in a TOML text. Raises RecipeError with every mistake in it."""
    source = _Source(parse(text, where), text, where)
    _validate(source)
    parent = source.data.get("from", "")
    reference = catalog.parse_reference(parent) if parent else catalog.Reference("")
    member = catalog.members().get(reference.name)
    named = source.data.get("distribution", "") or reference.distribution
    release = catalog.distribution_of(named, member, where)
    if variant and variant not in catalog.variants():
        raise UnknownNameError("variant", variant, list(catalog.variants()), where=where)
    known = dict(member.names) if member else {}
    return _expand(source, source.data["name"], release, variant or reference.variant, known)


def with_packages(recipe: Recipe, wanted: Sequence[str]) -> Recipe:
    """Return *recipe* with one more level that holds *wanted*; ``!name`` keeps a package out."""
    if not wanted:
        return recipe
    level = Level(
        "with",
        packages=tuple(sorted(w for w in wanted if not w.startswith("!"))),
        exclude=tuple(sorted(w[1:] for w in wanted if w.startswith("!"))),
        effects=("licences",) if any("licences" in x.effects for x in recipe.levels) else (),
    )
    problems = check_recipe(
        {"name": "with", "packages": list(level.packages), "exclude": list(level.exclude)}, (), ()
    )
    if problems:
        raise RecipeError([f"--with: {said}" for _, said in problems])
    return replace(recipe, levels=(*recipe.levels, level))


def _expand(
    source: _Source, name: str, release: Distribution, variant: str, names: dict[str, str]
) -> Recipe:
    variant = variant or "latest"
    known = {**dict(release.names), **names}
    chain = _chain(source)
    levels = [_level(link, release, known) for link in chain]
    data = [link.data for link in chain]
    parts = _variant_parts(variant, data)
    extra = [_merge_variant(part, data) for part in parts]
    for part_name, part in zip(parts, extra, strict=True):
        if part.get("packages") or part.get("effects"):
            levels.append(_build_level(part_name, part, release, known, source))
    shell = name in ("static", "base-nossl", "base", "cc")
    settings = _settings([*data, *extra], known, with_shell=shell)
    checks = tuple(
        _check(item, known)
        for link in chain
        for item in link.data.get("prove", ())
        if _fits(item, variant, release)
    )
    description = fill(source.data.get("description", ""), known)
    origin = next((d["version-from"] for d in reversed(data) if "version-from" in d), "base-files")
    return Recipe(
        name, variant, release, description, tuple(levels), settings, fill(origin, known), checks
    )


def _chain(source: _Source) -> list[_Source]:
    """Return the recipes from the outermost parent down to *source*."""
    chain = [source]
    while parent := chain[0].data.get("from", ""):
        name = catalog.parse_reference(parent).name
        if len(chain) > MAX_DEPTH:
            fail(source.text, source.where, [(("from",), "the chain of parents never ends")])
        chain.insert(0, _member_source(catalog.members()[name]))
    return chain


def _member_source(member: catalog.Member) -> _Source:
    where = f"families/{member.recipe}.toml"
    text = catalog.data_text(where)
    source = _Source(parse(text, where), text, where)
    return source


def _validate(source: _Source) -> None:
    problems = check_recipe(source.data, catalog.EFFECTS, tuple(catalog.switches()))
    for group in source.data.get("packages-for", {}):
        if group not in catalog.distributions():
            problems.append((("packages-for", group), f"unknown distribution {group!r}"))
    for variant in source.data.get("variants", {}):
        if variant not in catalog.variants():
            problems.append((("variants", variant), f"unknown variant {variant!r}"))
    problems += _origin_problems(source.data)
    fail(source.text, source.where, problems)


def _origin_problems(data: Data) -> list[Problem]:
    """Return what is wrong with the parent and the distribution that a recipe names."""
    parent, named = data.get("from"), data.get("distribution")
    member = None
    problems: list[Problem] = []
    if isinstance(parent, str):
        try:
            reference = catalog.parse_reference(parent)
            member = catalog.members()[reference.name]
            catalog.distribution_of(reference.distribution, member)
        except SeaslugError as error:
            problems.append((("from",), _said(error)))
    if isinstance(named, str):
        try:
            catalog.distribution_of(named, member)
        except SeaslugError as error:
            problems.append((("distribution",), _said(error)))
    return problems


def _level(source: _Source, release: Distribution, known: dict[str, str]) -> Level:
    return _build_level(source.data["name"], source.data, release, known, source)


def _build_level(
    name: str, data: Data, release: Distribution, known: dict[str, str], source: _Source
) -> Level:
    packages = [*data.get("packages", ()), *data.get("packages-for", {}).get(release.name, ())]
    level = Level(
        name=name,
        packages=tuple(sorted({_fill(p, known, source) for p in packages})),
        exclude=tuple(sorted({_fill(p, known, source) for p in data.get("exclude", ())})),
        keep=tuple(data.get("keep", ())),
        drop=tuple(data.get("drop", ())),
        only=tuple(
            (_fill(k, known, source), tuple(v)) for k, v in sorted(data.get("only", {}).items())
        ),
        moves=tuple(
            (k, tuple(sorted(v.items()))) for k, v in sorted(data.get("moves", {}).items())
        ),
        effects=tuple(data.get("effects", ())),
        last=tuple(data.get("last", ())),
        links=tuple(
            (_fill(x["path"], known, source), _fill(x["target"], known, source))
            for x in data.get("links", ())
        ),
        npm=_npm(data.get("npm"), known),
    )
    return level


def _npm(data: Data | None, known: dict[str, str]) -> Npm | None:
    if data is None:
        return None
    moves = tuple(sorted(data.get("moves", {}).items()))
    return Npm(data["package"], fill(data["version"], known), moves)


def _variant_parts(variant: str, chain: Sequence[Data]) -> tuple[str, ...]:
    parts = catalog.variants()[variant].get("from")
    return tuple(parts) if parts else (variant,)


def _merge_variant(name: str, chain: Sequence[Data]) -> dict[str, Any]:
    """Return the catalogue's variant with what each recipe of the chain adds to it."""
    merged: dict[str, Any] = {}
    for data in (catalog.variants()[name], *(d.get("variants", {}).get(name, {}) for d in chain)):
        for key, value in data.items():
            old = merged.get(key)
            if isinstance(value, list) and isinstance(old, list):
                merged[key] = [*old, *value]
            elif isinstance(value, dict) and isinstance(old, dict):
                merged[key] = {**old, **value}
            else:
                merged[key] = value
    return merged


def _settings(chain: Sequence[Data], known: dict[str, str], *, with_shell: bool) -> Settings:
    merged = Settings()
    for data in chain:
        entry = data.get("entrypoint")
        if with_shell and "shell" in data:
            entry = data["shell"]["entrypoint"]
        merged = replace(
            merged,
            env=_over(merged.env, data.get("env", {}), known),
            labels=_over(merged.labels, data.get("labels", {}), known),
            user=data.get("user", merged.user),
            workdir=data.get("workdir", merged.workdir),
            entrypoint=tuple(fill(a, known) for a in entry)
            if entry is not None
            else merged.entrypoint,
            cmd=tuple(fill(a, known) for a in data["cmd"]) if "cmd" in data else merged.cmd,
        )
    return merged


def _over(
    old: tuple[tuple[str, str], ...], new: Mapping[str, str], known: dict[str, str]
) -> tuple[tuple[str, str], ...]:
    return tuple({**dict(old), **{k: fill(v, known) for k, v in new.items()}}.items())


def _fill(text: str, known: dict[str, str], source: _Source) -> str:
    done = fill(text, known)
    for word in _WORD.findall(done):
        if word not in _LATER:
            names = ", ".join(sorted({*known, *_LATER}))
            said = f"{source.where}: {text}: unknown word {{{word}}}; known: {names}"
            raise RecipeError([said])
    return done


def _fits(item: Data, variant: str, release: Distribution) -> bool:
    return variant in item.get("variants", (variant,)) and release.name in item.get(
        "distributions", (release.name,)
    )


def _check(item: Data, known: dict[str, str]) -> Check:
    plain = {k: v for k, v in item.items() if k != "distributions"}
    for key in ("argv", "args", "variants"):
        plain[key] = tuple(plain.get(key, ()))
    for key in ("env", "files"):
        plain[key] = tuple(plain.get(key, {}).items())
    return Check(**plain).filled(known)


def _said(error: SeaslugError) -> str:
    return error.what + (f"; {error.hint}" if error.hint else "")
