"""Third part of the probe ``diffusion``: sampling, with a network that knows the image."""

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

if TYPE_CHECKING:  # in the kernel the parts are one source
    from grader.probes.stand_ins import (
        SIZE,
        arguments,
        build,
        flat,
        method,
        recording,
        schedule_in_use,
    )
    from grader.probes.training import Losses

MOST_FRAMES = 300  # of x_i_store that are compared
COMPARED = slice(0, 7840, 3)  # of each frame's pixels: some of all of ten images


def same_step(network: Any, call: Any, shown: Any, before: Any) -> Any:
    """Whether this call is about the same x_t and t as the one before."""
    if shown != before:
        return False
    now, then = network.others[call], network.others[call - 1]
    return any(
        a.size and a.tobytes() == b.tobytes() and is_constant(a)
        for a, b in zip(now, then, strict=False)
    )


def is_constant(value: Any) -> Any:
    """The same for every image of the batch, as t is while sampling."""
    return value.ndim == 0 or bool(np.all(np.ptp(value, axis=0) == 0))


BITS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)  # a row a byte
RANGES = ((0, 255), (38, 217))  # lower and upper pixel of an oracle's image
DRAWN = 64  # steps whose images are drawn together


class Denoiser:
    """Answers as a network that knows the image behind x_t, and keeps what it was shown."""

    def __init__(self, inputs: Any) -> None:
        self.inputs = inputs
        self.record = set(inputs["record"])
        self.arrays: dict[str, Any] = {}
        self.moments: list[Any] = []
        self.step_of_call: list[int] = []
        self.before = b""
        self.shown: list[Any] = []  # of every step, the beginning of x_t as the network saw it
        known = inputs["timesteps"]
        self.timesteps = None if known is None else np.asarray(known)
        self.places = {value: place for place, value in enumerate(known or ())}
        self.drawn: Any = None  # which steps' images, and theirs, eight pixels a byte
        whole = inputs["prediction_type"] == "epsilon" or not inputs["unscaled_target"]
        scale, shift = (inputs["scale"], inputs["shift"]) if whole else (1, 0)
        self.bytes = [BITS * np.uint8(high - low) + np.uint8(low) for low, high in RANGES]
        self.values = [(b / np.float32(255) * scale + shift).astype(np.float32) for b in self.bytes]

    def index_of(self, network: Any, call: Any) -> Any:
        """Index of the time step: what training means by this t, else the order of the calls. A
        mask, say, may be a number that t is at another step: then what fits that order better."""
        expected = max(self.inputs["T"] - 1 - self.step_of_call[call], 0)
        places = [self.place_of(value) for value in network.others[call]]
        known = [place for place in places if place is not None]
        return min(known, key=lambda place: abs(place - expected), default=expected)

    def place_of(self, value: Any) -> Any:
        """Index of the time step that training means by this argument; None if there is none."""
        known = self.timesteps
        if known is None or not value.size or not (value == (first := value.flat[0])).all():
            return None
        if first in self.places:
            return self.places[first]
        distance = np.abs(known - first)
        nearest = int(distance.argmin())
        near = distance[nearest] <= 0.01 * abs(known[-1] - known[0]) / max(len(known) - 1, 1)
        return nearest if near else None

    def target_of(self, step: Any, levels: Any) -> Any:
        """The image at a step, (n_sample, 784), in pixels of 0 and 1, which no clamp to the data's
        range changes, or of 0.15 and 0.85; ``levels``: how either is written."""
        fresh, n_sample = self.inputs["fresh"], self.inputs["n_sample"]
        chunk, place = divmod(step if fresh else 0, DRAWN)
        if self.drawn is None or self.drawn[0] != chunk:
            rng = np.random.default_rng([self.inputs["seed"], chunk])
            packed = np.frombuffer(rng.bytes(DRAWN * n_sample * 98), np.uint8)
            self.drawn = chunk, packed.reshape(DRAWN, -1)
        between = fresh and step % 2
        return levels[between].take(self.drawn[1][place], axis=0).reshape(n_sample, 784)

    def answer(self, network: Any, image: Any, call: Any) -> Any:
        network.images.append(image.shape[0])
        x_t = flat(image)
        step = self.look(network, x_t, call)
        alphabar = self.inputs["alphabar"][self.index_of(network, call)]
        out = self.target_of(step, self.values)
        out = np.resize(out, x_t.shape) if len(x_t) != len(out) else out
        if self.inputs["prediction_type"] == "epsilon":
            out *= alphabar**0.5
            np.subtract(x_t, out, out=out)
            out /= (1 - alphabar) ** 0.5
        return torch.from_numpy(out).to(image.dtype).reshape(image.shape)

    def look(self, network: Any, x_t: Any, call: Any) -> Any:
        """Notes x_t and the sampler's step it belongs to, which is returned."""
        last = self.step_of_call[-1] if self.step_of_call else -1
        shown = x_t.tobytes()  # bytes, as students may patch what compares arrays
        step = last if same_step(network, call, shown, self.before) else last + 1
        self.step_of_call.append(step)
        self.before = shown
        if step == last:
            return step
        state = x_t[: self.inputs["n_sample"]]
        self.shown.append(state.reshape(-1)[COMPARED].copy())
        if not self.inputs["fresh"]:
            self.moments.append(mixture(state, self.target_of(step, self.bytes)))
        if step in self.record:
            target = self.target_of(step, self.bytes)
            self.arrays |= {f"state/{step}": state, f"target/{step}": target}
        return step


def measure_sampling(namespace: Any, inputs: Any, stand_in: Any) -> Any:
    """``sample`` with an oracle for a known image, at every step a freshly drawn one if asked."""
    n_sample, denoiser = inputs["n_sample"], Denoiser(inputs)
    network = recording(namespace, denoiser.answer)
    ddpm = build(namespace, inputs, network, stand_in)
    if isinstance(ddpm, nn.Module):
        ddpm.eval()
    sample = method(ddpm, "sample", n_sample, SIZE, "cpu")
    with torch.no_grad():
        result = sample(n_sample, SIZE, "cpu")
    images, store = taken_apart(result)
    if not network.others and (images is None or is_batch(images, n_sample)):
        return {}, {"missing": "DDPM.sample"}
    if not is_batch(images, n_sample):
        shape = list(images.shape) if isinstance(images, (torch.Tensor, np.ndarray)) else []
        return {}, {"returned": type(images).__name__, "returned_shape": shape}
    seen = [*denoiser.shown, flat(images).reshape(-1)[COMPARED]]
    facts = {"network_calls": len(network.others), "store": describe_store(store, seen)}
    arrays = {**denoiser.arrays, "result": flat(images), "moments": np.asarray(denoiser.moments)}
    arrays |= {"batch": np.asarray(network.images), "step": np.asarray(denoiser.step_of_call)}
    arrays |= {**arguments(network), **schedule_in_use(namespace, inputs)}
    return {**arrays, **(told_in_training(ddpm, network) if inputs["codes"] else {})}, facts


def taken_apart(result: Any) -> Any:
    """The images and the store among what ``sample`` returned, which may be anything."""
    if not isinstance(result, (tuple, list)):
        return result, None
    return (*result, None, None)[:2]


def is_batch(images: Any, n_sample: Any) -> Any:
    """Whether these are as many images of the right size, as numbers that can be read."""
    if not isinstance(images, torch.Tensor) or images.layout is not torch.strided:
        return False
    readable = not (images.is_complex() or images.is_quantized or images.is_meta)
    return readable and images.numel() == n_sample * 784


def told_in_training(ddpm: Any, network: Any) -> Any:
    """What ``forward`` of the same model gives its network beside the images: ``trained/<name>``,
    and of which classes, ``trained_c``."""
    network.images, network.others = [], []
    network.answer = Losses(None, full=False).answer
    classes = np.resize(np.arange(10), 200)
    with torch.no_grad():
        ddpm(torch.zeros(len(classes), *SIZE), torch.tensor(classes))
    told = {f"trained/{name}": value for name, value in arguments(network).items()}
    return {"trained_c": classes, **told}


def mixture(image: Any, target: Any) -> Any:
    """Mean over the pixels whose target is the lower value, over the others, and both variances."""
    bright = target[: len(image)] > 127
    dark, light = image[~bright], image[bright]
    return [float(v) for v in (dark.mean(), light.mean(), dark.var(), light.var())]


def describe_store(store: Any, seen: Any) -> Any:
    """What ``sample`` returns beside the images: its shape, how many frames differ, and the
    correlation of each with the x_t that is most like it (null where sizes do not tell)."""
    try:
        array = np.asarray(store, dtype=np.float32) if store is not None else None
    except (TypeError, ValueError, RuntimeError):
        return {"shape": [], "frames": 0, "different": 0, "readable": False, "likeness": None}
    if array is None or array.size == 0 or array.ndim == 0:
        shape = list(getattr(array, "shape", []))
        return {"shape": shape, "frames": 0, "different": 0, "readable": True, "likeness": None}
    different = len({frame.tobytes() for frame in array})
    facts = {"shape": list(array.shape), "frames": len(array), "different": different}
    return {**facts, "readable": True, "likeness": likeness(array, seen)}


def likeness(frames: Any, seen: Any) -> Any:
    """Of each frame, the largest correlation with an x_t and which one; null if sizes differ."""
    if frames[0].size % 784:
        return None
    shown = [frame.reshape(-1)[COMPARED] for frame in frames[:MOST_FRAMES]]
    pixels = shown[0].size
    if any(state.size < pixels for state in seen):
        return None
    rows = standardised(shown)
    correlation = rows @ standardised([state[:pixels] for state in seen]).T / pixels
    best = zip(correlation.max(axis=1), correlation.argmax(axis=1), strict=True)
    return [[round(float(alike), 3), int(step)] for alike, step in best]


def standardised(rows: Any) -> Any:
    """Rows of mean 0 and deviation 1, or all 0; what is no number counts as 0."""
    values = np.stack(rows).astype(np.float32)
    values[~np.isfinite(values)] = 0
    values -= values.mean(axis=1, keepdims=True)
    deviation = np.sqrt(np.einsum("ij,ij->i", values, values)[:, None] / values.shape[1])
    return values / np.where(deviation > 0, deviation, 1)
