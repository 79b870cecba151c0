"""Reads a probe's answer. The bytes come from the student's process: nothing in them is trusted.

An answer is JSON text and the plain bytes of its arrays, which the JSON describes. Neither can make
this process run code (nothing is unpickled), take more memory than the limits below, or raise
anything but ``BadAnswerError``.
"""

import hmac
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from grader.arrays import Array
from grader.probes.seal import MAC_BYTES, proof
from grader.sandbox.limits import JSON
from grader.sandbox.text import clean_tree

ARRAYS_BYTES = 64 * 2**20
JSON_CHARACTERS = 4 * 2**20
MEMBERS = 4096
DIMENSIONS = 8
ALIGNED = 8
KINDS = ("u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8")


class BadAnswerError(ValueError):
    """The answer breaks the transport's rules; the text says which."""


class ForgedAnswerError(Exception):
    """The answer is not the one that the prelude gave."""


def proven(key: bytes, nonce: bytes, said: object, attached: object) -> tuple[str, Any]:
    """JSON text and the bytes of arrays, once it is known that the prelude sent them just now.

    Raises ``ForgedAnswerError``.
    """
    if not isinstance(said, str) or not isinstance(attached, bytes | memoryview):
        raise ForgedAnswerError
    shown, text = said[: 2 * MAC_BYTES], said[2 * MAC_BYTES :]
    known = proof(key, nonce, text.encode("utf-8", "surrogatepass"), attached)
    if not hmac.compare_digest(shown.encode("utf-8", "surrogatepass"), known.hex().encode()):
        raise ForgedAnswerError
    return text, attached


def read_json(text: object) -> dict[str, JSON]:
    """The JSON object in ``text``; strings are cleaned, NaN and infinities are refused."""
    if not isinstance(text, str) or len(text) > JSON_CHARACTERS:
        raise BadAnswerError("the JSON part is missing or too large")
    try:
        value = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
        if not isinstance(value, dict):
            raise BadAnswerError("the JSON part is not an object")
        return {str(key): item for key, item in _as_dict(clean_tree(value)).items()}
    except (ValueError, RecursionError) as error:
        raise BadAnswerError(f"the JSON part cannot be read: {error}") from None


def read_arrays(index: object, data: object) -> Mapping[str, Array]:
    """Read-only arrays over ``data``, which holds them one after the other, each from a multiple
    of eight bytes on; ``index`` lists name, type and shape of each."""
    if not isinstance(data, bytes | memoryview) or len(data) > ARRAYS_BYTES:
        raise BadAnswerError("the arrays are missing or too large")
    if not isinstance(index, list) or len(index) > MEMBERS:
        raise BadAnswerError("the list of arrays is missing or too long")
    arrays: dict[str, Array] = {}
    start = 0
    for entry in index:
        name, dtype, shape = _described(entry)
        if name in arrays:
            raise BadAnswerError("two arrays have the same name")
        count = math.prod(shape)
        if start + count * dtype.itemsize > len(data):
            raise BadAnswerError("an array's shape does not fit its bytes")
        flat = np.frombuffer(data, dtype, count, start) if count else np.empty(0, dtype)
        arrays[name] = flat.reshape(shape)
        start += -(-count * dtype.itemsize // ALIGNED) * ALIGNED
    if start != len(data):
        raise BadAnswerError("there are more bytes than arrays")
    return arrays


def _described(entry: object) -> tuple[str, np.dtype[Any], tuple[int, ...]]:
    """Name, type and shape of one array, each checked before numpy sees it."""
    if not isinstance(entry, list) or len(entry) != 3:
        raise BadAnswerError("an array is not described as it should be")
    name, kind, shape = entry
    if not isinstance(name, str) or kind not in KINDS:
        raise BadAnswerError("an array holds something other than numbers")
    if not isinstance(shape, list) or len(shape) > DIMENSIONS:
        raise BadAnswerError("an array has an impossible shape")
    if any(type(n) is not int or not 0 <= n <= ARRAYS_BYTES for n in shape):
        raise BadAnswerError("an array has an impossible shape")
    return name, np.dtype(kind), tuple(shape)


def _as_dict(value: object) -> dict[str, JSON]:
    assert isinstance(value, dict)
    return value


def _no_constant(name: str) -> float:
    raise BadAnswerError(f"{name} in JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise BadAnswerError("a number in JSON is too large")
    return value
