"""Part of the probe ``network``: has a network answer few of the images that ``forward`` makes."""

import contextlib
from typing import Any

import numpy as np
import torch

PIXELS = 28 * 28


class Unlike(Exception):
    """The network cannot be asked for few images."""


def few_answers(ddpm: Any, network: Any, images: Any, inputs: Any) -> Any:
    """``forward`` makes many noisy digits, which costs nothing; the network answers few of them."""
    x, c = images
    few = Few(x.repeat(inputs["copies"], 1, 1, 1), inputs["levels"])
    handles = [
        network.register_forward_pre_hook(few.before, with_kwargs=True),
        network.register_forward_hook(few.after, with_kwargs=True),
    ]
    try:
        ddpm(few.x, c.repeat(inputs["copies"]))
    except Exception:  # whose fault that is shows when all images are asked for
        few.unlike = True
    finally:
        for handle in handles:
            handle.remove()
    if few.unlike or not few.answered:
        return {}, {"not_few": True}
    arrays = {"x_t": np.stack(few.shown), "answer": np.stack(few.answered), "rows": few.rows}
    if "gray" in inputs:
        args, kwargs = of_rows(few.given, [0], len(few.x))
        with contextlib.suppress(Exception):
            arrays["even"] = gray_answer(network, args, kwargs, (inputs["gray"],))
    return arrays, {}


class Few:
    """Hooks by which a network answers only some of the images that it is given.

    ``rows`` are their places; ``shown`` all that the network was given, ``answered`` what it
    answered, by call; ``unlike``: it takes or gives anything but one image for each.
    """

    def __init__(self, x: Any, levels: Any) -> None:
        self.x, self.levels = x, levels
        self.rows: Any = None
        self.unlike = False
        self.image: Any = None
        self.given: Any = None
        self.shown: list[Any] = []
        self.answered: list[Any] = []

    def before(self, module: Any, args: Any, kwargs: Any) -> Any:
        values = [v for v in (*args, *kwargs.values()) if isinstance(v, torch.Tensor)]
        images = [v for v in values if v.dim() >= 3 and v.numel() == self.x.numel()]
        if not images or len(images[0]) != len(self.x):
            self.unlike = True
            raise Unlike
        self.image, self.given = flat(images[0]), (args, kwargs)
        if self.rows is None:
            self.rows = nearest(flat(self.x), self.image, self.levels)
        return of_rows((args, kwargs), self.rows, len(self.x))

    def after(self, module: Any, args: Any, kwargs: Any, output: Any) -> Any:
        count = len(self.rows)
        fits = isinstance(output, torch.Tensor) and output.numel() == count * PIXELS
        if not fits or len(output) != count:
            self.unlike = True
            raise Unlike
        self.shown.append(self.image)
        self.answered.append(flat(output))
        whole = output.new_zeros((len(self.x), *output.shape[1:]))
        whole[self.rows] = output
        return whole


def nearest(x: Any, x_t: Any, levels: Any) -> Any:
    """For each level the image in which noise is nearest to so many times the variance of the
    digits: their rows in (N, 784)."""
    centred = x - x.mean(axis=1, keepdims=True)
    slope = (centred * x_t).sum(axis=1) / (centred**2).sum(axis=1)
    noise = (x_t - slope[:, None] * x).var(axis=1) / np.maximum(slope**2 * x.var(), 1e-12)
    return np.abs(np.log(noise + 1e-12) - np.log(levels)[:, None]).argmin(axis=1)


def of_rows(value: Any, rows: Any, count: Any) -> Any:
    """The same with only these rows of all tensors that have one for each of ``count`` images."""
    if isinstance(value, torch.Tensor):
        return value[rows] if value.dim() and len(value) == count else value
    if isinstance(value, dict):
        return {key: of_rows(part, rows, count) for key, part in value.items()}
    if type(value) in (list, tuple):
        return type(value)(of_rows(part, rows, count) for part in value)
    return value


def gray_answer(network: Any, args: Any, kwargs: Any, grays: Any) -> Any:
    """What the network answers to grays in the middle of all steps, far from what networks are
    trained on: (N, 784). ``args`` and ``kwargs`` are those of a call with as many images."""
    levels = torch.tensor(grays)

    def in_place_of_given(value: Any) -> Any:
        if not isinstance(value, torch.Tensor) or not value.is_floating_point():
            return value
        if value.numel() == len(grays) * PIXELS:
            return levels.repeat_interleave(PIXELS).reshape(value.shape).to(value.dtype)
        return torch.full_like(value, 0.5) if value.numel() == len(grays) else value

    output = network(
        *map(in_place_of_given, args),
        **{name: in_place_of_given(value) for name, value in kwargs.items()},
    )
    if not isinstance(output, torch.Tensor) or output.numel() != len(grays) * PIXELS:
        raise Unlike
    return flat(output)


def flat(image: Any) -> Any:
    return image.detach().to(torch.float32).reshape(-1, PIXELS).numpy().copy()
