"""Pictures that the student's own network never drew."""

import io

import numpy as np
import torch
from nbformat.v4 import new_code_cell, new_output
from PIL import Image

from tests.digits.renderings import Array, plain, shown
from tests.habits.cases.words import own
from tests.habits.draft import TEXT_TO_IMAGE, Draft
from tests.habits.pictures import encoded, output, png, show
from tests.redteam.real import (
    blurred,
    in_noise,
    pasted,
    put_animation,
    put_picture,
    put_settings,
    scaled,
    shifted,
    turned,
)
from tests.redteam.table import attack

COPIED = {"image_quality": "needs_review"}
FOUR = {
    f"setting_{p}_{s}": "needs_review" for p in ("epsilon", "sample") for s in ("linear", "cosine")
}
WORDS = {"text_to_image": "needs_review"}


def paste(draft: Draft, tiles: Array) -> None:
    show(draft, png(tiles))


# Real digits as the hundred samples


@attack("a hundred training digits as samples", "points", flag="digits_copied", **COPIED)
def raw(draft: Draft) -> None:
    paste(draft, pasted())


@attack(
    "other training digits, in the pixels of save_image", "points", flag="digits_copied", **COPIED
)
def raw_plain(draft: Draft) -> None:
    show(draft, png(pasted(20), plain()))


@attack("training digits, black on white", "points", flag="digits_copied", **COPIED)
def inverted(draft: Draft) -> None:
    show(draft, output(encoded(255 - plain()(pasted(10)))))


@attack("training digits in faint noise", "points", flag="digits_copied", **COPIED)
def faint_noise(draft: Draft) -> None:
    paste(draft, in_noise(pasted(), 0.1))


@attack("training digits in noise", "points", flag="digits_copied", **COPIED)
def more_noise(draft: Draft) -> None:
    show(draft, png(in_noise(pasted(), 0.2), shown(dpi=100)))


@attack("training digits moved by up to two pixels", "points", flag="digits_copied", **COPIED)
def moved(draft: Draft) -> None:
    paste(draft, shifted(pasted(), 2))


@attack("training digits moved by up to three pixels", "points", flag="digits_copied", **COPIED)
def moved_far(draft: Draft) -> None:
    show(draft, png(shifted(pasted(10), 3), shown(dpi=100)))


@attack("training digits turned by up to ten degrees", "points", flag="digits_copied", **COPIED)
def turned_a_little(draft: Draft) -> None:
    paste(draft, turned(pasted(), 10))


@attack("training digits made larger or smaller", "points", flag="digits_copied", **COPIED)
def made_larger(draft: Draft) -> None:
    paste(draft, scaled(pasted(), 0.1))


@attack("training digits blurred", "points", flag="digits_copied", **COPIED)
def made_soft(draft: Draft) -> None:
    paste(draft, blurred(pasted(), 0.6))


@attack("training digits moved, in noise", "points", flag="digits_copied", **COPIED)
def moved_in_noise(draft: Draft) -> None:
    paste(draft, in_noise(shifted(pasted(), 2), 0.1))


@attack("training digits turned and moved", "points", flag="digits_copied", **COPIED)
def turned_and_moved(draft: Draft) -> None:
    show(draft, png(shifted(turned(pasted(), 8), 2), plain()))


# Real digits in the folders of the settings


@attack(
    "training digits moved by two pixels in all settings", "points", flag="digits_copied", **FOUR
)
def settings_moved(draft: Draft) -> None:
    put_settings(draft, lambda tiles: shifted(tiles, 2))


@attack("training digits in noise in all settings", "points", flag="digits_copied", **FOUR)
def settings_in_noise(draft: Draft) -> None:
    put_settings(draft, lambda tiles: in_noise(tiles, 0.1))


@attack("training digits turned in all settings", "points", flag="digits_copied", **FOUR)
def settings_turned(draft: Draft) -> None:
    put_settings(draft, lambda tiles: turned(tiles, 8))


@attack(
    "training digits in the picture of one setting",
    "points",
    flag="digits_copied",
    setting_sample_cosine="needs_review",
)
def one_picture(draft: Draft) -> None:
    put_picture(draft, shifted(pasted(5, 4), 2), "sample_cosine")


@attack(
    "training digits in the animation of one setting",
    "points",
    flag="digits_copied",
    setting_epsilon_linear="needs_review",
)
def one_animation(draft: Draft) -> None:
    put_animation(draft, shifted(pasted(7, 4), 2), "epsilon_linear")


# Notebook 2-2


def picture(draft: Draft, pixels: Array | Image.Image) -> None:
    own(
        draft,
        "pipe('a red fox', num_inference_steps=30).images[0]",
        output(encoded(pixels)),
        picture=False,
    )


def random_pixels(block: int) -> Image.Image:
    side = 512 // block
    pixels = np.random.default_rng(3).integers(0, 256, (side, side, 3), dtype=np.uint8)
    return Image.fromarray(pixels).resize((512, 512), Image.Resampling.NEAREST)


@attack("noise as the picture of 2-2", "points", flag="odd_pictures", **WORDS)
def noise_of_words(draft: Draft) -> None:
    picture(draft, random_pixels(1))


@attack("noise in blocks as the picture of 2-2", "points", flag="odd_pictures", **WORDS)
def coarse_noise(draft: Draft) -> None:
    picture(draft, random_pixels(4))


@attack("noise as a JPEG in 2-2", "points", flag="odd_pictures", **WORDS)
def noise_as_jpeg(draft: Draft) -> None:
    jpeg = output(encoded(random_pixels(1), "JPEG"), "image/jpeg")
    own(draft, "pipe('a red fox', num_inference_steps=30).images[0]", jpeg, picture=False)


@attack("a gradient as the picture of 2-2", "points", flag="odd_pictures", **WORDS)
def gradient(draft: Draft) -> None:
    along = np.linspace(0, 255, 512)
    across = np.broadcast_to(along, (512, 512))
    picture(draft, np.stack([across, across.T, 255 - across], axis=2).astype(np.uint8))


@attack("a gradient from the middle as the picture of 2-2", "points", flag="odd_pictures", **WORDS)
def round_gradient(draft: Draft) -> None:
    places = np.linspace(-1, 1, 512)
    away = np.hypot(places[:, None], places)
    picture(draft, np.repeat(np.uint8(255 * (1 - away / 1.5))[..., None], 3, axis=2))


@attack("a black picture in 2-2", "points", flag="safety_checker_black", **WORDS)
def black(draft: Draft) -> None:
    picture(draft, Image.new("RGB", (512, 512)))


@attack("one enlarged digit as the picture of 2-2", "points", flag="odd_pictures", **WORDS)
def digit(draft: Draft) -> None:
    picture(draft, Image.fromarray(np.uint8(255 * pasted()[3])).resize((512, 512)))


@attack("four enlarged digits as the pictures of 2-2", "points", flag="odd_pictures", **WORDS)
def four_digits(draft: Draft) -> None:
    both = np.block([[pasted()[2], pasted()[4]], [pasted()[6], pasted()[8]]])
    picture(draft, Image.fromarray(np.uint8(255 * both)).resize((560, 560)))


@attack("the hundred digits as the picture of 2-2", "points", flag="odd_pictures", **WORDS)
def hundred_digits(draft: Draft) -> None:
    picture(draft, Image.fromarray(plain()(pasted())).resize((604, 604), Image.Resampling.NEAREST))


# Calls that never run


NEVER = (
    "if False:\n    {}",
    "while 0:\n    {}",
    "RUN = False\nif RUN:\n    images = {}",
    "False and {}",
    "images = {} if None else [image]",
    "if True:\n    pass\nelse:\n    {}",
    "if 1 == 2:\n    {}",
)


def never(number: int) -> None:
    """An attack whose call stands in code of this form."""

    def change(draft: Draft) -> None:
        call = "pipe('a red fox', num_inference_steps=30).images"
        own(draft, NEVER[number].format(call))

    change.__name__ = f"never_{number}"
    title = f"a call of 2-2 that never runs: {NEVER[number].splitlines()[0]}"
    attack(title, "points", flag="prompt_not_run", **WORDS)(change)


for number in range(len(NEVER)):
    never(number)


@attack("a picture pasted as a stream of words about the safety checker", "points", **WORDS)
def pasted_words(draft: Draft) -> None:
    """Its words alone are no picture, and the picture that is there is noise."""
    said = new_output("stream", name="stderr", text="Potential NSFW content was detected")
    notebook = draft.notebook(TEXT_TO_IMAGE)
    below = [said, output(encoded(random_pixels(2)))]
    source = "pipe('a red fox', num_inference_steps=30).images[0]"
    notebook.cells = [*notebook.cells[:9], new_code_cell(source, outputs=below)]
    draft.put(notebook, TEXT_TO_IMAGE)


# One network for two settings


def copy_network(draft: Draft, one: str, other: str, deviation: float) -> None:
    """The network of ``one``, each weight with so much noise, under the schedule of ``other``."""
    torch.manual_seed(0)
    states = [
        torch.load(io.BytesIO(draft.files[f"results_{name}/model_final.pth"]), weights_only=True)
        for name in (one, other)
    ]
    copied = {
        name: value + deviation * value.std() * torch.randn_like(value)
        for name, value in states[0].items()
        if name.startswith("nn_model") and value.is_floating_point() and value.numel() > 1
    }
    packed = io.BytesIO()
    torch.save(states[1] | copied, packed)
    draft.files[f"results_{other}/model_final.pth"] = packed.getvalue()


@attack(
    "a checkpoint with a tenth of noise for another setting",
    "points",
    flag="settings_alike",
    checkpoints=True,
    setting_epsilon_linear="needs_review",
    setting_epsilon_cosine="needs_review",
)
def noisy_network(draft: Draft) -> None:
    copy_network(draft, "epsilon_linear", "epsilon_cosine", 0.1)


@attack(
    "a checkpoint with hardly any noise for another setting",
    "points",
    flag="settings_alike",
    checkpoints=True,
    setting_sample_linear="needs_review",
    setting_sample_cosine="needs_review",
)
def hardly_noisy_network(draft: Draft) -> None:
    copy_network(draft, "sample_linear", "sample_cosine", 0.02)
