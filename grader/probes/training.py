"""Second part of the probe ``diffusion``: the loss, with a network that answers at random."""

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:  # in the kernel the parts are one source
    from grader.probes.stand_ins import (
        OURS,
        SIZE,
        arguments,
        build,
        flat,
        method,
        recording,
        schedule_in_use,
    )

LEVELS = np.resize(np.array([0, 4, 0, 4, 0, 4, 1, 2, 3], np.uint8), 256)
ANSWERS = np.arange(256, dtype=np.uint8).view(np.int8) >> 1  # -64..63, in 32nds
VALUES = ANSWERS / np.float32(32)


def random_pixels(rng: Any, count: Any) -> Any:
    """0, 0.25, .. 1, two thirds of them 0 or 1, as 0..4; shape (count, 784)."""
    return LEVELS.take(random_bytes(rng, count))  # seven times as fast as an index


def random_bytes(rng: Any, count: Any) -> Any:
    """Of all values alike, (count, 784); a quarter of the time that drawing numbers takes."""
    return np.frombuffer(rng.bytes(count * 784), np.uint8).reshape(count, 784)


class Losses:
    """Answers at random as the network, and keeps what a loss and its gradient follow from."""

    def __init__(self, rng: Any, full: Any) -> None:
        self.rng, self.full = rng, full
        self.leaf: Any = None  # the last answer
        self.calls: list[Any] = []
        self.losses: list[Any] = []
        self.shown: list[Any] = []
        self.answers: list[Any] = []
        self.gradients: list[Any] = []
        self.facts: dict[str, Any] = {"differentiable": True, "returned": "Tensor", "size": 1}

    def answer(self, network: Any, image: Any, call: Any) -> Any:
        network.images.append(image.shape[0])
        depends = network.weight * 0  # on a weight, as a real network's output does
        if not self.full:
            return image.detach() + depends
        x_t = flat(image)
        drawn = random_bytes(self.rng, len(x_t))
        self.shown.append(x_t)
        self.answers.append(ANSWERS.take(drawn))
        self.leaf = torch.from_numpy(VALUES.take(drawn)).reshape(image.shape)
        self.leaf.requires_grad_()
        return self.leaf + depends

    def note(self, loss: Any, calls: Any) -> Any:
        """Keeps a loss, for which the network was called ``calls`` times, and its gradient."""
        self.calls.append(calls)
        if not isinstance(loss, torch.Tensor) or not loss.requires_grad:
            self.facts.update(differentiable=False, returned=type(loss).__name__)
            self.losses.append(np.zeros(1))
            return
        self.facts["size"] = max(self.facts["size"], loss.numel())
        self.losses.append(loss.detach().to(torch.float64).numpy().reshape(-1)[:1])
        if self.leaf is not None and loss.numel() == 1:
            torch.autograd.backward(loss)
            leaf = self.leaf
            self.gradients.append(flat(torch.zeros_like(leaf) if leaf.grad is None else leaf.grad))

    def taken_out_of(self, returned: Any) -> Any:
        """The loss among what ``forward`` returned: its first number that has a gradient."""
        if not isinstance(returned, (tuple, list, dict)):
            return returned
        self.facts["wrapped"] = type(returned).__name__
        parts = returned.values() if isinstance(returned, dict) else returned
        numbers = [p for p in parts if isinstance(p, torch.Tensor) and p.numel() == 1]
        return next((number for number in numbers if number.requires_grad), returned)

    def arrays(self) -> Any:
        kept = {
            "calls": self.calls,
            "loss": self.losses,
            "x_t": self.shown,
            "answer": self.answers,
            "gradient": self.gradients,
        }
        return {
            name: np.concatenate([np.atleast_1d(part) for part in parts])
            for name, parts in kept.items()
            if parts
        }


def measure_loss(namespace: Any, inputs: Any, stand_in: Any) -> Any:
    """Batches of random images through ``forward``; every answer is known. Of the time steps alone
    ("timesteps"), the images are the same each time."""
    rng = np.random.default_rng(inputs["seed"])
    calls, batch, full = inputs["calls"], inputs["batch"], inputs["measure"] == "loss"
    losses = Losses(rng, full)
    network = recording(namespace, losses.answer)
    ddpm = build(namespace, inputs, network, stand_in)
    pixels = random_pixels(rng, batch * (calls if full else 1))
    labels = rng.integers(0, 10, (calls, batch))
    with OURS():
        images = torch.from_numpy(pixels / np.float32(4)).reshape(-1, batch, *SIZE)
        classes = torch.tensor(labels)
    forward = None
    for call in range(calls):
        with OURS():
            x, c = images[call % len(images)].clone(), classes[call].clone()
        before = len(network.others)
        forward = method(ddpm, "forward", x, c) if forward is None else forward
        loss = forward(x, c)
        if loss is None:
            return {}, {"missing": "DDPM.forward"}
        with OURS():
            loss = losses.taken_out_of(loss)
            losses.note(loss, len(network.others) - before)
    arrays = {"c": labels.reshape(-1), **({"x": pixels} if full else {}), **losses.arrays()}
    return {**arrays, **arguments(network), **schedule_in_use(namespace, inputs)}, losses.facts
