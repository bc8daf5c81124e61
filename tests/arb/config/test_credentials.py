"""Keys come whole or not at all, and are never shown."""

from __future__ import annotations

import pytest

from arb.config import Credentials, credentials_of
from arb.errors import ConfigError


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        pytest.param({}, None, id="none"),
        pytest.param({"ARB_MEXC_KEY": "", "ARB_MEXC_SECRET": " "}, None, id="empty is none"),
        pytest.param({"ARB_GATEIO_KEY": "k"}, None, id="another venue's"),
        pytest.param(
            {"ARB_MEXC_KEY": " k ", "ARB_MEXC_SECRET": "s"}, Credentials("mexc", "k", "s"), id="key and secret"
        ),
        pytest.param(
            {"ARB_MEXC_KEY": "k", "ARB_MEXC_SECRET": "s", "ARB_MEXC_PASSPHRASE": "p"},
            Credentials("mexc", "k", "s", "p"),
            id="with a passphrase",
        ),
    ],
)
def test_from_the_environment(environ: dict[str, str], expected: Credentials | None) -> None:
    assert credentials_of("mexc", environ) == expected


@pytest.mark.parametrize(
    ("given", "missing"), [("KEY", "ARB_MEXC_SECRET"), ("SECRET", "ARB_MEXC_KEY"), ("PASSPHRASE", "ARB_MEXC_KEY")]
)
def test_a_part_alone_is_an_error_that_names_what_is_missing(given: str, missing: str) -> None:
    with pytest.raises(ConfigError, match=f"set {missing} too") as caught:
        credentials_of("mexc", {f"ARB_MEXC_{given}": "t0ps3cr3t"})
    assert "t0ps3cr3t" not in str(caught.value)


def test_no_text_form_shows_them() -> None:
    secret = Credentials("mexc", "k3y", "s3cr3t", "phr4se")
    for text in (repr(secret), str(secret), f"{secret}", f"{secret!r:>10}", repr([secret])):
        assert "mexc" in text
        assert not any(part in text for part in ("k3y", "s3cr3t", "phr4se"))
