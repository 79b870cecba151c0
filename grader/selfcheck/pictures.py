"""What a student looks at rather than reads: digits as they were counted, curves as they are."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from grader.digits.overlay import draw_overlay, font
from grader.results import Graded

FOLDER, DIGITS, CURVES = "selfcheck", "digits.png", "schedules.png"
WIDE, HIGH, MARGIN = 420, 240, 46
PAPER, TEXT, OWN, EXPECTED = (250, 250, 248), (34, 34, 34), (213, 47, 37), (0, 114, 178)


def write_pictures(graded: Graded, folder: Path) -> list[Path]:
    """Into ``folder``/selfcheck; the files that there are something to show in. What an earlier
    check left is removed where there is nothing any more."""
    shown: dict[str, Image.Image] = {}
    if graded.seen.clarity is not None:
        shown[DIGITS] = draw_overlay(graded.seen.clarity)
    curves = {
        check.id: check.details["curve"]
        for item in graded.result.items
        for check in item.checks
        if "curve" in check.details
    }
    if curves:
        shown[CURVES] = draw_curves(curves)
    target = folder / FOLDER
    for name in {DIGITS, CURVES} - shown.keys():
        with suppress(FileNotFoundError, NotADirectoryError):
            (target / name).unlink()
    for name, picture in shown.items():
        target.mkdir(exist_ok=True)
        picture.save(target / name)
    return [target / name for name in shown]


def draw_curves(curves: dict[str, Any]) -> Image.Image:
    """One beside the other: the student's betas in red, the expected ones in blue."""
    page = Image.new("RGB", (WIDE * len(curves), HIGH), PAPER)
    draw = ImageDraw.Draw(page)
    for number, (name, curve) in enumerate(curves.items()):
        draw_curve(draw, number * WIDE, name, curve)
    return page


def draw_curve(draw: ImageDraw.ImageDraw, left: int, name: str, curve: dict[str, Any]) -> None:
    T, top = curve["T"], max(1e-12, 1.15 * max(curve["expected"]))
    small = font(12)
    draw.text((left + MARGIN, 8), f"{name}, T = {T}", TEXT, font(15))
    draw.text((left + MARGIN, 27), "expected", EXPECTED, small)
    draw.text((left + MARGIN + 70, 27), "yours", OWN, small)
    box = (left + MARGIN, MARGIN, left + WIDE - 16, HIGH - 26)
    draw.rectangle(box, outline=(200, 200, 200))
    draw.text((box[0] - 4, box[1]), f"{top:.2g}", TEXT, small, "ra")
    draw.text((box[0] - 4, box[3]), "0", TEXT, small, "rd")
    draw.text((box[2], box[3] + 4), f"t = {T}", TEXT, small, "ra")
    for values, colour, width in ((curve["expected"], EXPECTED, 5), (curve["got"], OWN, 2)):
        points = [
            (
                box[0] + (box[2] - box[0]) * (t - 1) / max(T - 1, 1),
                box[3] - (box[3] - box[1]) * min(max(value / top, 0.0), 1.0),
            )
            for t, value in zip(curve["t"], values, strict=True)
        ]
        draw.line(points, colour, width, joint="curve")
