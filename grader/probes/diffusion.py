"""Runs the student's ``DDPM`` with a network that records what it is given and answers as told.

``run(namespace, inputs)`` with inputs::

    measure          "loss", "timesteps" or "sampling"
    prediction_type  "epsilon" or "sample"
    schedule, beta1, beta2, T
    given            null, or {"betas": [...], "entries": {key: [...]}, "call_own": bool} to
                     stand in for the student's own schedule
    seed             of the images and answers that the grader chooses
    batch, calls     (loss, timesteps) how many images in a batch, how many batches
    n_sample         (sampling) how many images
    record           (sampling) the steps, counted from 0, whose x_t is handed back; calls on the
                     same x_t and t, as for classifier-free guidance, are one step
    fresh            (sampling) whether the oracle's image is another one at every step
    alphabar         (sampling) alphabar_1..alphabar_T
    scale, shift     (sampling) the network lives in the data space scale * x + shift
    timesteps        (sampling) null, or what training passes as t for steps 1..T

Images are (batch, 1, 28, 28), in arrays (batch, 784).
"""

import contextlib
import inspect
from typing import Any

import numpy as np
import torch
from torch import nn

SIZE = (1, 28, 28)
N_FEAT = 64
MOST_FRAMES, MOST_PIXELS = 300, 7840  # of x_i_store and of each of its frames that are compared
CONSTRUCTOR = ("nn_model", "betas", "n_T", "prediction_type", "schedule", "device")


class Missing(Exception):
    """The notebook does not define what was asked for."""


class Interface(Exception):
    """The class is there, but cannot be called as the template calls it."""


class Network(nn.Module):
    """Stands in for ContextUnet: ``answer(image, call)`` gives the prediction.

    What else DDPM wants of its network comes from a ``ContextUnet`` of the student's own, of which
    this is made a subclass (``recording``), so that ``isinstance`` sees no difference.
    """

    def __init__(self, answer: Any, make_own: Any) -> None:
        nn.Module.__init__(self)  # not the student's
        self.in_channels, self.n_feat, self.n_classes = 1, N_FEAT, 10
        self.weight = nn.Parameter(torch.zeros(1))
        self.answer = answer
        self.images: list[int] = []  # per call: the size of its batch
        self.others: list[list[Any]] = []  # per call: its other arguments
        self.__dict__.update(make_own=make_own, own=None)  # not one of this module's parts

    def __deepcopy__(self, memo: Any) -> Any:
        return self

    def __getattr__(self, name: Any) -> Any:
        try:
            return nn.Module.__getattr__(self, name)
        except AttributeError:
            if name.startswith("__") or "make_own" not in self.__dict__:
                raise
        if self.__dict__.get("own") is None:
            self.__dict__["own"] = self.make_own()
        return getattr(self.own, name)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        with torch._C.DisableTorchFunction():  # nothing here names a device; saves half the time
            return self.record(args, kwargs)

    def record(self, args: Any, kwargs: Any) -> Any:
        values = [*args, *kwargs.values()]
        tensors = [torch.as_tensor(value) for value in values if is_numeric(value)]
        pictures = [t for t in tensors if t.dim() >= 3 and t.numel() % 784 == 0 and t.numel()]
        if not pictures:
            raise TypeError("the network was called without a batch of images")
        image = pictures[0]
        others = [t for t in tensors if t is not image]
        self.others.append([t.detach().to(torch.float64).numpy().copy() for t in others])
        return self.answer(image, len(self.others) - 1)


def is_numeric(value: Any) -> Any:
    return isinstance(value, (torch.Tensor, np.ndarray, int, float)) and not isinstance(value, bool)


def flat(image: Any) -> Any:
    """A batch of images as float32, (B, 784)."""
    return image.detach().cpu().to(torch.float32).numpy().reshape(-1, 784).copy()


class StandIn:
    """Puts the given schedule in place of the student's for the time of a ``with`` block."""

    def __init__(self, namespace: Any, given: Any) -> None:
        self.namespace, self.given = namespace, given
        self.names = ("beta_schedule", "ddpm_schedules")
        self.own = {name: namespace.get(name) for name in self.names}

    def tensors(self) -> Any:
        entries = self.given["entries"].items()
        return {key: torch.tensor(value, dtype=torch.float32) for key, value in entries}

    def __enter__(self) -> Any:
        if self.given is None:
            return self
        betas = torch.tensor(self.given["betas"], dtype=torch.float32)

        def ddpm_schedules(*args: Any, **kwargs: Any) -> Any:
            entries: dict[str, Any] = {}
            if self.given["call_own"]:  # it may hold entries of the student's own
                with contextlib.suppress(Exception):  # what is wrong with it is judged elsewhere
                    entries = dict(self.own["ddpm_schedules"](*args, **kwargs))
            return {**entries, **self.tensors()}

        self.namespace["beta_schedule"] = lambda *args, **kwargs: betas.clone()
        self.namespace["ddpm_schedules"] = ddpm_schedules
        return self

    def put_into(self, ddpm: Any) -> Any:
        if self.given is not None:
            for key, value in self.tensors().items():
                if isinstance(getattr(ddpm, key, None), torch.Tensor):
                    setattr(ddpm, key, value)

    def __exit__(self, *error: Any) -> None:
        for name, value in self.own.items():
            if value is None:
                self.namespace.pop(name, None)
            else:
                self.namespace[name] = value


def build(namespace: Any, inputs: Any, network: Any, stand_in: Any) -> Any:
    """The student's DDPM round the recording network, as the template's cell builds it."""
    cls = namespace.get("DDPM")
    if not isinstance(cls, type):
        raise Missing("DDPM")
    values = {
        "nn_model": network,
        "betas": (inputs["beta1"], inputs["beta2"]),
        "n_T": inputs["T"],
        "prediction_type": inputs["prediction_type"],
        "schedule": inputs["schedule"],
        "device": "cpu",
    }
    namespace.update(values, T=inputs["T"], n_classes=10)
    bound = bind(cls, values)
    ddpm = cls(*bound.args, **bound.kwargs)
    if isinstance(ddpm, nn.Module):
        ddpm.to("cpu")
    stand_in.put_into(ddpm)
    namespace["ddpm"] = ddpm
    return ddpm


def bind(cls: Any, values: Any) -> Any:
    """Arguments by the template's names, or by its order where names were changed."""
    try:
        signature = inspect.signature(cls)
    except (TypeError, ValueError) as error:
        raise Interface(str(error)) from error
    try:
        return signature.bind(**values)
    except TypeError:
        pass
    try:
        return signature.bind(*(values[name] for name in CONSTRUCTOR))
    except TypeError as error:
        raise Interface(f"DDPM{signature}: {error}") from error


def recording(namespace: Any, answer: Any) -> Any:
    """The network that records; the student's own is made only if one of its parts is used."""

    def make_own() -> Any:
        return cls(1, N_FEAT, 10) if isinstance(cls, type) else None

    cls = namespace.get("ContextUnet")
    kind: Any = Network
    if isinstance(cls, type) and issubclass(cls, nn.Module) and cls is not nn.Module:
        with contextlib.suppress(TypeError):  # a class that cannot be inherited from
            kind = type(cls.__name__, (Network, cls), {"__module__": cls.__module__})
    return kind(answer, make_own)


def method(ddpm: Any, name: Any, *args: Any) -> Any:
    """The student's method, once it is known that it takes these arguments."""
    own = getattr(type(ddpm), name, None)
    if own is None or own is getattr(nn.Module, name, None):
        raise Missing(f"DDPM.{name}")
    try:
        inspect.signature(getattr(ddpm, name)).bind(*args)
    except TypeError as error:
        raise Interface(f"DDPM.{name}{inspect.signature(own)}: {error}") from error
    return ddpm if name == "forward" else getattr(ddpm, name)


def arguments(network: Any) -> Any:
    """What the network was given beside the image: one array an argument, a row an image.

    An argument that does not depend on the image (one value a call) is repeated for each.
    """
    counts = {len(others) for others in network.others}
    arrays = {}
    for position in range(min(counts, default=0)):
        rows = []
        for others, size in zip(network.others, network.images, strict=True):
            value = others[position]
            rows.append(
                value.reshape(size, -1)
                if value.size % size == 0 and value.size
                else np.broadcast_to(value.reshape(1, -1), (size, value.size))
            )
        if len({row.shape[1] for row in rows}) == 1 and rows[0].shape[1] <= 128:
            arrays[f"argument{position}"] = np.concatenate(rows)
    return arrays


def schedule_in_use(namespace: Any, inputs: Any) -> Any:
    """The entries of ``ddpm_schedules`` for these arguments, for the student's own schedule."""
    if inputs["given"] is not None:
        return {}
    entries = namespace["ddpm_schedules"](
        inputs["beta1"], inputs["beta2"], inputs["T"], inputs["schedule"]
    )
    return {
        f"schedule/{key}": torch.as_tensor(value).detach().to(torch.float64).numpy().reshape(-1)
        for key, value in entries.items()
        if isinstance(key, str) and is_numeric(value)
    }


LEVELS = np.resize(np.array([0, 4, 0, 4, 0, 4, 1, 2, 3], np.uint8), 256)


def random_pixels(rng: Any, batch: Any) -> Any:
    """0, 0.25, .. 1, two thirds of them 0 or 1, as 0..4; shape (batch, 784)."""
    return LEVELS[random_bytes(rng, batch)]


def random_bytes(rng: Any, batch: Any) -> Any:
    """Of all values alike, (batch, 784); a quarter of the time that drawing numbers takes."""
    return np.frombuffer(rng.bytes(batch * 784), np.uint8).reshape(batch, 784)


def measure_loss(namespace: Any, inputs: Any, stand_in: Any) -> Any:
    """Batches of random images through ``forward``; every answer is known."""
    rng = np.random.default_rng(inputs["seed"])
    batch, full = inputs["batch"], inputs["measure"] == "loss"
    collected: dict[str, list[Any]] = {
        name: [] for name in ("x", "c", "x_t", "answer", "gradient", "loss", "calls")
    }
    facts: dict[str, Any] = {"differentiable": True, "returned": "Tensor", "size": 1}
    leaf: Any = None

    def answer(image: Any, call: Any) -> Any:
        network.images.append(image.shape[0])
        depends = network.weight * 0  # on a weight, as a real network's output does
        if not full:
            return image.detach() + depends
        x_t = flat(image)
        levels = random_bytes(rng, len(x_t)).view(np.int8) >> 1  # -64..63
        collected["x_t"].append(x_t)
        collected["answer"].append(levels)
        nonlocal leaf
        leaf = torch.tensor(levels / np.float32(32)).reshape(image.shape)
        leaf.requires_grad_()
        return leaf + depends

    network = recording(namespace, answer)
    ddpm = build(namespace, inputs, network, stand_in)
    pixels, forward = random_pixels(rng, batch), None
    for _ in range(inputs["calls"]):
        pixels = random_pixels(rng, batch) if full else pixels
        labels = rng.integers(0, 10, batch)
        x = torch.tensor(pixels / np.float32(4)).reshape(batch, *SIZE)
        c = torch.tensor(labels)
        before = len(network.others)
        forward = method(ddpm, "forward", x, c) if forward is None else forward
        loss = forward(x, c)
        if loss is None:
            return {}, {"missing": "DDPM.forward"}
        collected["calls"].append(len(network.others) - before)
        collected["x"].append(pixels)
        collected["c"].append(labels)
        if not isinstance(loss, torch.Tensor) or not loss.requires_grad:
            facts.update(differentiable=False, returned=type(loss).__name__)
            collected["loss"].append(np.float64(float(loss)).reshape(1))
            continue
        facts["size"] = max(facts["size"], loss.numel())
        collected["loss"].append(loss.detach().to(torch.float64).numpy().reshape(-1)[:1])
        if full and leaf is not None and loss.numel() == 1:
            torch.autograd.backward(loss)
            gradient = torch.zeros_like(leaf) if leaf.grad is None else leaf.grad
            collected["gradient"].append(flat(gradient))
    arrays = {
        name: np.concatenate([np.atleast_1d(part) for part in parts])
        for name, parts in collected.items()
        if parts and (full or name in ("c", "calls", "loss"))
    }
    return {**arrays, **arguments(network), **schedule_in_use(namespace, inputs)}, facts


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


class Denoiser:
    """Answers as a network that knows the image behind x_t, and keeps what it was shown."""

    def __init__(self, inputs: Any) -> None:
        self.inputs = inputs
        self.network: Any = None
        self.record = set(inputs["record"])
        self.arrays: dict[str, Any] = {}
        self.moments: list[Any] = []
        self.step_of_call: list[int] = []
        self.before = b""
        self.target: Any = None
        self.shown: list[Any] = []  # of every step, the beginning of x_t as the network saw it

    def index_of(self, call: Any) -> Any:
        """Index of the time step: what training means by this t, else the order of the calls."""
        T, timesteps = self.inputs["T"], self.inputs["timesteps"]
        if timesteps is not None:
            gap = abs(timesteps[-1] - timesteps[0]) / max(T - 1, 1)
            for value in self.network.others[call]:
                if value.size and np.ptp(value) == 0:
                    distance = np.abs(np.asarray(timesteps) - value.reshape(-1)[0])
                    if distance.min() <= 0.01 * gap:
                        return int(distance.argmin())
        return max(T - 1 - self.step_of_call[call], 0)

    def target_of(self, step: Any) -> Any:
        """Pixels of 0 and 1, which no clamp to the data's range changes, or of 0.15 and 0.85."""
        fresh, n_sample = self.inputs["fresh"], self.inputs["n_sample"]
        rng = np.random.default_rng([self.inputs["seed"], step if fresh else 0])
        low, high = (38, 217) if fresh and step % 2 else (0, 255)
        bits = np.unpackbits(np.frombuffer(rng.bytes(n_sample * 98), dtype=np.uint8))
        return (bits * np.uint8(high - low) + np.uint8(low)).reshape(n_sample, 784)

    def answer(self, image: Any, call: Any) -> Any:
        self.network.images.append(image.shape[0])
        x_t = flat(image)
        target = self.look(x_t, call)
        alphabar = self.inputs["alphabar"][self.index_of(call)]
        scale, shift = self.inputs["scale"], self.inputs["shift"]
        x0 = np.resize(target, x_t.shape) if len(x_t) != len(target) else target
        x0 = x0 / np.float32(255)
        if self.inputs["prediction_type"] == "epsilon":
            out = (x_t - alphabar**0.5 * (x0 * scale + shift)) / (1 - alphabar) ** 0.5
        else:
            out = x0 if self.inputs["unscaled_target"] else x0 * scale + shift
        return torch.from_numpy(out).to(image.dtype).reshape(image.shape)

    def look(self, x_t: Any, call: Any) -> Any:
        """Notes x_t and the sampler's step it belongs to; the image behind it, (n_sample, 784)."""
        last = self.step_of_call[-1] if self.step_of_call else -1
        shown = x_t.tobytes()  # bytes, as students may patch what compares arrays
        step = last if same_step(self.network, call, shown, self.before) else last + 1
        self.step_of_call.append(step)
        self.before = shown
        if step == last:
            return self.target
        self.target = self.target_of(step)
        state = x_t[: self.inputs["n_sample"]]
        self.shown.append(state.reshape(-1)[:MOST_PIXELS].copy())
        if not self.inputs["fresh"]:
            self.moments.append(mixture(state, self.target))
        if step in self.record:
            self.arrays |= {f"state/{step}": state, f"target/{step}": self.target}
        return self.target


def measure_sampling(namespace: Any, inputs: Any, stand_in: Any) -> Any:
    """``sample`` with an oracle for a known image, at every step a freshly drawn one if asked."""
    n_sample, denoiser = inputs["n_sample"], Denoiser(inputs)
    network = denoiser.network = recording(namespace, denoiser.answer)
    ddpm = build(namespace, inputs, network, stand_in)
    if isinstance(ddpm, nn.Module):
        ddpm.eval()
    sample = method(ddpm, "sample", n_sample, SIZE, "cpu")
    with torch.no_grad():
        result = sample(n_sample, SIZE, "cpu")
    if not network.others:
        return {}, {"missing": "DDPM.sample"}
    images, store = (result[0], result[1]) if isinstance(result, (tuple, list)) else (result, None)
    seen = [*denoiser.shown, flat(images).reshape(-1)] if is_numeric(images) else denoiser.shown
    facts = {"network_calls": len(network.others), "store": describe_store(store, seen)}
    if not isinstance(images, torch.Tensor) or images.numel() != n_sample * 784:
        shape = list(getattr(images, "shape", []))
        return {}, {**facts, "returned": type(images).__name__, "returned_shape": shape}
    arrays = {**denoiser.arrays, "result": flat(images), "moments": np.asarray(denoiser.moments)}
    arrays |= {"batch": np.asarray(network.images), "step": np.asarray(denoiser.step_of_call)}
    return {**arrays, **arguments(network), **schedule_in_use(namespace, inputs)}, facts


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
    pixels = min(frames[0].size, MOST_PIXELS)
    if any(state.size < pixels for state in seen):
        return None
    rows = [standardised(frame.reshape(-1)[:pixels]) for frame in frames[:MOST_FRAMES]]
    columns = [standardised(state[:pixels]) for state in seen]
    correlation = np.stack(rows) @ np.stack(columns).T / pixels
    best = zip(correlation.max(axis=1), correlation.argmax(axis=1), strict=True)
    return [[round(float(alike), 3), int(step)] for alike, step in best]


def standardised(values: Any) -> Any:
    values = np.nan_to_num(values.astype(np.float32), posinf=0.0, neginf=0.0)
    deviation = float(values.std())
    return (values - values.mean()) / (deviation if deviation > 0 else 1.0)


def run(namespace: Any, inputs: Any) -> Any:
    stand_in = StandIn(namespace, inputs["given"])
    measure = measure_sampling if inputs["measure"] == "sampling" else measure_loss
    try:
        with stand_in:
            return measure(namespace, inputs, stand_in)
    except Missing as error:
        return {}, {"missing": str(error)}
    except Interface as error:
        return {}, {"interface": str(error)[:300]}
