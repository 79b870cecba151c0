"""Images that nobody reads as a digit at a glance: two digits in one, torn, scrambled, noise."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw

from grader.digits.training.clear import Tensor, bent, moved, sometimes, thickened, uniform

SMALL = 0.55  # of the ink: what a digit keeps at most when strokes are missing


def halves(images: Tensor, others: Tensor) -> Tensor:
    """One half of a digit, and another half of another one; the cut through the middle."""
    count = len(images)
    x, y = torch.meshgrid(torch.linspace(-1, 1, 28), torch.linspace(-1, 1, 28), indexing="xy")
    angle = torch.rand(count, 1, 1) * 2 * torch.pi
    straight = torch.round(angle / (torch.pi / 2)) * (torch.pi / 2)
    angle = torch.where(torch.rand(count, 1, 1) < 0.6, straight, angle)
    shift = torch.empty(count, 1, 1).uniform_(-0.15, 0.15)
    side = (x * torch.cos(angle) + y * torch.sin(angle) > shift)[:, None]
    return torch.where(side, images, others)


def overlaid(images: Tensor, others: Tensor) -> Tensor:
    """Two digits, one over the other, both strong."""
    share = uniform(len(images), 0.4, 0.6)
    mixed = 1.6 * (share * images + (1 - share) * others)
    return sometimes(0.5, torch.maximum(images, others), mixed).clamp(0, 1)


def torn(images: Tensor, _: Tensor) -> Tensor:
    """About half of the strokes missing: smooth random regions without ink."""
    count = len(images)
    knots = F.interpolate(torch.randn(count, 1, 5, 5), size=28, mode="bicubic", align_corners=False)
    # of each image's own ink-weighted field the level above which SMALL of the ink lies
    order = knots.flatten(1).argsort(dim=1, descending=True)
    ink = images.flatten(1).gather(1, order).cumsum(dim=1)
    keep = torch.empty(count, 1).uniform_(0.15, SMALL)
    kept = ink <= keep * ink[:, -1:]
    mask = torch.zeros_like(ink).scatter(1, order, kept.float())
    return images * mask.reshape(images.shape)


def scrambled(images: Tensor, _: Tensor) -> Tensor:
    """Cut into squares that change places."""
    side = (4, 7, 14)[int(torch.randint(0, 3, ()))]
    count, pieces = len(images), (28 // side) ** 2
    columns = F.unfold(images, side, stride=side)  # (B, side * side, pieces)
    order = torch.rand(count, pieces).argsort(dim=1)
    order = torch.where(order.eq(torch.arange(pieces)).all(1, keepdim=True), order.flip(1), order)
    mixed = columns.gather(2, order[:, None].expand_as(columns))
    return F.fold(mixed, (28, 28), side, stride=side)


def melted(images: Tensor, _: Tensor) -> Tensor:
    """Bent until the strokes run elsewhere."""
    return bent(bent(images, 0.3, 5), 0.25, 7)


def scribbles(images: Tensor, _: Tensor) -> Tensor:
    """Strokes of a pen that goes anywhere; drawn large, then made small."""
    rng = np.random.default_rng(int(torch.randint(0, 2**31, ())))
    pages = [scribble(rng) for _ in range(len(images))]
    return torch.from_numpy(np.stack(pages))[:, None]


def scribble(rng: np.random.Generator) -> np.ndarray:
    """(28, 28), one to four strokes through random points."""
    page = Image.new("L", (112, 112))
    draw = ImageDraw.Draw(page)
    for _ in range(rng.integers(1, 5)):
        knots = rng.uniform(18, 94, (rng.integers(3, 6), 2))
        fine = np.linspace(0, len(knots) - 1, 40)
        places = [np.interp(fine, np.arange(len(knots)), knots[:, axis]) for axis in (0, 1)]
        smooth = np.ones(9) / 9
        line = np.stack([np.convolve(p, smooth, "valid") for p in places], axis=1)
        draw.line([tuple(p) for p in line], fill=255, width=int(rng.integers(7, 15)), joint="curve")
    small = page.resize((28, 28), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32) / 255


def blobs(images: Tensor, _: Tensor) -> Tensor:
    """Smooth random fields above a level: what an untrained network may draw."""
    knots = int(torch.randint(3, 12, ()))
    field = F.interpolate(torch.randn(len(images), 1, knots, knots), size=28, mode="bicubic")
    level = uniform(len(images), 0.0, 0.8)
    return ((field - level) * uniform(len(images), 0.8, 4.0)).clamp(0, 1)


def noise(images: Tensor, _: Tensor) -> Tensor:
    """Normal, uniform or sparse noise."""
    normal = torch.randn_like(images) * uniform(len(images), 0.2, 1.0)
    sparse = (torch.rand_like(images) < uniform(len(images), 0.02, 0.4)).float()
    mixed = sometimes(0.3, torch.rand_like(images), normal.clamp(0, 1))
    return sometimes(0.3, sparse, mixed)


def drowned(images: Tensor, _: Tensor) -> Tensor:
    """A digit under so much noise that it is gone."""
    part = uniform(len(images), 0.0, 0.25)
    return (part * images + torch.randn_like(images) * uniform(len(images), 0.4, 0.9)).clamp(0, 1)


def empty(images: Tensor, _: Tensor) -> Tensor:
    """One gray, or a slope from one gray to another."""
    slope = torch.linspace(0, 1, 28).expand_as(images) * uniform(len(images), -1, 1)
    flat = uniform(len(images), 0, 1).expand_as(images)
    return sometimes(0.4, (flat + slope).clamp(0, 1), flat)


KINDS: Sequence[Callable[[Tensor, Tensor], Tensor]] = (
    *(halves, halves, overlaid, overlaid, torn, torn, scrambled, scrambled, melted),
    *(scribbles, scribbles, blobs, noise, drowned, empty),
)


def unclear(images: Tensor, others: Tensor) -> Tensor:
    """(B, 1, 28, 28) of every kind, made of real digits and of ``others`` of another class."""
    images, others = (
        moved(sometimes(0.4, thickened(x), x), degrees=14, stretch=0.12, shear=0.15, shift=0.06)
        for x in (images, others)
    )
    parts = torch.tensor_split(torch.arange(len(images)), len(KINDS))
    made = [kind(images[p], others[p]) for kind, p in zip(KINDS, parts, strict=True) if len(p)]
    return torch.cat(made)
