"""Settings as TOML again, one dotted key a line, each with its origin. What comes out can be read back in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import msgspec
from pydantic import BaseModel

from arb.config import credentials
from arb.config.load import DEFAULT, Loaded
from arb.config.sources import Keys
from arb.config.values import word
from arb.domain import Depth, FeeCoin, Trust
from arb.redact import mask_url
from arb.units import plain


def lines(loaded: Loaded, environ: Mapping[str, str], *, resolved: bool) -> Iterator[str]:
    """resolved: every value; else only what somebody set. Secrets are masked; what has no value is a comment."""
    for keys, value in _flat(loaded.settings, ()):
        origin = loaded.origin(".".join(keys))
        if origin == DEFAULT and not resolved:
            continue
        key = ".".join(_key(part) for part in keys)
        text = f"# {key} is not set" if value is None else f"{key} = {_toml(value)}"
        yield f"{text}  # {origin}"
    for venue in loaded.settings.exchanges:
        named = f"exchanges.{venue}"
        if not resolved and not any(key.startswith(f"{named}.") for key in loaded.origins):
            yield f"{named} = {{}}  # {loaded.origin(named)}"
    for venue in loaded.settings.exchanges:
        for name in credentials.variables(venue):
            if environ.get(name):
                yield f'# {name} = "{credentials.MASK}"  # env {name}'


def _flat(node: Any, above: Keys) -> Iterator[tuple[Keys, Any]]:
    """Every value with its keys; of tables only what they hold, and of empty ones that they are."""
    if isinstance(node, BaseModel):
        for name in type(node).model_fields:
            yield from _flat(getattr(node, name), (*above, name))
    elif isinstance(node, dict) and node:
        for name, inner in node.items():
            yield from _flat(inner, (*above, name))
    else:
        yield above, node


def _key(part: str) -> str:
    return part if part.replace("_", "").replace("-", "").isalnum() and part.isascii() else _quoted(part)


def _toml(value: Any) -> str:
    if isinstance(value, Depth | Trust | FeeCoin):
        return _quoted(word(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return _quoted(plain(value))
    if isinstance(value, str):
        return _quoted(mask_url(value) if "://" in value else value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if isinstance(value, BaseModel):
        value = {name: inner for name in type(value).model_fields if (inner := getattr(value, name)) is not None}
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_key(str(name))} = {_toml(inner)}' for name, inner in value.items())}}}"
    return str(value)


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()
