"""Part of the probe ``diffusion``: the loss, with a network that answers at random, and what
training tells it as t."""

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:  # in the kernel the parts are one source
    from grader.probes.calls import OURS, PIXELS, SIZE, slots
    from grader.probes.own_network import recording
    from grader.probes.stand_ins import build, method, schedule_in_use

LEVELS = bytes([0, 4, 0, 4, 0, 4, 1, 2, 3] * 29)[:256]
BRIGHT = 1e4  # of an image so bright that noise is nothing beside it
MOST_BATCH = 128


def random_pixels(rng: Any, count: Any) -> Any:
    """0, 0.25, .. 1, two thirds of them 0 or 1, as 0..4; shape (count, 784)."""
    levels = rng.bytes(count * PIXELS).translate(LEVELS)  # an index would want eight times the room
    return np.frombuffer(levels, np.uint8).reshape(count, PIXELS)


def random_bytes(rng: Any, shape: Any) -> Any:
    """Of all values alike; a quarter of the time that drawing numbers takes."""
    return np.frombuffer(rng.bytes(shape[0] * shape[1]), np.uint8).reshape(shape)


def all_classes(rng: Any, calls: Any, batch: Any) -> Any:
    """Labels, (calls, batch): every ten in a row hold each class once."""
    tens = calls * batch // 10 + 1
    return (
        np.argsort(rng.random((tens, 10)), axis=1).reshape(-1)[: calls * batch].reshape(calls, -1)
    )


class Losses:
    """Answers at random as the network, and keeps what a loss and its gradient follow from."""

    def __init__(self, rng: Any) -> None:
        self.rng = rng
        self.leaf: Any = None  # the last answer
        self.calls: list[Any] = []
        self.losses: list[Any] = []
        self.shown: list[Any] = []
        self.answers: list[Any] = []
        self.gradients: list[Any] = []
        self.facts: dict[str, Any] = {"differentiable": True, "returned": "Tensor", "size": 1}

    def answer(self, network: Any, x_t: Any) -> Any:
        depends = network.weight * 0  # on a weight, as a real network's output does
        answers = random_bytes(self.rng, x_t.shape).view(np.int8) >> 1  # -64..63, in 32nds
        self.shown.append(x_t)
        self.answers.append(answers)
        self.leaf = torch.from_numpy(answers * np.float32(1 / 32))
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
            gradient = torch.zeros_like(leaf) if leaf.grad is None else leaf.grad
            self.gradients.append(gradient.numpy().copy())

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
    """Batches of random images through ``forward``; every answer is known."""
    rng = np.random.default_rng(inputs["seed"])
    calls, batch = inputs["calls"], inputs["batch"]
    losses = Losses(rng)
    network = recording(namespace, losses.answer, inputs)
    ddpm = build(namespace, inputs, network, stand_in)
    pixels = random_pixels(rng, batch * calls)
    labels = all_classes(rng, calls, batch)
    with OURS():
        images = torch.from_numpy(pixels / np.float32(4)).to(torch.get_default_dtype())
        images = images.reshape(-1, batch, *SIZE)  # of the type that ToTensor gives
        classes = torch.tensor(labels)
    forward = None
    for call in range(calls):
        with OURS():
            x, c = images[call].clone(), classes[call].clone()
        before = len(network.told)
        forward = method(ddpm, "forward", x, c) if forward is None else forward
        loss = forward(x, c)
        if loss is None:
            return {}, {"missing": "DDPM.forward"}
        with OURS():
            loss = losses.taken_out_of(loss)
            losses.note(loss, len(network.told) - before)
    arrays = {"c": labels.reshape(-1), "x": pixels, **losses.arrays(), **slots(network)}
    facts = {**losses.facts, **network.own.facts, "image": network.shape}
    return {**arrays, **schedule_in_use(namespace, inputs)}, facts


class Levels:
    """Answers with the noisy images themselves, and keeps how bright each is."""

    def __init__(self, frame: Any) -> None:
        self.frame = frame
        self.kept: list[Any] = []

    def answer(self, network: Any, x_t: Any) -> Any:
        self.kept.append(self.frame.inside(x_t).mean(axis=1, dtype=np.float64))
        return torch.from_numpy(x_t) + network.weight * 0


def told_in_training(namespace: Any, inputs: Any, ddpm: Any, network: Any, frame: Any) -> Any:
    """What ``forward`` gives its network as t, and how bright x_t then is: the images are so bright
    that this tells the step. ``told/<slot>`` (N, width), ``level`` (N,), in parts of x_0."""
    levels = Levels(frame)
    network.answer, network.images, network.told = levels.answer, [], []
    draws = inputs["draws"]
    batch = min(inputs["T"], MOST_BATCH) // 10 * 10
    with OURS():
        x = torch.full((batch, *SIZE), BRIGHT)
        c = torch.arange(batch) % 10
    with torch.no_grad():
        for _ in range(-(-draws // batch)):
            ddpm(x.clone(), c.clone())
    with OURS():
        level = np.concatenate(levels.kept) / BRIGHT
        return {"level": level, **slots(network, "told/")}
