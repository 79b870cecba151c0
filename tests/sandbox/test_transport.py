"""Answers that no honest probe sends."""

import json
from typing import Any

import numpy as np
import pytest

from grader.sandbox import transport
from grader.sandbox.transport import BadAnswerError, read_arrays, read_json


@pytest.mark.parametrize("kind", transport.KINDS)
def test_numbers_of_every_kind_come_through(kind: str) -> None:
    sent = np.arange(6, dtype=kind).reshape(2, 3)
    padded = sent.tobytes() + bytes(-sent.nbytes % 8)
    got = read_arrays([["a", kind, [2, 3]], ["b", kind, [2, 3]]], 2 * padded)
    np.testing.assert_array_equal(got["a"], sent)
    np.testing.assert_array_equal(got["b"], sent)
    assert got["b"].flags.aligned
    assert not got["b"].flags.writeable


def test_scalars_and_empty_arrays_come_through() -> None:
    got = read_arrays([["empty", "f8", [0, 3]], ["scalar", "f8", []]], np.float64(2.5).tobytes())
    assert got["scalar"].shape == ()
    assert got["scalar"] == 2.5
    assert got["empty"].shape == (0, 3)


@pytest.mark.parametrize(
    "kind",
    [*("O", "U4", "S5", "c16", "M8[D]", "V8", "g", "f16", "b1", "<f8", ">f8", "f4,O", ""), 8, None],
)
def test_anything_but_numbers_is_refused(kind: object) -> None:
    with pytest.raises(BadAnswerError, match="other than numbers"):
        read_arrays([["a", kind, [1]]], bytes(8))


@pytest.mark.parametrize(
    "shape",
    [
        *([10**12], [2], [-1], [-1, -1], [1] * 9, [2**40, 0], [2**63, 2**63], ["a"], [1.0]),
        *([True], None, 1, "1", {"0": 1}),
    ],
)
def test_shapes_that_lie_are_refused(shape: object) -> None:
    with pytest.raises(BadAnswerError, match="shape"):
        read_arrays([["a", "f8", shape]], bytes(8))


@pytest.mark.parametrize(
    ("index", "data"),
    [
        ([["a", "f8", [1]], ["a", "f8", [1]]], bytes(16)),
        ([["a", "f8", [1]]], bytes(16)),
        ([["a", "u1", [1]]], bytes(1)),
        ([], bytes(1)),
        ([["a", "f8"]], bytes(8)),
        ([[7, "f8", [1]]], bytes(8)),
        (["a"], bytes(8)),
        (None, bytes(8)),
        ({"a": ["f8", [1]]}, bytes(8)),
        ([["a", "u1", []]] * 5000, bytes(8)),
    ],
    ids=[
        *("same-name", "left-over", "not-padded", "unlisted", "no-shape", "name-is-a-number"),
        *("not-a-list", "no-index", "index-is-an-object", "too-many"),
    ],
)
def test_an_index_that_does_not_fit_is_refused(index: Any, data: bytes) -> None:
    with pytest.raises(BadAnswerError):
        read_arrays(index, data)


def test_sizes_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "ARRAYS_BYTES", 10_000)
    with pytest.raises(BadAnswerError, match="too large"):
        read_arrays([["a", "u1", [10_008]]], bytes(10_008))


@pytest.mark.parametrize("data", [None, 7, "text", [b"bytes"]])
def test_what_is_not_bytes_is_refused(data: object) -> None:
    with pytest.raises(BadAnswerError):
        read_arrays([], data)


@pytest.mark.parametrize(
    "text",
    [
        *(None, b"{}", "", "[1]", "7", "{"),
        *('{"a": NaN}', '{"a": Infinity}', '{"a": [-Infinity]}', '{"a": 1e999}'),
        '{"a": ' + "9" * 5000 + "}",
        '{"a": ' + "[" * 200_000 + "}",
        json.dumps({"a": "x" * (transport.JSON_CHARACTERS + 1)}),
    ],
)
def test_json_that_is_not_a_finite_object_is_refused(text: object) -> None:
    with pytest.raises(BadAnswerError):
        read_json(text)


def test_strings_in_json_lose_control_characters() -> None:
    sent = {"a\x1b[31m": ["\x07b\ud800", {"c": "가\u202e나"}], "n": 1.5, "none": None}
    assert read_json(json.dumps(sent)) == {"a": ["b", {"c": "가나"}], "n": 1.5, "none": None}
