"""Part of the probe ``diffusion``: sampling, with a network that knows the image."""

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

if TYPE_CHECKING:  # in the kernel the parts are one source
    from grader.probes.calls import PIXELS, SIZE, slots
    from grader.probes.denoiser import COMPARED, Denoiser, Frame
    from grader.probes.names import device_of
    from grader.probes.own_network import recording
    from grader.probes.stand_ins import batches_of, build, method, schedule_in_use
    from grader.probes.told import Timesteps
    from grader.probes.training import MOST_BATCH, told_in_training

MOST_FRAMES = 300  # of x_i_store that are compared
ALIKE = 0.5  # correlation with an x_t, beyond which predicted images need no look


def measure_sampling(namespace: Any, inputs: Any, stand_in: Any) -> Any:
    """``sample`` with an oracle for a known image, at every step a freshly drawn one if asked."""
    n_sample, frame = inputs["n_sample"], Frame(inputs["frame"])
    network = recording(namespace, None, inputs)
    ddpm = build(namespace, inputs, network, stand_in)
    told, timesteps = learnt(namespace, inputs, ddpm, network, frame)
    denoiser = Denoiser(inputs, frame, timesteps)
    network.answer, network.images, network.told = denoiser.answer, [], []
    if isinstance(ddpm, nn.Module):
        ddpm.eval()
    device = device_of(namespace)
    sample = method(ddpm, "sample", n_sample, SIZE, device)
    with torch.no_grad():
        result = sample(n_sample, SIZE, device)
    images, store = taken_apart(result)
    fits = is_batch(images, n_sample)
    if not network.told and (images is None or fits):
        return {}, {"missing": "DDPM.sample"}
    facts = {"network_calls": len(network.told), **network.own.facts, "image": network.shape}
    if not fits:
        shape = list(images.shape) if isinstance(images, (torch.Tensor, np.ndarray)) else []
        return {}, {**facts, "returned": type(images).__name__, "returned_shape": shape}
    seen = denoiser.seen()
    end = images.detach().cpu().to(torch.float32).numpy().reshape(-1, PIXELS).copy()
    shown = [*denoiser.shown, end.reshape(-1)[COMPARED]]
    facts["store"] = describe_store(store, shown, denoiser.images)
    arrays = {**seen, "result": end, "batch": np.asarray(network.images), **told}
    return {**arrays, **slots(network), **schedule_in_use(namespace, inputs)}, facts


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
    return readable and images.numel() == n_sample * PIXELS


def learnt(namespace: Any, inputs: Any, ddpm: Any, network: Any, frame: Any) -> Any:
    """What training tells the network as t, in arrays, and by step: as it is known already, or from
    the model's own ``forward``. Nothing where that fails."""
    names, known = inputs["time"], inputs["timesteps"]
    if not names:
        return {}, None
    if known is not None:
        numbers = np.array(known, np.float64)[:, None]
        return {}, Timesteps({names[0]: numbers}, np.arange(len(numbers)))
    told: dict[str, Any] = {}
    batch = min(inputs["T"], MOST_BATCH) // 10 * 10
    with contextlib.suppress(Exception), batches_of(namespace, batch):  # it is judged elsewhere
        told = told_in_training(namespace, inputs, ddpm, network, frame)
    if not told:
        return {}, None
    steps = steps_by_level(told["level"], inputs)
    rows = {name: told[f"told/{name}"] for name in names if f"told/{name}" in told}
    usable = steps >= 0
    return told, Timesteps({n: r[usable] for n, r in rows.items()}, steps[usable])


def steps_by_level(level: Any, inputs: Any) -> Any:
    """The step whose part of x_0 is nearest to each level; -1 for what comes before the first."""
    roots = np.sqrt([inputs["alphabar_prev"], *inputs["alphabar"]])
    return np.abs(level[:, None] - inputs["scale"] * roots).argmin(axis=1) - 1


def describe_store(store: Any, shown: Any, images: Any) -> Any:
    """What ``sample`` returns beside the images: its shape, how many frames differ, and the
    correlation of each with the x_t that is most like it (null where sizes do not tell), and with
    the predicted image that is."""
    try:
        array = np.asarray(store, dtype=np.float32) if store is not None else None
    except (TypeError, ValueError, RuntimeError):
        return {"shape": [], "frames": 0, "different": 0, "readable": False, "likeness": None}
    if array is None or array.size == 0 or array.ndim == 0:
        shape = list(getattr(array, "shape", []))
        return {"shape": shape, "frames": 0, "different": 0, "readable": True, "likeness": None}
    different = len({frame.tobytes() for frame in array})
    facts = {"shape": list(array.shape), "frames": len(array), "different": different}
    best = likeness(array, shown)
    predicted = likeness(array, images) if best and max(best)[0] < ALIKE else None
    return {
        **facts,
        "readable": True,
        "likeness": best,
        "predicted": None if predicted is None else max(predicted)[0],
    }


def likeness(frames: Any, seen: Any) -> Any:
    """Of each frame, the largest correlation with one of these, and which; null if sizes differ."""
    if frames[0].size % PIXELS or not seen:
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
