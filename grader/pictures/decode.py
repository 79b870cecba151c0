"""Pictures from bytes to pixels, decoded inside the sandbox: Pillow reads what anyone sent."""

from dataclasses import dataclass

import numpy as np

from grader.arrays import Array
from grader.messages.message import Said, said_by_probe, say
from grader.sandbox import InfraError, KernelSession, Limits, Sandbox, Status

MOST_PIXELS = 50_000_000
MOST_SIDE = 2400  # pixels: more would not show more of tiles of 28


@dataclass(frozen=True)
class Decoded:
    """``pixels``: (H, W, 3) bytes; None if ``problem`` says why there are none.

    ``frames``: how many pictures the file holds.
    """

    pixels: Array | None
    problem: Said = ""
    frames: int = 1


def decoding_session(sandbox: Sandbox, limits: Limits, seed: int = 0) -> KernelSession:
    """A kernel in which no student's code runs, for that could change what Pillow does."""
    return KernelSession((), sandbox=sandbox, limits=limits, seed=seed)


def decode(
    session: KernelSession, data: bytes, frame: str = "last", most_side: int = MOST_SIDE
) -> Decoded:
    """The pixels of a PNG, JPEG, GIF, WebP, BMP or TIFF.

    ``frame``, "first", "middle" or "last", is that of an animation. A picture with a side of more
    than ``most_side`` pixels is made smaller by a whole number.

    Raises ``InfraError`` if no kernel can be had.
    """
    inputs = {"frame": frame, "most_pixels": MOST_PIXELS, "most_side": most_side}
    outcome = session.probe("pictures", inputs, files={"path": (data, "picture")})
    if outcome.status is Status.infra_error:
        raise InfraError(outcome.said)
    if outcome.status is not Status.ok:
        return Decoded(None, say("picture.not_decoded", message=outcome.said))
    pixels = outcome.arrays.get("pixels")
    if pixels is None:
        return Decoded(None, said_by_probe(outcome.facts) or say("picture.unreadable"))
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or not pixels.size:
        return Decoded(None, say("picture.unreadable"))
    frames = outcome.facts.get("frames")
    return Decoded(np.array(pixels), frames=frames if isinstance(frames, int) else 1)
