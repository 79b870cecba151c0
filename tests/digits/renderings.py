"""The same images drawn in all the ways that notebooks draw them; RGB arrays of bytes."""

import io
from collections.abc import Callable, Iterator
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from PIL import Image
from torchvision.utils import make_grid

Array = Any
Draw = Callable[[Array], Array]


def as_rgb(image: Image.Image) -> Array:
    """On white, where it is transparent."""
    image = image.convert("RGBA")
    page = Image.new("RGBA", image.size, "white")
    return np.asarray(Image.alpha_composite(page, image).convert("RGB"))


def grid_of(images: Array, padding: int = 2, columns: int = 10, value: float = 0.0) -> Array:
    """``make_grid`` as (H, W, 3), 0 to 1."""
    tensor = torch.tensor(images).reshape(-1, 1, *images.shape[-2:])
    grid = make_grid(tensor, nrow=columns, padding=padding, pad_value=value)
    return grid.permute(1, 2, 0).numpy()


def saved(figure: Figure, dpi: float = 100, **options: Any) -> Array:
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=dpi, **options)
    plt.close(figure)
    return as_rgb(Image.open(file))


def shown(
    size: tuple[float, float] = (6.4, 4.8),
    dpi: float = 100,
    style: str = "default",
    axis: bool = True,
    title: str = "",
    tight: bool = True,
    cmap: str | None = None,
    padding: int = 2,
    transparent: bool = False,
    interpolation: str | None = None,
) -> Draw:
    """``plt.imshow(make_grid(...))`` with these settings."""

    def draw(images: Array) -> Array:
        with plt.style.context(style):
            figure, axes = plt.subplots(figsize=size)
            grid = np.clip(grid_of(images, padding), 0, 1)
            shown = grid if cmap is None else grid[..., 0]
            axes.imshow(shown, cmap=cmap, interpolation=interpolation)
            if not axis:
                axes.axis("off")
            if title:
                axes.set_title(title)
            options: dict[str, Any] = {"bbox_inches": "tight"} if tight else {}
            return saved(figure, dpi, transparent=transparent, **options)

    return draw


def plain(padding: int = 2, tile: int = 28, value: float = 0.0, invert: bool = False) -> Draw:
    """``save_image``, perhaps of images of another size."""

    def draw(images: Array) -> Array:
        pages = [Image.fromarray((np.clip(image, 0, 1) * 255).astype(np.uint8)) for image in images]
        tiles = [np.asarray(p.resize((tile, tile), Image.Resampling.BICUBIC)) / 255 for p in pages]
        grid = grid_of(np.stack(tiles).astype(np.float32), padding, value=value)
        return ((1 - grid if invert else grid) * 255).astype(np.uint8)

    return draw


def jpeg(draw: Draw, quality: int) -> Draw:
    def again(images: Array) -> Array:
        file = io.BytesIO()
        Image.fromarray(draw(images)).save(file, "JPEG", quality=quality)
        return as_rgb(Image.open(file))

    return again


def changed(draw: Draw, change: Callable[[Array], Array]) -> Draw:
    """The pixels of a drawing changed: inverted, dimmed, noisy."""
    return lambda images: np.clip(change(draw(images).astype(float)), 0, 255).astype(np.uint8)


def cropped(draw: Draw, pixels: int) -> Draw:
    return lambda images: draw(images)[pixels:-pixels, pixels:-pixels]


def subplots(
    size: tuple[float, float], dpi: float, cmap: str = "gray", axis: bool = False, style: str = ""
) -> Draw:
    def draw(images: Array) -> Array:
        with plt.style.context(style or "default"):
            rows = len(images) // 10
            figure, axes = plt.subplots(rows, 10, figsize=size)
            for place, image in zip(axes.ravel(), images, strict=True):
                place.imshow(image, cmap=cmap)
                if axis:
                    place.set(xticks=[], yticks=[])
                else:
                    place.axis("off")
            return saved(figure, dpi)

    return draw


def all_renderings() -> Iterator[tuple[str, Draw]]:
    for dpi in (60, 72, 100, 150, 200, 300):
        yield f"figure-{dpi}-dpi", shown(dpi=dpi)
    for size in ((4, 4), (8, 8), (10, 10), (12, 5), (5, 9)):
        yield f"figure-{size[0]}x{size[1]}", shown(size)
    for style in ("seaborn-v0_8", "dark_background", "ggplot", "seaborn-v0_8-whitegrid"):
        yield f"style-{style}", shown(style=style)
    for cmap in ("viridis", "gray", "gray_r", "plasma", "hot", "Blues", "jet"):
        yield f"colours-{cmap}", shown(cmap=cmap)
    for padding in (0, 1, 4, 8):
        yield f"figure-padding-{padding}", shown((8, 8), padding=padding)
        yield f"plain-padding-{padding}", plain(padding)
    for tile in (24, 32, 48, 64):
        yield f"tile-{tile}", plain(tile=tile)
    yield "no-axes", shown(axis=False)
    yield "no-axes-gray_r", shown((8, 8), axis=False, cmap="gray_r")
    yield "dark-no-axes", shown(style="dark_background", axis=False)
    yield "title", shown(title="100 samples, epoch 20 (sample, cosine)")
    yield "wide-margin", shown(tight=False)
    yield "transparent", shown(transparent=True)
    yield "nearest", shown((8, 8), interpolation="nearest")
    yield "white-lines", plain(value=1.0)
    yield "gray-lines", plain(value=0.5)
    yield "inverted", plain(invert=True)
    yield "jpeg-90", jpeg(shown(), 90)
    yield "jpeg-60", jpeg(plain(), 60)
    yield "dim", changed(plain(), lambda p: p * 0.25)
    yield "dim-figure-part", changed(shown(), lambda p: 40 + p * 0.6)
    yield "noisy", changed(plain(), lambda p: p + np.random.default_rng(0).normal(0, 12, p.shape))
    yield "cropped", cropped(plain(), 2)
    yield "subplots", subplots((8, 8), 100)
    yield "subplots-framed", subplots((10, 10), 72, axis=True)
    yield "subplots-viridis", subplots((8, 8), 100, "viridis")
    yield "subplots-inverted", subplots((8, 8), 100, "gray_r", axis=True)
    yield "subplots-dark", subplots((8, 8), 100, style="dark_background")
