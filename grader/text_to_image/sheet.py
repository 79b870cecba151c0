"""The contact sheet: the own pictures of notebook 2-2 with prompt and settings, for people."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import matplotlib as mpl
from PIL import Image, ImageDraw, ImageFont

from grader.sandbox.text import one_line
from grader.text_to_image.asked import Asked
from grader.text_to_image.works import Works

WIDTH, MARGIN, PICTURE, MOST = 1080, 24, 504, 8
INK, PAPER, GRAY = "#1b1b1b", "#ffffff", "#666666"
HANGUL = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/nanum/NanumGothic.ttf",
    "/usr/share/fonts/truetype/unfonts-core/UnDotum.ttf",
)
"""Where distributions put a font with Korean letters."""


def draw_sheet(works: Works) -> Image.Image:
    """Text above, pictures two abreast below it."""
    lines = [line for asked in works.own[:MOST] for line in lines_of(asked)]
    shots = works.shots[:MOST]
    rows = -(-len(shots) // 2)
    height = 2 * MARGIN + sum(34 if big else 28 for _, big in lines) + rows * (PICTURE + MARGIN)
    page = Image.new("RGB", (WIDTH, height + MARGIN), PAPER)
    pen, y = ImageDraw.Draw(page), MARGIN
    for text, big in lines:
        pen.text((MARGIN, y), text, fill=INK if big else GRAY, font=font(text, 22 if big else 17))
        y += 34 if big else 28
    for number, shot in enumerate(shots):
        picture = Image.fromarray(shot.pixels)
        picture.thumbnail((PICTURE, PICTURE))
        x = MARGIN + number % 2 * (PICTURE + MARGIN)
        page.paste(picture, (x, y + MARGIN + number // 2 * (PICTURE + MARGIN)))
    return page


def lines_of(asked: Asked) -> Iterable[tuple[str, bool]]:
    """Lines of text, and whether they are large."""
    prompt = asked.prompt if isinstance(asked.prompt, str) else "(made while the notebook runs)"
    words, line = one_line(prompt).split(" "), ""
    for word in words:
        if line and len(line) + len(word) > 84:
            yield line, True
            line = ""
        line = f"{line} {word[:84]}".strip()
    yield line, True
    yield (
        f"guidance {shown(asked.guidance)}   steps {shown(asked.steps)}   seed {shown(asked.seed)}",
        False,
    )


def shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else "?"


def font(text: str, size: int) -> ImageFont.FreeTypeFont:
    """One that has these letters, if this machine has any; else boxes stand for them."""
    if not text.isascii():
        for path in HANGUL:
            if Path(path).is_file():
                return ImageFont.truetype(path, size)
    return ImageFont.truetype(str(Path(mpl.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"), size)
