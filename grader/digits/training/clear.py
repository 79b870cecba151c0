"""Real digits as a person still reads them at a glance: turned, thick or thin, dim, blurred."""

import torch
import torch.nn.functional as F

Tensor = torch.Tensor


def uniform(count: int, low: float, high: float) -> Tensor:
    """(count, 1, 1, 1), to scale images with."""
    return torch.empty(count, 1, 1, 1).uniform_(low, high)


def sometimes(part: float, changed: Tensor, images: Tensor) -> Tensor:
    """About that part of the images changed."""
    return torch.where(torch.rand(len(images), 1, 1, 1) < part, changed, images)


def as_drawn(images: Tensor) -> Tensor:
    """(B, 1, 28, 28) of ink -> the same digits, each in another hand and print."""
    images = moved(images, degrees=14, stretch=0.12, shear=0.15, shift=0.09)
    images = sometimes(0.5, bent(images, 0.05, 7), images)
    images = sometimes(0.5, thickened(images), images)
    images = sometimes(0.08, fat(images), images)
    images = sometimes(0.15, small(images), images)
    images = sometimes(0.2, roughened(images), images)
    return printed(sometimes(0.25, gapped(images), images))


def printed(images: Tensor) -> Tensor:
    """What pictures of any image, digit or not, go through on their way into a notebook."""
    images = sometimes(0.4, blurred(images), images)
    images = sometimes(0.3, resampled(images), images)
    images = images * uniform(len(images), 0.55, 1.25)
    images = sometimes(0.3, images.clamp(0, 1) ** uniform(len(images), 0.6, 1.6), images)
    noise = torch.randn_like(images) * uniform(len(images), 0.0, 0.12)
    images = sometimes(0.4, images + noise, images)
    return images.clamp(0, 1)


def moved(images: Tensor, degrees: float, stretch: float, shear: float, shift: float) -> Tensor:
    """Turned, stretched, sheared and shifted (``shift`` in halves of a tile)."""
    count = len(images)
    angle = torch.empty(count).uniform_(-degrees, degrees) * torch.pi / 180
    wide, high = (1 + torch.empty(count).uniform_(-stretch, stretch) for _ in range(2))
    slant = torch.empty(count).uniform_(-shear, shear)
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0], theta[:, 0, 1] = torch.cos(angle) * wide, -torch.sin(angle) + slant
    theta[:, 1, 0], theta[:, 1, 1] = torch.sin(angle), torch.cos(angle) * high
    theta[:, :, 2].uniform_(-shift, shift)
    places = F.affine_grid(theta, list(images.shape), align_corners=False)
    return F.grid_sample(images, places, align_corners=False)


def bent(images: Tensor, strength: float, coarse: int) -> Tensor:
    """Displaced by a smooth random field of ``coarse`` x ``coarse`` knots."""
    count, _, height, width = images.shape
    knots = torch.randn(count, 2, coarse, coarse) * strength
    field = F.interpolate(knots, size=(height, width), mode="bicubic", align_corners=False)
    still = torch.eye(2, 3).expand(count, 2, 3)
    places = F.affine_grid(still, list(images.shape), align_corners=False)
    return F.grid_sample(images, places + field.permute(0, 2, 3, 1), align_corners=False)


def thickened(images: Tensor) -> Tensor:
    """Strokes up to a pixel thicker, or a little thinner."""
    thick = F.max_pool2d(F.pad(images, (0, 1, 0, 1)), 2, stride=1)
    thin = -F.max_pool2d(F.pad(-images, (0, 1, 0, 1)), 2, stride=1)
    amount = uniform(len(images), -0.5, 1.0)
    towards = torch.where(amount > 0, thick, thin)
    return images + amount.abs() * (towards - images)


def fat(images: Tensor) -> Tensor:
    """Strokes two pixels thicker, as of a digit drawn with a brush."""
    return F.max_pool2d(images, 3, stride=1, padding=1)


def small(images: Tensor) -> Tensor:
    """As low as half, and a little narrower; strokes keep their weight more or less."""
    count = len(images)
    theta = torch.zeros(count, 2, 3)
    theta[:, 1, 1] = torch.empty(count).uniform_(1.1, 1.9)
    theta[:, 0, 0] = torch.sqrt(theta[:, 1, 1]) * torch.empty(count).uniform_(0.9, 1.1)
    places = F.affine_grid(theta, list(images.shape), align_corners=False)
    return (F.grid_sample(images, places, align_corners=False) * 1.3).clamp(0, 1)


def roughened(images: Tensor) -> Tensor:
    """Strokes with uneven edges, as models draw them that were not trained for long."""
    noise = F.interpolate(torch.randn(len(images), 1, 14, 14), size=28, mode="bilinear")
    return ((images + 0.35 * noise * (images > 0.05) - 0.4) * 4 + 0.5).clamp(0, 1)


def gapped(images: Tensor) -> Tensor:
    """A gap of two or three pixels somewhere, often in a stroke."""
    count = len(images)
    place = torch.empty(2, count, 1, 1).uniform_(-0.6, 0.6)
    x, y = torch.meshgrid(torch.linspace(-1, 1, 28), torch.linspace(-1, 1, 28), indexing="xy")
    distance = torch.sqrt((x - place[0]) ** 2 + (y - place[1]) ** 2)[:, None]
    return images * (distance / uniform(count, 0.06, 0.14)).clamp(0, 1) ** 4


def blurred(images: Tensor) -> Tensor:
    """By a Gaussian of up to 0.9 pixels."""
    places = torch.arange(-2.0, 3.0)
    kernel = torch.exp(-(places**2) / 2)
    kernel = (kernel / kernel.sum())[None, None]
    soft = F.conv2d(F.pad(images, (2, 2, 2, 2)), kernel[:, :, :, None] * kernel[:, :, None, :])
    return images + uniform(len(images), 0.1, 0.8) * (soft - images)


def resampled(images: Tensor) -> Tensor:
    """Drawn with fewer or more pixels and brought back; one size for the whole batch."""
    size = int(torch.randint(17, 45, ()))
    small = F.interpolate(images, size=size, mode="bilinear", align_corners=False, antialias=True)
    mode = "nearest" if torch.rand(()) < 0.3 else "bilinear"
    return F.interpolate(small, size=28, mode=mode)
