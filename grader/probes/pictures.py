"""Decodes one picture: whatever its file form and colour mode, RGB bytes come out.

``run(namespace, inputs)`` with inputs::

    path         the file, in here
    frame        "first", "middle" or "last", of an animation
    most_pixels  a picture with more is refused before a pixel of it is decoded
    most_side    a picture with a longer side is made smaller by a whole number

Gives the array ``pixels``, (H, W, 3) bytes, transparent parts on white; or none, and a fact
``problem``, the id of a message that says why, with its ``values``. Needs a kernel in which no
student's code ran.
"""

import io
import warnings
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "AVIF")  # the last one not in every Pillow
MOST_FRAMES = 2000
DEEP = ("I", "I;16", "I;16B", "I;16L", "I;16N", "F")


class Unreadable(Exception):
    """The id of a message that says why, and its values."""


def run(namespace: Any, inputs: Any) -> Any:
    with open(inputs["path"], "rb") as file:
        data = file.read()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # bombs are measured below
            Image.MAX_IMAGE_PIXELS = None
            return decoded(data, inputs)
    except Unreadable as problem:
        id, values = problem.args
        return {}, {"problem": id, "values": values}
    except MemoryError:
        return {}, {"problem": "picture.no_memory", "values": {}}
    except Exception as error:  # Pillow raises nearly every kind for damaged files
        return {}, {"problem": "picture.damaged", "values": {"error": type(error).__name__}}


def decoded(data: Any, inputs: Any) -> Any:
    page = opened(data)
    width, height = page.size
    if width * height > inputs["most_pixels"]:
        raise Unreadable("picture.too_many_pixels", {"width": width, "height": height})
    frames = getattr(page, "n_frames", 1)
    if inputs["frame"] != "first" and frames > 1:
        if frames > MOST_FRAMES:
            raise Unreadable("picture.too_many_frames", {"frames": frames})
        page.seek(frames - 1 if inputs["frame"] == "last" else frames // 2)
    page.load()
    shrink = -(-max(width, height) // inputs["most_side"])
    pixels = as_rgb(page, shrink)
    facts = {"format": page.format, "width": width, "height": height, "frames": frames}
    return {"pixels": pixels}, facts


def opened(data: Any) -> Any:
    if not data:
        raise Unreadable("picture.empty", {})
    if data.lstrip()[:1] == b"<":
        raise Unreadable("picture.drawing", {})
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except (UnidentifiedImageError, KeyError):
        raise Unreadable("picture.unknown_form", {}) from None


def as_rgb(page: Any, shrink: Any) -> Any:
    """On white, where it is transparent; 16 bits become 8."""
    if page.mode in DEEP:
        values = np.asarray(page, dtype=np.float64)
        if page.mode == "F":
            low, high = float(np.nanmin(values)), float(np.nanmax(values))
            values = np.nan_to_num((values - low) / max(high - low, 1e-12)) * 255
        else:
            values = values / 257 if values.max() > 255 else values
        page = Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8), mode="L")
    elif "transparency" in page.info or page.mode in ("LA", "PA", "RGBA", "La", "RGBa"):
        page = page.convert("RGBA")
        white = Image.new("RGBA", page.size, "white")
        page = Image.alpha_composite(white, page)
    page = page.convert("RGB")
    return np.asarray(page.reduce(shrink) if shrink > 1 else page)
