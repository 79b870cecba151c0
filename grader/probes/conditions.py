"""Part of the probe ``diffusion``: what the notebook's own network makes of all that it is told of
classes, in training and in sampling.

Two ways to tell it of a class are the same if it answers the same: no label, a label of an eleventh
class, a mask. Its answers are compared for one image at one time.
"""

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

if TYPE_CHECKING:  # in the kernel the parts are one source
    from grader.probes.calls import (
        SIZE,
        batch_size_of,
        is_picture,
        place_of_images,
        slots,
    )
    from grader.probes.names import device_of
    from grader.probes.own_network import DRAWS, recording
    from grader.probes.stand_ins import batches_of, build, method
    from grader.probes.told import conditions_of, first_row
    from grader.probes.training import all_classes

VIEWS = 4  # numbers that stand for an answer
BATCH = 10
MOST_DRAWN = 30  # batches whose answers are drawn


class Enough(BaseException):
    """Sampling has shown what was wanted."""


class Listener:
    """Answers with the images themselves, until it has heard enough."""

    def __init__(self) -> None:
        self.left: Any = None  # images
        self.calls: list[Any] = []  # arguments

    def answer(self, network: Any, pixels: Any) -> Any:
        if self.left is not None:
            self.left -= len(pixels)
            if self.left < 0:
                raise Enough
        return torch.from_numpy(pixels) + network.weight * 0


def measure_conditions(namespace: Any, inputs: Any, stand_in: Any) -> Any:
    """Every different condition in training and in the first steps of sampling, with what the own
    network answers under it: ``condition/<slot>`` (K, width) and ``answers`` (K, 4); and which of
    them each training image had: ``trained`` (N,), of the class ``c`` (N,). ``drawn`` (M, 4), if
    the own network answers by chance: what it answered the first M training images."""
    listener = Listener()
    network = recording(namespace, listener.answer, inputs)
    network.__dict__["raw"] = []
    ddpm = build(namespace, inputs, network, stand_in)
    rng = np.random.default_rng(inputs["seed"])
    labels = all_classes(rng, inputs["calls"], BATCH)
    ends = []
    with batches_of(namespace, BATCH):
        for row in labels:
            ddpm(torch.zeros(BATCH, *SIZE), torch.tensor(row))
            ends.append(len(network.told))
    if isinstance(ddpm, nn.Module):
        ddpm.eval()
    listener.left = 4 * inputs["n_sample"]
    device = device_of(namespace)
    with contextlib.suppress(Exception, Enough), torch.no_grad():
        method(ddpm, "sample", inputs["n_sample"], SIZE, device)(inputs["n_sample"], SIZE, device)
    told = network.told[: len(network.images)]
    keys = [
        key
        for call, size in zip(told, network.images, strict=True)
        for key in conditions_of(call, size, inputs["time"])
    ]
    network.told = told
    answers, first = answered(network, keys, ends[-1], inputs)
    if answers is None:
        return {}, network.own.facts
    number = {key: place for place, key in enumerate(first)}
    trained = sum(network.images[: ends[-1]])
    literal = slots(network, "condition/")
    arrays = {
        "answers": answers,
        "c": labels.reshape(-1),
        "trained": np.array([number[key] for key in keys[:trained]]),
        **{name: rows[list(first.values())] for name, rows in literal.items()},
    }
    stirring = stirs(network)
    if stirring and (drawn := drawn_answers(network, ends[-1], inputs)) is not None:
        arrays["drawn"] = drawn
    return arrays, {**network.own.facts, "stirs": stirring}


def answered(network: Any, keys: Any, trained: Any, inputs: Any) -> Any:
    """The own network's answer under each different condition, (K, 4), and where each stands; None
    where it cannot be had. Image and time are those of the first call in sampling."""
    if len(network.told) <= trained:
        return None, {}
    image = None
    answers: list[Any] = []
    first: dict[bytes, int] = {}
    time = time_at(network, trained, inputs)
    start = 0
    for call, size in enumerate(network.images):
        here = keys[start : start + size]
        if not all(key in first for key in here):
            args, kwargs = network.raw[call]
            image = picture_of(network, *network.raw[trained]) if image is None else image
            views = viewed(network, args, kwargs, image, time)
            if views is None:
                return None, {}
            for row, key in enumerate(here):
                if key not in first:
                    first[key] = start + row
                    answers.append(views[row])
        start += size
    return np.array(answers), first


def drawn_answers(network: Any, trained: Any, inputs: Any) -> Any:
    """What the own network answers in training mode, where it may drop classes itself, to single
    images of training, (M, 4); None where it cannot be had."""
    image = picture_of(network, *network.raw[trained])
    time = time_at(network, trained, inputs)
    calls = network.raw[: min(trained, MOST_DRAWN)]
    views = [viewed(network, args, kwargs, image, time, drawing=True) for args, kwargs in calls]
    return None if any(view is None for view in views) else np.concatenate(views)


def time_at(network: Any, call: Any, inputs: Any) -> Any:
    return {name: network.told[call].get(name) for name in inputs["time"]}


def picture_of(network: Any, args: Any, kwargs: Any) -> Any:
    leaves = network.own.leaves(network, args, kwargs)
    return next(tensor for _, tensor in leaves if is_picture(tensor))[:1]


def viewed(
    network: Any, args: Any, kwargs: Any, image: Any, time: Any, drawing: bool = False
) -> Any:
    """What the own network answers, (B, 4), to a call with this image and time in place of its own;
    None where it does not take it."""
    leaves = dict(network.own.leaves(network, args, kwargs))
    name = next(name for name, tensor in leaves.items() if is_picture(tensor))
    size = batch_size_of(leaves[name])
    new = {name: same_picture(leaves[name], image)}
    for slot, value in time.items():
        if leaves.get(slot) is not None and value is not None:
            new[slot] = same_time(leaves[slot], np.frombuffer(first_row(value), np.float64))
    own = network.own.module()
    if own is None:
        return None
    try:
        with torch.no_grad():
            output = network.own.called_with(own.train(drawing), network, args, kwargs, new)
        if not isinstance(output, torch.Tensor):
            output = output_images(output, leaves[name].numel())
        rows = output.detach().to(torch.float64).reshape(size, -1).numpy()
    except Exception as error:
        network.own.facts.setdefault("own_error", f"{type(error).__name__}: {error}"[:1000])
        return None
    return rows @ np.random.default_rng(0).normal(size=(rows.shape[1], VIEWS))


def output_images(output: Any, numbers: Any) -> Any:
    while not isinstance(output, torch.Tensor):
        place = place_of_images(output, numbers)
        held = isinstance(output, (tuple, list, dict))
        output = output[place] if held else getattr(output, place)
    return output


def same_picture(own: Any, image: Any) -> Any:
    """A batch that shows one image, but for channels that tell of class or time."""
    if own.shape[1:] != image.shape[1:]:
        return own
    if own.dim() != 4 or own.shape[1] == 1:
        return image.expand_as(own).clone()
    pixels = own.detach().flatten(2)
    varies = (pixels.amax(2) != pixels.amin(2)).any(0)
    new = own.detach().clone()
    new[:, varies] = image[:, varies].expand(len(own), -1, -1, -1)
    return new


def same_time(own: Any, row: Any) -> Any:
    """The same t for every image of a batch."""
    new = own.detach().clone()
    if new.numel() % len(row) == 0:
        new.reshape(-1, len(row))[:] = torch.from_numpy(row.copy()).to(new.dtype)
    return new


def stirs(network: Any) -> Any:
    """Whether the own network answers by chance in training mode: it may drop classes itself."""
    own = network.own.module().train()
    args, kwargs = network.raw[0]
    try:
        with torch.no_grad():
            first = network.own.called_with(own, network, args, kwargs, {})
            again = (network.own.called_with(own, network, args, kwargs, {}) for _ in range(DRAWS))
            return not all(isinstance(s, torch.Tensor) and torch.equal(s, first) for s in again)
    except Exception:
        return True
