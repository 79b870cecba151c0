"""Pictures that no words asked for, and honest ones that come near to them."""

import base64
import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter
from sklearn.datasets import load_sample_images

from grader.arrays import Array
from grader.text_to_image.shots import Look, odd_look
from tests.habits.draft import TEXT_TO_IMAGE, Draft

PHOTOS = load_sample_images().images


def page(picture: Image.Image) -> Array:
    return np.asarray(picture.convert("RGB"))


def shapes(background: tuple[int, int, int], *fills: tuple[int, int, int]) -> Image.Image:
    """An abstract picture: a few discs and lines on one colour."""
    picture = Image.new("RGB", (512, 512), background)
    pen = ImageDraw.Draw(picture)
    for number, fill in enumerate(fills):
        start = 60 + 90 * number
        pen.ellipse((start, start, start + 80 + 20 * number, start + 70), fill=fill)
        pen.line((30, start, 480, start + 40), fill=fill, width=3)
    return picture


@pytest.mark.parametrize("seed", range(12))
def test_parts_of_photographs_are_fine(seed: int) -> None:
    random = np.random.default_rng(seed)
    photo = PHOTOS[seed % 2]
    side = int(random.integers(150, 400))
    top, left = (int(random.integers(0, most - side)) for most in photo.shape[:2])
    part = Image.fromarray(photo[top : top + side, left : left + side]).resize((512, 512))
    for made in (part, part.convert("L"), Image.fromarray(page(part) // 8)):
        assert odd_look(page(made)) is Look.FINE


@pytest.mark.parametrize(
    "picture",
    [
        shapes((30, 60, 120), (250, 200, 0)),
        shapes((8, 8, 12), (40, 40, 60)),
        shapes((255, 255, 255), (0, 0, 0), (90, 90, 90), (0, 0, 0)),
        shapes((0, 0, 0), (255, 255, 255), (200, 200, 200)),
        shapes((200, 30, 30), (210, 40, 40)).filter(ImageFilter.GaussianBlur(4)),
    ],
)
def test_abstract_and_dark_pictures_are_fine(picture: Image.Image) -> None:
    assert odd_look(page(picture)) is Look.FINE


def test_the_pictures_of_a_model_without_training_are_fine() -> None:
    for cell in Draft().notebook(TEXT_TO_IMAGE).cells:
        for output in cell.get("outputs", []):
            if content := output.get("data", {}).get("image/png"):
                shown = Image.open(io.BytesIO(base64.b64decode(content)))
                assert odd_look(page(shown)) is Look.FINE
