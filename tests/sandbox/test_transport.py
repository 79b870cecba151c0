"""Answers that no honest probe sends."""

import io
import json
import zipfile

import numpy as np
import pytest

from grader.sandbox import transport
from grader.sandbox.transport import BadAnswerError, read_arrays, read_json


def packed(**arrays: object) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def npy(descr: str, shape: str, data: bytes = b"") -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}"
    padded = header.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded.encode() + data


@pytest.mark.parametrize("dtype", ["?", "i1", "u2", "<i8", ">f4", "f8", "f2"])
def test_numbers_of_every_kind_come_through(dtype: str) -> None:
    sent = np.arange(6).reshape(2, 3).astype(dtype)
    got = read_arrays(packed(a=sent, b=np.asfortranarray(sent)))
    np.testing.assert_array_equal(got["a"], sent)
    np.testing.assert_array_equal(got["b"], sent)
    assert got["a"].dtype.isnative
    assert got["a"].flags.owndata


def test_scalars_and_empty_arrays_come_through() -> None:
    got = read_arrays(packed(scalar=np.float64(2.5), empty=np.zeros((0, 3))))
    assert got["scalar"].shape == ()
    assert got["empty"].shape == (0, 3)


@pytest.mark.parametrize(
    "array",
    [
        np.array([{}, print], dtype=object),
        np.array(["text"]),
        np.array([b"bytes"]),
        np.array([1j]),
        np.array(["2020-01-01"], dtype="datetime64[D]"),
        np.zeros(2, dtype=[("x", "f4"), ("o", "O")]),
        np.zeros(2, dtype=np.longdouble),
    ],
    ids=["object", "text", "bytes", "complex", "date", "record", "longdouble"],
)
def test_anything_but_numbers_is_refused(array: object) -> None:
    with pytest.raises(BadAnswerError, match="other than numbers"):
        read_arrays(packed(a=array))


@pytest.mark.parametrize(
    "member",
    [
        npy("'<f8'", "(1000000000000,)"),
        npy("'<f8'", "(2,)", b"\0" * 8),
        npy("'<f8'", "(-1,)"),
        npy("'<f8'", "(1, 1, 1, 1, 1, 1, 1, 1, 1)", b"\0" * 8),
        npy("__import__('os').getpid()", "(1,)"),
        npy("'<f8'", "('a',)"),
        b"\x93NUMPY\x09\x00" + b"\0" * 64,
        b"no npy file",
        b"",
    ],
)
def test_headers_that_lie_are_refused(member: bytes) -> None:
    with pytest.raises(BadAnswerError):
        read_arrays(zipped({"a.npy": member}))


def test_compressed_members_are_refused_before_they_are_opened() -> None:
    bomb = zipped({"a.npy": npy("'|u1'", "(30000000,)", bytes(30_000_000))}, zipfile.ZIP_DEFLATED)
    assert len(bomb) < 100_000
    with pytest.raises(BadAnswerError, match="compressed"):
        read_arrays(bomb)


def test_sizes_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "ARRAYS_BYTES", 10_000)
    with pytest.raises(BadAnswerError, match="too large"):
        read_arrays(packed(a=np.zeros(5000), b=np.zeros(5000)))
    with pytest.raises(BadAnswerError, match="too large"):
        read_arrays(b"A" * 10**7)


def test_the_number_of_arrays_is_limited() -> None:
    with pytest.raises(BadAnswerError, match="too many"):
        read_arrays(zipped({f"{n}.npy": b"" for n in range(5000)}))


@pytest.mark.parametrize("data", [None, 7, "text", b"", b"no archive", b"PK\x05\x06"])
def test_what_is_no_archive_is_refused(data: object) -> None:
    with pytest.raises(BadAnswerError):
        read_arrays(data)


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
