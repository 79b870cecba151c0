"""What looks almost like a digit: letters, signs, and digits without a stroke that they need."""

from functools import cache
from pathlib import Path

import matplotlib as mpl
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from grader.digits.training.clear import Tensor, bent, moved, sometimes, thickened

# without those that are digits in somebody's hand: b, g, I, l, o, q, s, y, z, /, |
SIGNS = "AEFHKLMNPRTVWXYacdefhjkmnprtuvwx=+-~%&?!#@*<>^,;:"
FONTS = ("cmmi10", "cmss10", "cmti10", "DejaVuSans", "DejaVuSans-Bold", "STIXGeneralItalic")
BELOW, ABOVE, LEFT, RIGHT = (0.0, 1.0), (0.0, -1.0), (-1.0, 0.0), (1.0, 0.0)
NEEDED = {  # of each digit the sides without which it is none: the stem of a 4, the loop of a 6
    0: (BELOW, ABOVE, LEFT, RIGHT),
    2: (ABOVE,),
    3: (BELOW, ABOVE),
    4: (BELOW,),
    5: (BELOW, ABOVE),
    6: (RIGHT,),
}
LOST = torch.tensor([1.0, 0, 1, 1, 3, 1, 3, 0, 0, 0])  # how often each digit loses a side
KEPT = (0.5, 0.75)  # of the ink


@cache
def bank() -> Tensor:
    """(N, 1, 28, 28): every sign in every font, as large as a digit; marks keep their place."""
    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    fonts = [ImageFont.truetype(str(folder / f"{name}.ttf"), 96) for name in FONTS]
    return torch.from_numpy(np.stack([page(sign, font) for font in fonts for sign in SIGNS]))


def page(sign: str, font: ImageFont.FreeTypeFont) -> np.ndarray:
    """(1, 28, 28)."""
    large = Image.new("L", (112, 112))
    ImageDraw.Draw(large).text((56, 92), sign, fill=255, font=font, anchor="ms")
    small = large.resize((28, 28), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32)[None] / 255


def signs(count: int) -> Tensor:
    """(count, 1, 28, 28) of letters and signs, each in another hand."""
    images = bank()[torch.randint(0, len(bank()), (count,))]
    images = moved(images, degrees=12, stretch=0.2, shear=0.2, shift=0.12)
    images = sometimes(0.5, thickened(images), images)
    return sometimes(0.7, bent(images, 0.05, 7), images)


def unfinished(images: Tensor, digits: Tensor, count: int) -> Tensor:
    """Some of the digits, each without a side that it needs."""
    chosen = torch.multinomial(LOST[digits], count)
    images = images[chosen]
    sides = [NEEDED[digit] for digit in digits[chosen].tolist()]
    side = torch.tensor([some[int(torch.randint(0, len(some), ()))] for some in sides])
    side = side + 0.25 * torch.randn(len(side), 2)
    x, y = torch.meshgrid(torch.linspace(-1, 1, 28), torch.linspace(-1, 1, 28), indexing="xy")
    far = (side[:, :1] * x.flatten() + side[:, 1:] * y.flatten()).argsort(dim=1)
    ink = images.flatten(1).gather(1, far).cumsum(dim=1)
    kept = ink <= torch.empty(len(ink), 1).uniform_(*KEPT) * ink[:, -1:]
    mask = torch.zeros_like(ink).scatter(1, far, kept.float())
    return images * mask.reshape(images.shape)
