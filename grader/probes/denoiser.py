"""Part of the probe ``diffusion``: a network that knows the image, and what it sees of a sampler.

A step is all that is asked about the same x_t. Of every step the sums are kept from which the mean
and the variance of x_(t-1) follow, and some pixels; of a few, all of them.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:  # in the kernel the parts are one source
    from grader.probes.calls import PIXELS
    from grader.probes.told import conditions_of, first_row, is_constant

RANGES = ((0.0, 1.0), (0.15, 0.85))  # lower and upper pixel of an oracle's image
DRAWN = 64  # steps whose images are drawn together
COMPARED = slice(0, 7840, 9)  # of each frame's pixels: some of all of ten images
ROWS = 6
"""Of the sums: 1, x_t, an image, where only it or only a second one is bright, x_(t-1) - x_t."""
PLAIN = [0, 1, 2, 5]  # those that there are where one image is told of
LOWER = {  # where the products of so many of them stand, up to the diagonal
    len(rows): tuple(np.array(rows)[place] for place in np.tril_indices(len(rows)))
    for rows in (PLAIN, list(range(ROWS)))
}
BLOCK = (2, 7)  # rows and columns of the pixels that are kept of every step, in seven places
MOST_STEPS = 50_000
INSIDE = np.float32(1 - 1e-5)  # of 1, which no tanh reaches


class Frame:
    """Where the 28 x 28 pixels lie in the images that the network is given, (B, P)."""

    def __init__(self, frame: Any) -> None:
        self.places: Any = None
        if frame is not None:
            rows = np.arange(28)[:, None] + frame["top"]
            self.places = (rows * frame["width"] + np.arange(28) + frame["left"]).reshape(-1)
            self.size, self.border = frame["height"] * frame["width"], frame["border"]

    def inside(self, pixels: Any) -> Any:
        return pixels if self.places is None else pixels[:, self.places]

    def around(self, images: Any) -> Any:
        """The images with the border that they have in training."""
        if self.places is None:
            return images
        framed = np.full((len(images), self.size), self.border, np.float32)
        framed[:, self.places] = images
        return framed


def frame_for(pixels: Any, border: Any) -> Any:
    """The image in the middle of larger square ones, where training does not show where it lies."""
    side = int(pixels**0.5)
    if side * side != pixels or side < 28:
        raise ValueError(f"the network is given {pixels} numbers an image, and not 28 x 28")
    edge = (side - 28) // 2
    place = {"height": side, "width": side, "top": edge, "left": edge, "border": border}
    return Frame(place)


class Step:
    """What was asked about one x_t: rows of images by their content, in the order of the batch."""

    def __init__(self, number: Any, call: Any) -> None:
        self.number, self.call = number, call  # the first call
        self.places: dict[bytes, int] = {}
        self.states: list[Any] = []
        self.first: list[Any] = []  # of each row: the call and its place in it
        self.conditions: dict[int, list[bytes]] = {}  # what else was told, by row, if asked twice
        self.variants = 1

    @property
    def count(self) -> Any:
        return len(self.first)


def unsquashed(through: Any, images: Any) -> Any:
    """What a tanh from ``low`` to ``high`` turns into these images."""
    low, high, steepness = through
    inside = 2 * (images - np.float32(low)) / np.float32(high - low) - 1
    return np.arctanh(np.clip(inside, -INSIDE, INSIDE)) / np.float32(steepness)


class Denoiser:
    """Answers as a network that knows the image behind x_t; another one at every step, and another
    for whatever else it is told of the same x_t, such as no class."""

    def __init__(self, inputs: Any, frame: Any, timesteps: Any) -> None:
        self.inputs, self.frame = inputs, frame
        self.n_sample, self.T, self.record = inputs["n_sample"], inputs["T"], set(inputs["record"])
        whole = inputs["prediction_type"] == "epsilon" or not inputs["unscaled_target"]
        self.space = (inputs["scale"], inputs["shift"]) if whole else (1, 0)
        self.timesteps = timesteps
        self.step: Any = None
        self.before: Any = None  # the step before: its x_t and what its images are
        self.numbers = 0
        self.packed: dict[Any, Any] = {}
        self.arrays: dict[str, Any] = {}
        self.at: list[Any] = []  # of every row of every call: step, row of the batch, variant
        self.sums: list[Any] = []
        self.kept: list[Any] = []  # some pixels of each step: of x_t
        self.bits: list[Any] = []  # and of its images
        self.facts: list[Any] = []  # of each step: rows, variants
        self.moments: list[Any] = []
        self.shown: list[Any] = []  # of each step, the beginning of x_t
        self.images: list[Any] = []  # and of the image
        self.subset = subset(inputs["seed"])

    def answer(self, network: Any, pixels: Any) -> Any:
        if self.frame.places is None and pixels.shape[1] != PIXELS:
            self.frame = frame_for(pixels.shape[1], self.inputs["shift"])
        x_t = self.frame.inside(pixels)
        call = len(network.told) - 1
        places, again = self.locate(network, call, x_t)
        step = self.step
        variants = self.variants_of(network, call, places) if again else None
        bits = self.bits_of(step.number, 0)
        if variants is None:
            chosen = bits if len(places) == len(bits) else bits[places]
        else:
            chosen = bits[places]
            for variant in range(1, step.variants):
                other = variants == variant
                chosen[other] = self.bits_of(step.number, variant)[places[other]]
        where = np.zeros((len(x_t), 3), np.int32)
        where[:, 0], where[:, 1] = step.number, places
        if variants is not None:
            where[:, 2] = variants
        self.at.append(where)
        alphabar = self.inputs["alphabar"][self.index_of(network, call)]
        out = self.frame.around(self.in_space(chosen, step.number))
        if self.inputs["prediction_type"] == "epsilon":
            out *= np.float32(alphabar**0.5)
            np.subtract(pixels, out, out=out)
            out /= np.float32((1 - alphabar) ** 0.5)
        elif self.inputs["through"]:
            out = unsquashed(self.inputs["through"], out)
        return torch.from_numpy(out)

    def in_space(self, bits: Any, number: Any) -> Any:
        """Images of a step in the network's space: of 0 and 1, which no clamp to the data's range
        changes, or of 0.15 and 0.85."""
        low, high = RANGES[number % 2 if self.inputs["fresh"] else 0]
        scale, shift = self.space
        out = bits * np.float32((high - low) * scale)
        out += np.float32(low * scale + shift)
        return out

    def bits_of(self, number: Any, variant: Any) -> Any:
        """Which pixels are bright in a step's image, (n_sample, 784), 0.0 or 1.0."""
        chunk, place = divmod(number if self.inputs["fresh"] else 0, DRAWN)
        known = self.packed.get(variant)
        if known is None or known[0] != chunk:
            rng = np.random.default_rng([self.inputs["seed"], chunk, variant])
            drawn = np.frombuffer(rng.bytes(DRAWN * self.n_sample * PIXELS // 8), np.uint8)
            opened: dict[int, Any] = {}
            known = self.packed[variant] = (chunk, drawn.reshape(DRAWN, -1), opened)
        drawn, opened = known[1], known[2]
        if place not in opened:
            opened.clear()
            bits = np.unpackbits(drawn[place]).reshape(self.n_sample, PIXELS)
            opened[place] = bits.astype(np.float32)
        return opened[place]

    def locate(self, network: Any, call: Any, x_t: Any) -> Any:
        """The rows of the batch that a call is about, and whether the step saw them before."""
        keys = contents(x_t)
        step, different = self.step, set(keys)
        if step is not None and different <= step.places.keys() and self.same_time(network, call):
            if len(different) == 1 < len(keys):
                return np.arange(len(keys)) % step.count, True
            return np.array([step.places[key] for key in keys]), True
        by_content = len(different) > 1 and len(keys) % len(different) == 0
        new = len(different) if by_content else len(keys)
        if step is None or step.count + new > self.n_sample or not self.same_time(network, call):
            self.close()
            self.step = step = Step(self.numbers, call)
            self.numbers += 1
        if step.count + new > self.n_sample:  # more images than were asked for
            keep = np.arange(len(keys)) % self.n_sample
            self.add(step, call, keys[: self.n_sample], x_t[: self.n_sample])
            return keep, False
        if new == len(keys):
            places = np.arange(step.count, step.count + new)
            self.add(step, call, keys, x_t)
            return places, False
        firsts = {key: place for place, key in reversed(list(enumerate(keys)))}
        order = sorted(firsts.values())
        self.add(step, call, [keys[i] for i in order], x_t[order], order)
        return np.array([step.places[key] for key in keys]), True

    def add(self, step: Any, call: Any, keys: Any, x_t: Any, order: Any = None) -> Any:
        count = step.count
        for place, key in enumerate(keys, count):
            step.places.setdefault(key, place)
        step.first += [(call, place) for place in (range(len(keys)) if order is None else order)]
        step.states.append(x_t)

    def same_time(self, network: Any, call: Any) -> Any:
        """Whether a call tells the same t as the step's first one; where it is not known which
        arguments are t, whether something that is the same for the whole batch is."""
        now, then = network.told[call], network.told[self.step.call]
        known = self.inputs["time"]
        names = known if known is not None else [n for n in now if n in then]
        equal = [
            first_row(now.get(name)) == first_row(then.get(name))
            for name in names
            if known is not None or (is_constant(now[name]) and is_constant(then[name]))
        ]
        return all(equal) if known is not None else any(equal) or not names

    def variants_of(self, network: Any, call: Any, places: Any) -> Any:
        """For each row, which of the things that a step tells of it this call tells."""
        step, variants = self.step, np.zeros(len(places), np.int32)
        here = self.conditions(network, call)
        for row, place in enumerate(places.tolist()):
            known = step.conditions.get(place)
            if known is None:
                first, within = step.first[place]
                there = here if first == call else self.conditions(network, first)
                known = step.conditions[place] = [there[within]]
            if here[row] not in known:
                known.append(here[row])
            variants[row] = known.index(here[row])
        step.variants = max(step.variants, int(variants.max()) + 1)
        return variants

    def conditions(self, network: Any, call: Any) -> Any:
        return conditions_of(network.told[call], network.images[call], self.inputs["time"] or ())

    def index_of(self, network: Any, call: Any) -> Any:
        """Index of the time step: what training means by this t, else the order of the steps."""
        expected = max(self.T - 1 - self.step.number % self.T, 0)
        found = None if self.timesteps is None else self.timesteps.step_of(network.told[call])
        return expected if found is None else found

    def close(self) -> Any:
        """Notes what a step that is over showed."""
        step = self.step
        if step is None or len(self.facts) >= MOST_STEPS:
            return
        state = step.states[0] if len(step.states) == 1 else np.concatenate(step.states)
        images = [self.bits_of(step.number, v)[: step.count] for v in range(step.variants)]
        if self.before is not None:
            x_t, known = self.before
            self.sums.append(sums_of(x_t, known, state))
        self.before = state, images[:2]
        self.kept.append(state.take(self.subset, axis=1))
        bits = np.zeros((len(state), 2, len(self.subset)), np.uint8)
        for place, values in enumerate(images[:2]):
            bits[:, place] = values.take(self.subset, axis=1)
        self.bits.append(bits)
        self.facts.append((len(state), step.variants))
        if step.count * PIXELS >= COMPARED.stop:
            self.shown.append(state.reshape(-1)[COMPARED].copy())
            self.images.append(images[0].reshape(-1)[COMPARED].copy())
        if not self.inputs["fresh"]:
            self.moments.append(mixture(state, images[0]))
        if step.number % self.T in self.record:
            self.arrays[f"state/{step.number}"] = state
            for variant, bits in enumerate(images[:2]):
                self.arrays[f"image{variant}/{step.number}"] = bits.astype(np.uint8)

    def seen(self) -> Any:
        """All that was noted, once the last step is over."""
        self.close()
        return {
            **self.arrays,
            "sums": np.array(self.sums).reshape(-1, ROWS, ROWS),
            "kept": np.concatenate(self.kept),
            "bits": np.packbits(np.concatenate(self.bits), axis=2),
            "subset": self.subset,
            "steps": np.array(self.facts, np.int32).reshape(-1, 2),
            "at": np.concatenate(self.at),
            "moments": np.array(self.moments),
        }


def contents(x_t: Any) -> Any:
    """What tells the rows of a batch from each other, in bytes, which students cannot patch."""
    data = np.ascontiguousarray(x_t[:, ::49]).tobytes()
    width = len(data) // len(x_t)
    return [data[start : start + width] for start in range(0, len(data), width)]


def subset(seed: Any) -> Any:
    """The pixels that are kept of every step: blocks, so that neighbours are among them."""
    rng = np.random.default_rng([seed, 0])
    rows, columns = BLOCK
    within = (np.arange(rows)[:, None] * 28 + np.arange(columns)).reshape(-1)
    places = []
    for band in range(7):  # each in a band of its own, four rows high
        top, left = rng.integers(0, 5 - rows), rng.integers(0, 29 - columns)
        places.append((4 * band + top) * 28 + left + within)
    return np.concatenate(places)


def sums_of(x_t: Any, images: Any, after: Any) -> Any:
    """Sums of products, (6, 6), over all pixels of a batch; rows of 0 where there is one image. All
    0 where the step after is about other images."""
    if x_t.shape != after.shape:
        return np.zeros((ROWS, ROWS))
    x_t = x_t.reshape(-1)
    columns = [ones(x_t.size), x_t, images[0].reshape(-1)]
    if len(images) > 1:
        columns.append((images[0] > images[1]).reshape(-1).astype(np.float32))
        columns.append((images[0] < images[1]).reshape(-1).astype(np.float32))
    columns.append(after.reshape(-1) - x_t)
    sums, lower = np.zeros((ROWS, ROWS)), LOWER[len(columns)]
    # in half the time of a matrix product
    products = [one.dot(other) for n, one in enumerate(columns, 1) for other in columns[:n]]
    sums[lower] = sums.T[lower] = products
    return sums


@cache
def ones(size: Any) -> Any:
    return np.ones(size, np.float32)


def mixture(image: Any, bright: Any) -> Any:
    """Mean over the pixels whose image is dark, over the others, and both variances."""
    dark, light = image[bright == 0], image[bright == 1]
    return [float(v) for v in (dark.mean(), light.mean(), dark.var(), light.var())]
