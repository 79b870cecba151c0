"""The picture that shows a person why: every tile framed by how well it can be read."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from grader.arrays import Array
from grader.digits.clarity import Clarity, may_go_either_way
from grader.digits.readings import TileReading

Colour: TypeAlias = tuple[int, int, int]

PAPER, TEXT, FAINT = (250, 250, 248), (34, 34, 34), (120, 120, 120)
GREEN, AMBER, RED = (0, 158, 115), (230, 159, 0), (213, 47, 37)  # told apart by colour-blind eyes
TILE, FRAME, GAP, READING, MARGIN = 60, 4, 10, 20, 28
HEADER, LEGEND = 104, 56
NARROWEST = 640  # of the whole picture: room for the legend
LEGENDS = (
    (GREEN, True, "clear"),
    (AMBER, True, "counted, a person may not"),
    (AMBER, False, "not counted, a person may"),
    (RED, False, "not this digit"),
)


def draw_overlay(clarity: Clarity) -> Image.Image:
    """The tiles that count, enlarged, in their rows and columns; RGB."""
    rows, columns = clarity.grid.shape
    width, height, corner = layout(rows, columns)
    page = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(page)
    title = f"{clarity.clear} of {clarity.total} digits are clear"
    draw.text((MARGIN, 18), title, TEXT, font(24))
    draw.text((MARGIN, 46), shortened(str(clarity.where)), FAINT, font(13))
    if clarity.either_way:
        text = f"with {clarity.either_way} of them, in amber, a person may go either way"
        draw.text((MARGIN, 64), text, FAINT, font(13))
    if all(reading.label == reading.column for reading in clarity.readings):
        for column in range(columns):
            centre = corner(0, column)[0] + TILE // 2
            draw.text((centre, HEADER - 4), str(column), FAINT, font(14), "md")
    for reading in clarity.readings:
        place = corner(reading.row, reading.column)
        draw_tile(page, clarity.grid.tiles[reading.row, reading.column], reading, place)
    draw_legend(draw, (MARGIN, height - LEGEND + 14))
    return page


def layout(rows: int, columns: int) -> tuple[int, int, Callable[[int, int], tuple[int, int]]]:
    """Width and height of the whole picture, and where the tile of a row and column begins."""
    width = max(2 * MARGIN + columns * pitch()[0] - GAP, NARROWEST)
    left = (width - columns * pitch()[0] + GAP) // 2

    def corner(row: int, column: int) -> tuple[int, int]:
        return left + column * pitch()[0], HEADER + row * pitch()[1]

    return width, HEADER + rows * pitch()[1] + LEGEND, corner


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own; before 10.1 there is one size of it."""
    try:
        return ImageFont.load_default(size)
    except TypeError:
        return ImageFont.load_default()


def pitch() -> tuple[int, int]:
    """From one tile to the next, to the right and down."""
    return TILE + GAP, TILE + READING + GAP


def shortened(text: str) -> str:
    """A file's name may be as long as it likes."""
    return text if len(text) <= 70 else f"{text[:30]} ... {text[-35:]}"


def colour_of(reading: TileReading) -> Colour:
    if may_go_either_way(reading):
        return AMBER
    return GREEN if reading.clear else RED


def draw_tile(page: Image.Image, ink: Array, reading: TileReading, corner: tuple[int, int]) -> None:
    """The tile in its frame, and beneath it a mark, the digit that it is read as, how surely."""
    draw = ImageDraw.Draw(page)
    colour, (x, y) = colour_of(reading), corner
    draw.rectangle((x, y, x + TILE - 1, y + TILE - 1), fill=colour)
    pixels = np.rint(np.clip(ink, 0, 1) * 255).astype(np.uint8)
    inner = TILE - 2 * FRAME
    tile = Image.fromarray(pixels, mode="L").resize((inner, inner), Image.Resampling.BICUBIC)
    page.paste(tile, (x + FRAME, y + FRAME))
    draw_mark(draw, (x + 8, y + TILE + READING // 2 + 1), colour, reading.clear)
    place = (x + 18, y + TILE + READING // 2 + 1)
    text = f"{reading.predicted}  {min(99, round(100 * reading.confidence))} %"
    draw.text(place, text, TEXT, font(12), "lm")


def draw_mark(
    draw: ImageDraw.ImageDraw, centre: tuple[int, int], colour: Colour, clear: bool
) -> None:
    """A dot, a ring or a cross, for eyes that do not see the colours."""
    x, y = centre
    if colour == RED:
        draw.line((x - 4, y - 4, x + 4, y + 4), colour, 2)
        draw.line((x - 4, y + 4, x + 4, y - 4), colour, 2)
    else:
        fill = colour if clear else None
        draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=fill, outline=colour, width=2)


def draw_legend(draw: ImageDraw.ImageDraw, corner: tuple[int, int]) -> None:
    small = font(13)
    x, y = corner
    for colour, clear, text in LEGENDS:
        draw_mark(draw, (x + 5, y + 8), colour, clear)
        draw.text((x + 16, y + 8), text, TEXT, small, "lm")
        x += 16 + int(draw.textlength(text, small)) + 24
