"""Changes of whole inputs: most of what comes out is nearly right."""

from collections.abc import Sequence
from random import Random

MOST_CHANGES = 6


def changed(random: Random, seeds: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    """One of the seeds with a few pieces taken out, repeated, moved or replaced."""
    data = random.choice(seeds)
    for _ in range(random.randint(1, MOST_CHANGES)):
        data = random.choice((without, repeated, swapped, flipped, cut))(random, data)
        if words and random.random() < 0.5:
            place = random.randint(0, len(data))
            data = data[:place] + random.choice(words) * random.choice((1, 1, 2, 50)) + data[place:]
    return data


def span(random: Random, data: bytes) -> tuple[int, int]:
    """Mostly a short one."""
    start = random.randint(0, len(data))
    return start, min(len(data), start + random.choice((1, 2, 8, 100, 5_000)))


def without(random: Random, data: bytes) -> bytes:
    start, end = span(random, data)
    return data[:start] + data[end:]


def repeated(random: Random, data: bytes) -> bytes:
    start, end = span(random, data)
    return data[:end] + data[start:end] * random.choice((1, 3, 200)) + data[end:]


def swapped(random: Random, data: bytes) -> bytes:
    start, end = span(random, data)
    place = random.randint(0, len(data))
    return data[:place] + data[start:end] + data[place:]


def flipped(random: Random, data: bytes) -> bytes:
    if not data:
        return data
    place = random.randrange(len(data))
    return (
        data[:place]
        + bytes([random.choice((0, 255, 128, 10, data[place] ^ 1))])
        + data[place + 1 :]
    )


def cut(random: Random, data: bytes) -> bytes:
    return data[: random.randint(0, len(data))] if random.random() < 0.3 else data
