"""The tables against the venue's samples, and against the classes that ccxt compiled from the venue's definitions."""

from __future__ import annotations

import pytest
from ccxt.protobuf.mexc.PushDataV3ApiWrapper_pb2 import PushDataV3ApiWrapper
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from fastpath.wire.mexc_messages import WRAPPER
from fastpath.wire.protobuf import Kind, read
from tests.mexc_samples import pushes, samples

KINDS = {
    FieldDescriptor.TYPE_STRING: Kind.STRING,
    FieldDescriptor.TYPE_INT32: Kind.INT32,
    FieldDescriptor.TYPE_INT64: Kind.INT64,
    FieldDescriptor.TYPE_BOOL: Kind.BOOL,
    FieldDescriptor.TYPE_MESSAGE: Kind.MESSAGE,
}
JUNE_2026 = {
    "PublicAggreDepthsV3Api": {"lastOrderCreateTime"},
    "PublicAggreBookTickerV3Api": {"version", "lastOrderCreateTime"},
    "PublicAggreDealsV3ApiItem": {"tradeId"},
    "PublicLimitDepthsV3Api": {"lastOrderCreateTime"},
    "PublicBookTickerBatchV3Api": {"version", "lastOrderCreateTime"},
}


def as_dict(message, table):
    """A compiled message in our form: what is set, by name; newer fields of ours are not in it."""
    result = {}
    for field, value in message.ListFields():
        inner = table[field.number][1].table
        if field.type != FieldDescriptor.TYPE_MESSAGE:
            result[field.name] = value
        elif table[field.number][1].repeated:
            result[field.name] = [as_dict(item, inner) for item in value]
        else:
            result[field.name] = as_dict(value, inner)
    return result


def known_to_ccxt(message, descriptor):
    """Our form without June 2026's fields, and without defaults, which the compiled classes do not tell from absent."""
    result = {}
    for name, value in message.items():
        field = descriptor.fields_by_name.get(name)
        if field is None:
            assert name in JUNE_2026[descriptor.name]
        elif isinstance(value, list):
            result[name] = [known_to_ccxt(item, field.message_type) for item in value]
        elif isinstance(value, dict):
            result[name] = known_to_ccxt(value, field.message_type)
        elif value or field.has_presence:
            result[name] = value
    return result


def test_every_documented_sample_decodes_to_its_values(shared):
    found = list(samples(shared))
    assert len(found) >= 30
    for name, frame, decoded in found:
        assert read(frame, WRAPPER) == decoded, name


def test_every_sample_and_push_reads_as_the_compiled_classes_read_it(shared):
    frames = [frame for _, frame, _ in samples(shared)] + list(pushes(shared))[::7]
    assert len(frames) > 250
    for frame in frames:
        theirs = PushDataV3ApiWrapper.FromString(frame)
        assert known_to_ccxt(read(frame, WRAPPER), theirs.DESCRIPTOR) == as_dict(theirs, WRAPPER)


def test_the_tables_hold_every_field_of_the_venue_s_definitions():
    seen = set()

    def compare(descriptor, table):
        seen.add(descriptor.name)
        theirs = {f.number: (f.name, KINDS[f.type]) for f in descriptor.fields}
        ours = {number: (name, field.kind) for number, (name, field) in table.items()}
        newer = {number: entry for number, entry in ours.items() if number not in theirs}
        assert {name for name, _ in newer.values()} == JUNE_2026.get(descriptor.name, set())
        assert {number: entry for number, entry in ours.items() if number not in newer} == theirs
        for field in descriptor.fields:
            oneof = field.containing_oneof
            real_oneof = oneof.name if oneof is not None and len(oneof.fields) > 1 else ""
            assert table[field.number][1].oneof == real_oneof
            if field.message_type is not None:
                compare(field.message_type, table[field.number][1].table)

    compare(PushDataV3ApiWrapper.DESCRIPTOR, WRAPPER)
    assert len(seen) >= 18


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_what_both_can_read_they_read_alike(shared, data):
    """Real frames, damaged: our reader refuses or agrees."""
    frames = [frame for _, frame, _ in samples(shared)]
    damaged = bytearray(data.draw(st.sampled_from(frames)))
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        theirs = PushDataV3ApiWrapper.FromString(bytes(damaged))
    except DecodeError:
        with pytest.raises(ValueError):
            read(bytes(damaged), WRAPPER)
        return
    try:
        ours = read(bytes(damaged), WRAPPER)
    except ValueError:
        return  # June 2026's texts, which ccxt's classes skip unread, and groups
    assert known_to_ccxt(ours, theirs.DESCRIPTOR) == as_dict(theirs, WRAPPER)
