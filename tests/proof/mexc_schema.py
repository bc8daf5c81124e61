"""MEXC's book pushes for Google's protobuf, put down from the venue's page: the schema that ccxt has is older.

What no book is made of is `bytes`: whatever stands there decides nothing.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_FIELD = descriptor_pb2.FieldDescriptorProto
_TYPES = {"string": _FIELD.TYPE_STRING, "bytes": _FIELD.TYPE_BYTES, "int64": _FIELD.TYPE_INT64}
_PACKAGE = "tests.proof.mexc"
_MESSAGES: dict[str, dict[str, tuple[int, str]]] = {
    "Item": {"price": (1, "string"), "quantity": (2, "string")},
    "AggreDepths": {
        "asks": (1, "Item*"),
        "bids": (2, "Item*"),
        "eventType": (3, "bytes"),
        "fromVersion": (4, "string"),
        "toVersion": (5, "string"),
        "lastOrderCreateTime": (6, "int64"),
    },
    "LimitDepths": {
        "asks": (1, "Item*"),
        "bids": (2, "Item*"),
        "eventType": (3, "bytes"),
        "version": (4, "string"),
        "lastOrderCreateTime": (5, "int64"),
    },
    "AggreBookTicker": {
        "bidPrice": (1, "string"),
        "bidQuantity": (2, "string"),
        "askPrice": (3, "string"),
        "askQuantity": (4, "string"),
        "version": (5, "string"),
        "lastOrderCreateTime": (6, "int64"),
    },
    "Push": {
        "channel": (1, "bytes"),
        "symbol": (3, "string"),
        "sendTime": (6, "int64"),
        "limitDepths": (303, "LimitDepths"),
        "aggreDepths": (313, "AggreDepths"),
        "aggreBookTicker": (315, "AggreBookTicker"),
    },
}
_BODY = 300  # field numbers above it are the one body


def _push() -> type[Any]:
    file = descriptor_pb2.FileDescriptorProto(name="tests/proof/mexc.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            made = message.field.add(name=field, number=number, label=_FIELD.LABEL_OPTIONAL)
            if kind.endswith("*"):
                made.label = _FIELD.LABEL_REPEATED
            if kind in _TYPES:
                made.type = _TYPES[kind]
            else:
                made.type, made.type_name = _FIELD.TYPE_MESSAGE, f".{_PACKAGE}.{kind.rstrip('*')}"
            if number > _BODY:
                made.oneof_index = 0
        if any(number > _BODY for number, _ in fields.values()):
            message.oneof_decl.add(name="body")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Push"))


Push = _push()
