"""One block of a tape as bytes: what its records have in common stands together, which is cheap to write and to pack.

A record is (code, recv_ns, data). The block, little-endian: uint32 size of the head; the head, msgpack of [sources,
number of records]; then of all records the codes (uint32), the times (int64), the sizes of the data (uint32), the
data. All of it is one zstd frame that tells its content's size.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from struct import Struct, pack, unpack_from
from typing import Any

import msgspec
import zstandard

MOST_UNPACKED = 128 << 20  # bytes of a block; one of a busy second has a few million
_SIZE = Struct("<I")
_EACH = 4 + 8 + 4  # bytes of a record beside its data
_LEVEL = 1  # three times as fast as zlib's first level, and smaller; see `arb bench tape`

Source = tuple[str, int]
Item = tuple[int, int, bytes]


class Packer:
    """Not for two threads at once."""

    def __init__(self) -> None:
        self._zstd = zstandard.ZstdCompressor(level=_LEVEL)

    def block(self, sources: Iterable[Source], items: Sequence[Any]) -> bytes:
        """items: code, recv_ns, data of the first record, of the second, and so on. Lets other threads run meanwhile.

        Raises struct.error for a number that is none of those above.
        """
        codes, times, datas = items[0::3], items[1::3], items[2::3]
        count = len(codes)
        head = msgspec.msgpack.encode((tuple(sources), count))
        sizes = map(len, datas)
        return self._zstd.compress(
            b"".join(
                (_SIZE.pack(len(head)), head, pack(f"<{count}I", *codes), pack(f"<{count}q", *times),
                 pack(f"<{count}I", *sizes), *datas)
            )
        )  # fmt: skip


_head = msgspec.msgpack.Decoder(tuple[tuple[Source, ...], int])


def unpacked(block: bytes) -> tuple[tuple[Source, ...], Iterator[Item]]:
    """Sources and records. Raises ValueError for what is no block, or unpacks to more than any block of ours."""
    try:
        size = zstandard.frame_content_size(block)
        if not 0 <= size <= MOST_UNPACKED:
            raise ValueError(f"it does not unpack to at most {MOST_UNPACKED >> 20} MiB")
        data = zstandard.ZstdDecompressor().decompress(block, max_output_size=MOST_UNPACKED)
    except zstandard.ZstdError as exc:
        raise ValueError(str(exc)) from exc
    if len(data) < _SIZE.size:
        raise ValueError("it has no head")
    at = _SIZE.size + _SIZE.unpack_from(data)[0]
    try:
        sources, count = _head.decode(data[_SIZE.size : at])
    except (msgspec.DecodeError, RecursionError) as exc:
        raise ValueError(f"its head cannot be read: {exc}") from exc
    if not 0 <= count * _EACH <= len(data) - at:
        raise ValueError(f"it is too short for {count} records")
    codes = unpack_from(f"<{count}I", data, at)
    times = unpack_from(f"<{count}q", data, at + 4 * count)
    ends = list(accumulate(unpack_from(f"<{count}I", data, at + 12 * count), initial=at + _EACH * count))
    if ends[-1] != len(data):
        raise ValueError("its data have another size than its records say")
    return sources, ((codes[n], times[n], data[ends[n] : ends[n + 1]]) for n in range(count))
