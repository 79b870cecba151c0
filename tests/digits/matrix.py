"""Hundreds of ways in which people draw the same hundred samples; RGB arrays of bytes.

A way is judged by its kind and not by its numbers: every size, resolution and decoration here is
drawn from a range that students use.
"""

import io
from collections.abc import Callable, Iterator, Mapping
from itertools import cycle
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from mpl_toolkits.axes_grid1 import ImageGrid
from PIL import Image

from tests.digits.renderings import Array, Draw, as_rgb, grid_of, saved

SIZES = ((4, 4), (6.4, 4.8), (6, 6), (8, 8), (10, 10), (12, 5), (15, 15), (20, 10), (10, 4), (5, 9))
DPIS = (60, 72, 100, 150, 200)


def off(figure: Any, places: Array) -> None:
    for place in places.ravel():
        place.axis("off")


def framed(figure: Any, places: Array) -> None:
    for place in places.ravel():
        place.set(xticks=[], yticks=[])


def ticks(figure: Any, places: Array) -> None:
    """As matplotlib draws axes by itself."""


def titles(figure: Any, places: Array) -> None:
    off(figure, places)
    for number, place in enumerate(places.ravel()):
        place.set_title(str(number % 10), fontsize=8)


def tight(figure: Any, places: Array) -> None:
    off(figure, places)
    figure.tight_layout()


def tight_ticks(figure: Any, places: Array) -> None:
    figure.tight_layout()


def tight_titles(figure: Any, places: Array) -> None:
    titles(figure, places)
    figure.tight_layout()


def near(figure: Any, places: Array) -> None:
    off(figure, places)
    figure.subplots_adjust(wspace=0.05, hspace=0.05)


def touching(figure: Any, places: Array) -> None:
    off(figure, places)
    figure.subplots_adjust(wspace=0, hspace=0)


def filling(figure: Any, places: Array) -> None:
    off(figure, places)
    figure.subplots_adjust(0, 0, 1, 1, 0.1, 0.1)


def headed(figure: Any, places: Array) -> None:
    off(figure, places)
    figure.suptitle("Generated samples (epsilon, linear)")


def columns_headed(figure: Any, places: Array) -> None:
    framed(figure, places)
    for number, place in enumerate(places[0]):
        place.set_title(f"{number}")
    for number, place in enumerate(places[:, 0]):
        place.set_ylabel(f"{number}")


def framed_near(figure: Any, places: Array) -> None:
    framed(figure, places)
    figure.subplots_adjust(wspace=0.02, hspace=0.02)


DECORATIONS: Mapping[str, Callable[[Any, Array], None]] = {
    f.__name__: f
    for f in (
        *(off, framed, ticks, titles, tight, tight_ticks, tight_titles, near, touching, filling),
        *(headed, columns_headed, framed_near),
    )
}


def subplots(
    size: tuple[float, float],
    dpi: float,
    decoration: str,
    columns: int = 10,
    style: str = "default",
    cmap: str = "gray",
    aspect: str = "equal",
    crop: bool = True,
) -> Draw:
    """``plt.subplots(rows, columns)``, one tile in each; as notebooks show it, cropped."""

    def draw(images: Array) -> Array:
        with plt.style.context(style):
            figure, places = plt.subplots(len(images) // columns, columns, figsize=size)
            for place, image in zip(places.ravel(), images, strict=True):
                place.imshow(image, cmap=cmap, aspect=aspect)
            DECORATIONS[decoration](figure, places)
            options: dict[str, Any] = {"bbox_inches": "tight"} if crop else {}
            return saved(figure, dpi, **options)

    return draw


def image_grid(pad: float, dpi: float = 100) -> Draw:
    """``mpl_toolkits``' grid of axes, which share their frames."""

    def draw(images: Array) -> Array:
        figure = plt.figure(figsize=(8, 8))
        for place, image in zip(
            ImageGrid(figure, 111, nrows_ncols=(10, 10), axes_pad=pad), images, strict=True
        ):
            place.imshow(image, cmap="gray")
            place.axis("off")
        return saved(figure, dpi, bbox_inches="tight")

    return draw


def figure(
    size: tuple[float, float] = (6.4, 4.8),
    dpi: float = 100,
    style: str = "default",
    columns: int = 10,
    padding: int = 2,
    value: float = 0.0,
    background: float = 0.0,
    cmap: str | None = None,
    axis: bool = True,
    crop: bool = True,
    colorbar: bool = False,
    title: str = "",
    contrast: float = 1.0,
    noise: float = 0.0,
    **options: Any,
) -> Draw:
    """``plt.imshow(make_grid(...))``; ``background``: of the tiles, as ``normalize=True`` lifts it
    where samples are not clipped; padding keeps its ``value``."""

    def draw(images: Array) -> Array:
        rng = np.random.default_rng(7)
        lifted = background + images * (1 - background) * contrast
        lifted = lifted + rng.normal(0, noise, lifted.shape) if noise else lifted
        grid = grid_of(np.clip(lifted, 0, 1).astype(np.float32), padding, columns, value)
        with plt.style.context(style):
            page, axes = plt.subplots(figsize=size)
            limits = {} if cmap is None else {"vmin": 0, "vmax": 1}
            shown = axes.imshow(grid if cmap is None else grid[..., 0], cmap, **limits, **options)
            if not axis:
                axes.axis("off")
            if title:
                axes.set_title(title)
            if colorbar:
                page.colorbar(shown)
            return saved(page, dpi, **({"bbox_inches": "tight"} if crop else {}))

    return draw


def saved_image(
    padding: int = 2,
    value: float = 0.0,
    background: float = 0.0,
    columns: int = 10,
    scale: float = 1.0,
    contrast: float = 1.0,
    noise: float = 0.0,
    invert: bool = False,
) -> Draw:
    """``save_image(...)``, perhaps enlarged or made smaller afterwards."""

    def draw(images: Array) -> Array:
        rng = np.random.default_rng(8)
        lifted = background + images * (1 - background) * contrast
        lifted = lifted + rng.normal(0, noise, lifted.shape) if noise else lifted
        grid = grid_of(np.clip(lifted, 0, 1).astype(np.float32), padding, columns, value)
        pixels = ((1 - grid if invert else grid) * 255 + 0.5).astype(np.uint8)
        page = Image.fromarray(pixels)
        size = round(page.width * scale), round(page.height * scale)
        return np.asarray(page.resize(size, Image.Resampling.BILINEAR) if scale != 1 else page)

    return draw


def packed(draw: Draw, form: str, **options: Any) -> Draw:
    """Written to a file of this form and read again."""

    def again(images: Array) -> Array:
        file = io.BytesIO()
        page = Image.fromarray(draw(images))
        if form == "GIF" and "colors" in options:
            page = page.quantize(options["colors"])
        page.save(file, form, **{k: v for k, v in options.items() if k != "colors"})
        return as_rgb(Image.open(file))

    return again


def matrix() -> Iterator[tuple[str, Draw]]:
    """Every way by its name."""
    yield from of_subplots()
    yield from of_figures()
    yield from of_files()
    yield from of_forms()


def of_subplots() -> Iterator[tuple[str, Draw]]:
    dpis = cycle(DPIS)
    for decoration in DECORATIONS:
        for size in SIZES:
            dpi = next(dpis)
            yield f"subplots {size} {dpi} {decoration}", subplots(size, dpi, decoration)
        next(dpis)
    for decoration in ("off", "ticks", "tight"):
        for dpi in DPIS:
            size = (10, 10)
            yield (
                f"subplots {size} {dpi} {decoration} whole",
                subplots(size, dpi, decoration, crop=False),
            )
    for columns, size in ((20, (20, 5)), (20, (12, 4)), (5, (5, 20)), (5, (4, 12))):
        for decoration in ("off", "framed", "ticks", "tight", "near"):
            dpi = next(dpis)
            yield (
                f"subplots {size} {dpi} {decoration} {columns} columns",
                subplots(size, dpi, decoration, columns),
            )
    for cmap in ("gray_r", "binary", "viridis", "plasma", "Blues"):
        for decoration in ("off", "framed", "tight", "ticks"):
            dpi = next(dpis)
            yield (
                f"subplots {cmap} {dpi} {decoration}",
                subplots((10, 10), dpi, decoration, cmap=cmap),
            )
    for style in ("dark_background", "seaborn-v0_8", "ggplot", "seaborn-v0_8-darkgrid"):
        for decoration in ("off", "framed", "tight_titles", "ticks"):
            dpi = next(dpis)
            yield (
                f"subplots {style} {dpi} {decoration}",
                subplots((10, 10), dpi, decoration, style=style),
            )
    yield "subplots aspect auto", subplots((12, 8), 100, "off", aspect="auto")
    yield "subplots aspect auto near", subplots((8, 8), 72, "near", aspect="auto")
    for pad in (0.0, 0.02, 0.1):
        yield f"ImageGrid {pad}", image_grid(pad)


def of_figures() -> Iterator[tuple[str, Draw]]:
    dpis = cycle(DPIS)
    for size in SIZES:
        for axis in (True, False):
            dpi = next(dpis)
            yield f"figure {size} {dpi} axis {axis}", figure(size, dpi, axis=axis)
    for padding in (0, 1, 2, 4, 8):
        for value in (0.0, 0.5, 1.0):
            for background in (0.0, 0.15, 0.25, 0.4):
                dpi = next(dpis)
                yield (
                    f"figure padding {padding} {value} on {background} {dpi}",
                    figure(dpi=dpi, padding=padding, value=value, background=background),
                )
    for style in (
        *("seaborn-v0_8", "seaborn-v0_8-darkgrid", "seaborn-v0_8-whitegrid", "seaborn-v0_8-poster"),
        *("dark_background", "ggplot", "bmh", "fivethirtyeight", "Solarize_Light2", "grayscale"),
    ):
        for axis in (True, False):
            dpi = next(dpis)
            yield f"figure {style} {dpi} axis {axis}", figure(dpi=dpi, style=style, axis=axis)
    for cmap in (
        *("viridis", "plasma", "gray", "gray_r", "binary", "hot", "Blues", "jet", "magma", "bone"),
        *("cividis", "inferno", "Greys", "Greys_r", "coolwarm", "turbo", "afmhot", "PuBu"),
    ):
        dpi = next(dpis)
        yield f"figure {cmap} {dpi}", figure(dpi=dpi, cmap=cmap)
    for columns, size in ((20, (12, 4)), (20, (6.4, 4.8)), (5, (4, 12)), (5, (6.4, 4.8))):
        for dpi in (72, 100, 150):
            yield f"figure {columns} columns {size} {dpi}", figure(size, dpi, columns=columns)
    for background, noise in ((0.0, 0.04), (0.15, 0.04), (0.3, 0.06), (0.4, 0.1)):
        for dpi in (72, 100):
            yield (
                f"figure noisy {noise} on {background} {dpi}",
                figure(dpi=dpi, background=background, noise=noise),
            )
    for contrast in (0.5, 0.25, 0.12):
        yield f"figure dim {contrast}", figure(contrast=contrast)
    yield "figure retina", figure(dpi=200)
    yield "figure retina large", figure((10, 10), dpi=200)
    yield "figure whole", figure(crop=False)
    yield "figure colour bar", figure(cmap="gray", colorbar=True)
    yield "figure colour bar viridis", figure(cmap="viridis", colorbar=True)
    yield "figure title", figure(title="samples, epoch 20")
    yield "figure nearest", figure((8, 8), interpolation="nearest")
    yield "figure bicubic", figure((8, 8), interpolation="bicubic")
    yield "figure aspect auto", figure((8, 6), aspect="auto")


def of_files() -> Iterator[tuple[str, Draw]]:
    for padding in (0, 1, 2, 5):
        for value in (0.0, 0.3, 0.5, 1.0):
            for background in (0.0, 0.2, 0.35):
                yield (
                    f"file padding {padding} {value} on {background}",
                    saved_image(padding, value, background),
                )
    for scale in (0.6, 0.8, 1.5, 2.0, 3.3):
        yield f"file scaled {scale}", saved_image(scale=scale)
    for columns in (5, 20):
        for padding in (0, 2):
            yield f"file {columns} columns padding {padding}", saved_image(padding, columns=columns)
    for contrast in (0.5, 0.25, 0.12):
        yield f"file dim {contrast}", saved_image(contrast=contrast)
    for background, noise in ((0.0, 0.05), (0.2, 0.05), (0.4, 0.1)):
        yield f"file noisy {noise} on {background}", saved_image(background=background, noise=noise)
    yield "file inverted", saved_image(invert=True)
    yield "file inverted without padding", saved_image(0, invert=True)


def of_forms() -> Iterator[tuple[str, Draw]]:
    drawn = {
        "figure": figure(),
        "file": saved_image(),
        "subplots": subplots((8, 8), 100, "off"),
        "gray figure": figure(background=0.2),
        "white lines": saved_image(value=1.0),
    }
    for name, draw in drawn.items():
        for quality in (90, 60, 30):
            yield f"{name} JPEG {quality}", packed(draw, "JPEG", quality=quality)
        yield f"{name} WebP", packed(draw, "WEBP", quality=60)
        yield f"{name} GIF", packed(draw, "GIF")
        yield f"{name} GIF 16", packed(draw, "GIF", colors=16)
