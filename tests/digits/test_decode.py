"""Pictures of all kinds and none, decoded in the sandbox."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from grader.pictures import decode as decoding
from grader.pictures.decode import decode
from grader.sandbox import KernelSession
from tests.digits.renderings import Array

RAMP = np.linspace(0, 255, 64).round().astype(np.uint8)[None].repeat(48, axis=0)  # (48, 64)


def encoded(page: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    page.save(file, form, **options)
    return file.getvalue()


def pixels(session: KernelSession, data: bytes, frame: str = "last") -> Array:
    decoded = decode(session, data, frame)
    assert decoded.pixels is not None, decoded.problem
    return decoded.pixels.astype(int)


def gray_page(mode: str) -> Image.Image:
    return Image.fromarray(RAMP).convert(mode)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P", "CMYK", "1"])
def test_every_colour_mode_gives_its_colours(decoder: KernelSession, mode: str) -> None:
    page = gray_page(mode)
    form = "JPEG" if mode == "CMYK" else "PNG"
    shown = pixels(decoder, encoded(page, form))
    expected = np.asarray(gray_page(mode).convert("RGB")).astype(int)
    assert shown.shape == (48, 64, 3)
    assert np.abs(shown - expected).mean() < (4 if form == "JPEG" else 0.01)


def test_sixteen_bits_keep_their_shades(decoder: KernelSession) -> None:
    deep = Image.fromarray(RAMP.astype(np.uint16) * 257)
    assert np.abs(pixels(decoder, encoded(deep))[..., 0] - RAMP).max() <= 1


def test_small_values_in_sixteen_bits_are_shades_of_eight(decoder: KernelSession) -> None:
    assert (
        np.abs(
            pixels(decoder, encoded(Image.fromarray(RAMP.astype(np.uint16))))[..., 0] - RAMP
        ).max()
        <= 1
    )


def test_transparent_parts_are_white(decoder: KernelSession) -> None:
    page = np.zeros((20, 20, 4), np.uint8)
    page[:, 10:] = (255, 0, 0, 255)
    shown = pixels(decoder, encoded(Image.fromarray(page)))
    assert (shown[:, :10] == 255).all()
    assert (shown[:, 10:] == (255, 0, 0)).all()


@pytest.mark.parametrize("form", ["BMP", "TIFF", "WEBP", "JPEG"])
def test_forms_that_are_seldom_used_are_read(decoder: KernelSession, form: str) -> None:
    options = {"lossless": True} if form == "WEBP" else {}
    shown = pixels(decoder, encoded(Image.fromarray(RAMP), form, **options))
    assert np.abs(shown[..., 0] - RAMP).mean() < 2


@pytest.mark.parametrize("form", ["GIF", "PNG"])
def test_of_an_animation_the_last_picture_counts(decoder: KernelSession, form: str) -> None:
    pages = [Image.new("L", (30, 20), shade) for shade in (0, 128, 255)]
    data = encoded(pages[0], form, save_all=True, append_images=pages[1:])
    assert (pixels(decoder, data) == 255).all()
    assert (pixels(decoder, data, frame="first") == 0).all()


def test_a_large_picture_is_made_smaller(decoder: KernelSession) -> None:
    page = Image.new("RGB", (5000, 400), (10, 200, 30))
    shown = pixels(decoder, encoded(page))
    assert shown.shape == (134, 1667, 3)
    assert (shown == (10, 200, 30)).all()


def claiming(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is of this size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(b"\0" * 100)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


GOOD = encoded(Image.fromarray(RAMP))
BAD = {
    "truncated": (GOOD[: len(GOOD) // 2], "damaged"),
    "empty": (b"", "empty"),
    "text": (b"import torch\n", "in no form"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG or HTML"),
    "html": (b"  <html><body>digits</body></html>", "SVG or HTML"),
    "icon": (encoded(Image.fromarray(RAMP), "ICO"), "in no form"),
    "claims to be huge": (claiming(60000, 60000), "too many"),
    "less than it claims": (claiming(200, 200), "damaged"),
    "a PNG's beginning": (b"\x89PNG\r\n\x1a\n", ""),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_cannot_be_read_is_said_in_a_sentence(decoder: KernelSession, kind: str) -> None:
    data, word = BAD[kind]
    decoded = decode(decoder, data)
    assert decoded.pixels is None
    assert word in str(decoded.problem)
    assert str(decoded.problem).startswith("The picture ")
    assert str(decoded.problem).endswith(".")


def test_a_bomb_is_not_unpacked(decoder: KernelSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "MOST_PIXELS", 10_000)
    bomb = encoded(Image.new("1", (4000, 4000)))
    assert len(bomb) < 10_000
    assert "too many" in str(decode(decoder, bomb).problem)


def test_a_bad_picture_does_not_harm_the_next(decoder: KernelSession) -> None:
    decode(decoder, BAD["truncated"][0])
    assert (pixels(decoder, GOOD)[..., 0] == RAMP).all()


def test_one_pixel_is_a_picture(decoder: KernelSession) -> None:
    assert pixels(decoder, encoded(Image.new("RGB", (1, 1), (1, 2, 3)))).tolist() == [[[1, 2, 3]]]
