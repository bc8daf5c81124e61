"""The highest point of a staircase whose steps never quite repeat, in logarithmic time.

Selling in whole steps what was bought in other steps turns profit into a sawtooth: each step bought costs `fall`,
and now and then one more step sold earns `rise`. The path is a word over "right" and "up"; where the ratio of the two
is a/b, the word is built of powers of shorter words as Euclid's algorithm divides a by b, and the best prefix of a
power follows from the best prefix of its base. So no length of path costs more than its ratio's digits do.
"""

from __future__ import annotations

# What a word of steps does: total height gained, best height within it (0 at its start), rights taken when the best is
# first reached, rights in all.
_Word = tuple[int, int, int, int]
_EMPTY: _Word = (0, 0, 0, 0)


def climb(rise: int, fall: int, num: int, den: int, carry: int, steps: int) -> tuple[int, int]:
    """The smallest m in 0..steps where rise * floor((num * m + carry) / den) - fall * m is highest.

    rise, fall, num, den > 0;  0 <= carry < den.   Returns m and the height there.
    """
    right: _Word = (-fall, 0, 0, 1)
    up: _Word = (rise, rise, 0, 0)
    head = tail = _EMPTY
    ups = (num * steps + carry) // den
    while True:
        each, num = divmod(num, den)
        first, carry = divmod(carry, den)
        right = _join(right, _power(up, each))
        head = _join(head, _power(up, first))
        ups -= each * steps + first
        if not ups:
            break
        # Of the remaining ups the j-th follows right number ceil((den * j - carry) / num): the same kind of word with
        # the roles exchanged, but for the rights after the last up.
        last = -((carry - den * ups) // num)
        tail = _join(up, _join(_power(right, steps - last), tail))
        num, den, carry = den, num, den - carry + num - 1
        steps, ups = ups - 1, last
        right, up = up, right
    _, best, at, _ = _join(_join(head, _power(right, steps)), tail)
    return at, best


def _join(first: _Word, second: _Word) -> _Word:
    height = first[0] + second[1]
    if height > first[1]:
        return first[0] + second[0], height, first[3] + second[2], first[3] + second[3]
    return first[0] + second[0], first[1], first[2], first[3] + second[3]


def _power(word: _Word, times: int) -> _Word:
    if not times:
        return _EMPTY
    total, best, at, rights = word
    if total > 0:  # the last repetition begins highest
        before = times - 1
        return total * times, total * before + best, rights * before + at, rights * times
    return total * times, best, at, rights * times
