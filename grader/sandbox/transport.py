"""Reads a probe's answer. The bytes come from the student's process: nothing in them is trusted.

An answer is JSON text and the bytes of an uncompressed npz file. Neither can make this process run
code (no pickle), take more memory than the limits below, or raise anything but
``BadAnswerError``.
"""

import io
import json
import math
import zipfile
from collections.abc import Mapping

import numpy as np

from grader.sandbox.limits import JSON, Array
from grader.sandbox.text import clean_tree

ARRAYS_BYTES = 64 * 2**20
JSON_CHARACTERS = 4 * 2**20
MEMBERS = 4096
DIMENSIONS = 8
KINDS = "biuf"  # bool, integers, floats
HEADER_BYTES = 1024
HEADERS_BYTES = 2**21  # of all members, in the npy and in the zip format


class BadAnswerError(ValueError):
    """The answer breaks the transport's rules; the text says which."""


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


def read_arrays(data: object) -> Mapping[str, Array]:
    """The arrays of an npz file, in native byte order and owning their memory."""
    if not isinstance(data, bytes | memoryview) or len(data) > ARRAYS_BYTES + HEADERS_BYTES:
        raise BadAnswerError("the arrays are missing or too large")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _read_members(archive)
    except BadAnswerError:
        raise
    except (ValueError, zipfile.BadZipFile, EOFError, OSError) as error:
        raise BadAnswerError(f"the arrays cannot be read: {error}") from None
    except (NotImplementedError, RuntimeError, KeyError, OverflowError) as error:
        raise BadAnswerError(f"the arrays cannot be read: {error}") from None


def _read_members(archive: zipfile.ZipFile) -> dict[str, Array]:
    members = archive.infolist()
    if len(members) > MEMBERS or len({m.filename for m in members}) != len(members):
        raise BadAnswerError("too many arrays, or two of the same name")
    if any(m.compress_type != zipfile.ZIP_STORED or m.flag_bits & 1 for m in members):
        raise BadAnswerError("the arrays are compressed or encrypted")
    if any(m.file_size != m.compress_size for m in members):
        raise BadAnswerError("an array lies about its size")
    if sum(m.file_size for m in members) > ARRAYS_BYTES:
        raise BadAnswerError("the arrays are too large")
    if not all(m.filename.endswith(".npy") for m in members):
        raise BadAnswerError("a member is not an array")
    return {m.filename.removesuffix(".npy"): _read_array(archive.read(m)) for m in members}


def _read_array(data: bytes) -> Array:
    """One npy file: header checked against the bytes that are there before numpy sees them."""
    stream = io.BytesIO(data)
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        header = np.lib.format.read_array_header_1_0(stream, max_header_size=HEADER_BYTES)
    elif version == (2, 0):
        header = np.lib.format.read_array_header_2_0(stream, max_header_size=HEADER_BYTES)
    else:
        raise BadAnswerError("an array has an unknown format version")
    shape, _, dtype = header
    if dtype.hasobject or dtype.kind not in KINDS or dtype.itemsize > 8 or dtype.shape:
        raise BadAnswerError("an array holds something other than numbers")
    if len(shape) > DIMENSIONS or any(n < 0 for n in shape):
        raise BadAnswerError("an array has an impossible shape")
    if math.prod(shape) * dtype.itemsize != len(data) - stream.tell():
        raise BadAnswerError("an array's shape does not fit its bytes")
    array = np.lib.format.read_array(
        io.BytesIO(data), allow_pickle=False, max_header_size=HEADER_BYTES
    )
    return np.array(array, dtype=array.dtype.newbyteorder("="))


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
