"""Drawings for notebook 2-2 of the included examples, where no model can be run that paints."""

import math
import random
from collections.abc import Mapping, Sequence

from PIL import Image, ImageDraw

Colour = tuple[int, int, int]

PALETTES: Mapping[str, Sequence[Colour]] = {
    "black and red": ((244, 236, 220), (28, 26, 32), (190, 44, 36)),
    "blue and yellow": ((18, 38, 78), (235, 198, 74), (240, 240, 232)),
    "green and cream": ((238, 230, 205), (30, 84, 66), (206, 120, 62)),
    "violet and orange": ((58, 34, 92), (240, 140, 70), (250, 222, 190)),
    "grey and pink": ((206, 210, 218), (52, 58, 74), (214, 92, 122)),
    "brown and turquoise": ((96, 62, 44), (96, 190, 182), (244, 230, 206)),
}
"""Sky, ink and light of a print, by its name."""


def lighthouses(palette: str, seed: int, size: int = 256) -> Image.Image:
    """Two by two prints of a lighthouse in a storm, (2 ``size``, 2 ``size``), each another one."""
    draw = random.Random(seed)
    sheet = Image.new("RGB", (2 * size, 2 * size))
    for number in range(4):
        print_ = _lighthouse(PALETTES[palette], draw, size)
        sheet.paste(print_, (number % 2 * size, number // 2 * size))
    return sheet


def _lighthouse(colours: Sequence[Colour], draw: random.Random, size: int) -> Image.Image:
    sky, ink, light = colours
    picture = Image.new("RGB", (size, size), sky)
    pen = ImageDraw.Draw(picture)
    x, top, base = draw.uniform(0.3, 0.7) * size, draw.uniform(0.2, 0.32) * size, 0.74 * size
    side = draw.choice((-1, 1))
    far = x + side * size
    pen.polygon([(x, top), (far, top - 0.2 * size), (far, top + 0.16 * size)], fill=light)
    for _ in range(70):  # rain
        a, b, length = draw.random() * size, draw.random() * size, draw.uniform(0.03, 0.09) * size
        pen.line([(a, b), (a - 0.35 * length, b + length)], fill=ink)
    _tower(pen, colours, x, top, base, size)
    for row in range(5):
        _wave(pen, ink if row % 2 else light, base + row * 0.055 * size, draw, size)
    return picture


def _tower(
    pen: ImageDraw.ImageDraw,
    colours: Sequence[Colour],
    x: float,
    top: float,
    base: float,
    size: int,
) -> None:
    sky, ink, light = colours
    stripes = 6
    for n in range(stripes):
        high, low = (top + (base - top) * part / stripes for part in (n, n + 1))
        wide = [0.045 + 0.03 * part / stripes for part in (n, n + 1)]
        corners = [(x - wide[0] * size, high), (x + wide[0] * size, high)]
        corners += [(x + wide[1] * size, low), (x - wide[1] * size, low)]
        pen.polygon(corners, fill=ink if n % 2 == 0 else sky, outline=ink)
    lamp = 0.05 * size
    pen.rectangle([x - lamp, top - lamp, x + lamp, top], fill=light, outline=ink, width=2)
    roof = [(x - 1.3 * lamp, top - lamp), (x, top - 2.2 * lamp), (x + 1.3 * lamp, top - lamp)]
    pen.polygon(roof, fill=ink)


def _wave(
    pen: ImageDraw.ImageDraw, colour: Colour, level: float, draw: random.Random, size: int
) -> None:
    phase, length = draw.uniform(0, 2 * math.pi), draw.uniform(0.11, 0.2) * size
    height = draw.uniform(0.015, 0.03) * size
    crest = [
        (step, level - height * abs(math.sin(phase + math.pi * step / length)))
        for step in range(0, size + 1, 2)
    ]
    pen.polygon([*crest, (size, size), (0, size)], fill=colour)
