"""Command line over environment over file over defaults -> settings, and where each value came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from arb.bounded import shown
from arb.config import sources, values
from arb.config.models import Settings
from arb.config.sources import Keys, Source, Tree
from arb.errors import ConfigError

Options = Mapping[Keys, tuple[str, Any]]  # what the command line sets: keys -> (option, value)

DEFAULT = "default"
MOST_SAID = 1_000  # characters of what is wrong: whatever stands in a file may be repeated in it
HOW_TO_START = "'arb init' writes one, or name venues with --exchanges mexc,gateio, or try --sim"


class Loaded(msgspec.Struct, frozen=True):
    """settings: merged and checked.   path: the file that was read; None: there is none.   origins: by dotted key."""

    settings: Settings
    path: Path | None
    origins: Mapping[str, str]

    def origin(self, key: str) -> str:
        """ "--size", "env ARB__SIZE__USDT", "file /home/me/arb.toml" or "default"."""
        return self.origins.get(key, DEFAULT)


def load(
    *,
    environ: Mapping[str, str],
    cwd: Path,
    home: Path,
    config: Path | None = None,
    options: Options | None = None,
    only: Sequence[str] | None = None,
    canonical: Callable[[str], str] = lambda name: name,
) -> Loaded:
    """Read, merge and check. Raises ConfigError in one line.

    config: --config.   options: what the command line sets.
    only: the venues asked for on the command line, in our names; each keeps its table where it has one.
    canonical: any name of a venue -> ours.
    """
    path = sources.find_file(config, environ, cwd, home)
    found: list[Source] = [] if path is None else [sources.from_file(path)]
    found.append(sources.from_environment(environ))
    if only is not None:
        found.append(sources.from_options({("exchanges", name): ("--exchanges", {}) for name in only}))
    if options:
        found.append(sources.from_options(options))
    for source in found:
        sources.refuse_secrets(source)
    found = [sources.with_venue_names(source, canonical) for source in found]
    names = None if only is None else [canonical(name) for name in only]

    merged = _defaults()
    origins: dict[str, str] = {}
    for source in found:
        if options and source is found[-1]:
            _refuse_strangers(source, merged if names is None else {"exchanges": dict.fromkeys(names)})
        merged = sources.merge(merged, source.tree)
        origins.update({".".join(keys): source.origin(keys) for keys in sources.leaves(source.tree)})
    if names is not None:
        merged["exchanges"] = {name: merged["exchanges"][name] for name in names}
    try:
        settings = Settings.model_validate(merged)
    except ValidationError as exc:
        raise ConfigError(shown(_explain(exc, found), MOST_SAID)) from None
    return Loaded(settings, path, origins)


def override(settings: Settings, options: Options) -> Settings:
    """The same settings with these values of the command line over them. Raises ConfigError."""
    source = sources.from_options(options)
    try:
        return Settings.model_validate(sources.merge(settings.model_dump(), source.tree))
    except ValidationError as exc:
        raise ConfigError(shown(_explain(exc, [source]), MOST_SAID)) from None


def require_exchanges(loaded: Loaded, at_least: int = 1) -> None:
    """Raises ConfigError where fewer venues are named than the command needs."""
    count = len(loaded.settings.exchanges)
    if count >= at_least:
        return
    if loaded.path is None and not count:
        raise ConfigError(f"no configuration file was found; {HOW_TO_START}")
    where = f"{loaded.path}: " if loaded.path else ""
    if not count:
        raise ConfigError(f"{where}[exchanges] names no exchange; add a line such as mexc = {{}}, or use --exchanges")
    only = next(iter(loaded.settings.exchanges))
    raise ConfigError(
        f"{where}only {only} is named, and a gap needs {at_least} exchanges; add one to [exchanges] or --exchanges"
    )


def _defaults() -> Tree:
    """The default of a table that is joined, not replaced."""
    return {"size": dict(Settings().size)}


def _refuse_strangers(source: Source, merged: Tree) -> None:
    """An option about a venue that takes no part would be lost without a word."""
    known = merged.get("exchanges", {})
    for name in source.tree.get("exchanges", {}):
        if name not in known:
            option = source.origin(("exchanges", name))
            listed = ", ".join(known) or "none"
            raise ConfigError(f"{option}: {name} is not among the exchanges ({listed}); name it with --exchanges too")


def _explain(exc: ValidationError, found: Sequence[Source]) -> str:
    """One error in one line: who wrote it, which key, what is wrong and what would be right."""
    errors = exc.errors(include_url=False)
    first = next((error for error in errors if error["type"] == "extra_forbidden"), errors[0])  # explains a missing one
    keys = tuple(str(part) for part in first["loc"])
    shown = tuple(part for part in keys if not part.isdigit())  # places within a list say nothing
    key = ".".join(shown)
    owner = next((s for s in reversed(found) if _holds(s.tree, shown)), None)
    prefix = f"{owner.origin(shown)}: " if owner else ""
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{prefix}{_say(first, shown, key)}{more}"


def _say(error: ErrorDetails, keys: Keys, key: str) -> str:
    kind = error["type"]
    if kind == "extra_forbidden":
        return f"unknown key {key}{_suggest(keys)}"
    if kind == "value_error":
        return f"{key}: {error['ctx']['error']}"
    if kind in ("model_type", "dict_type", "model_attributes_type"):
        return f"{key} should be a table, as in [{key}]"
    message = error["msg"].removeprefix("Input ").replace("\n", " ")
    given = error["input"]
    shown = f", not {given!r}" if isinstance(given, str | int | float | bool) else ""
    return f"{key} {message}{shown}" if message.startswith("should") else f"{key}: {message}{shown}"


def _suggest(keys: Keys) -> str:
    """The nearest key of the same table; else one of that name in another table."""
    known = _known(Settings, keys[:-1])
    if near := values.did_you_mean(keys[-1], known):
        return near
    for section, field in Settings.model_fields.items():
        model = _model(field.annotation)
        if model is not None and keys[-1] in model.model_fields:
            return f"; did you mean {section}.{keys[-1]}?"
    return f"; known here: {', '.join(known)}"


def _known(model: type[BaseModel], keys: Keys) -> tuple[str, ...]:
    for part in keys:
        field = model.model_fields.get(part)
        inner = _model(field.annotation) if field is not None else None
        model = inner or model  # the name of a venue is no field: its table is what the field holds
    return tuple(model.model_fields)


def _model(annotation: Any) -> type[BaseModel] | None:
    """The model within an annotation: itself, or what a dict or a list of models holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (dict, tuple, Union, UnionType, Annotated):
        return next((model for arg in get_args(annotation) if (model := _model(arg)) is not None), None)
    return None


def _holds(tree: Tree, keys: Keys) -> bool:
    node: Any = tree
    for key in keys:
        if isinstance(node, list):  # whoever wrote a list wrote all of it
            return True
        if not isinstance(node, dict) or key not in node:
            return False
        node = node[key]
    return True
