"""What all models of the configuration share: strictness, and values written as words."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from arb.config import values
from arb.domain import Depth, FeeCoin, Trust

_AS_WORD = PlainSerializer(values.word, return_type=str, when_used="json")  # what is dumped can be read again
DepthWord = Annotated[Depth, BeforeValidator(values.depth), _AS_WORD]
TrustWord = Annotated[Trust, BeforeValidator(values.trust), _AS_WORD]
CoinWord = Annotated[FeeCoin, BeforeValidator(values.fee_coin), _AS_WORD]
Words = Annotated[tuple[str, ...], BeforeValidator(values.words)]
Milliseconds = Annotated[int, Field(gt=0, le=3_600_000)]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=False)
