"""Puts a checkpoint's weights into the student's own model, and asks what it does with digits.

``run(namespace, inputs)`` with inputs::

    path             the checkpoint, in here; known to hold tensors only
    prediction_type  "epsilon" or "sample", that of its folder
    schedule         "linear" or "cosine"
    seed             of everything that is drawn
    measure          "answers", "few", "even" or "samples"
    pixels, labels   (all but samples) digits, base64 of bytes (N, 784), and their classes
    scale, shift     (answers, few) from 0..1 to the range in which ``forward`` is given them
    untrained        (answers, few) leave the weights as the notebook made them
    copies, levels   (few) how often ``forward`` is given each digit; see below
    gray             (few, may lack) an even gray that the network is asked for, too
    n_sample         (samples) how many images

"answers" gives ``x_t`` and ``answer``, what the network was given and what it answered while the
student's ``forward`` ran. "few" gives the same, but of all those noisy digits the network itself
answers only the ``rows`` in which noise is nearest to ``levels`` times the digits' variance; a fact
``not_few`` says that it cannot be asked so. "even" gives ``answer``, what it answers to even grays,
which tells two networks apart, and "few" that to ``gray`` as ``even``; "samples" gives ``images``.
A fact ``problem`` is the id of a message that says what the notebook lacks, or that the weights do
not fit, with its ``values``.
"""

import base64
import contextlib
import random
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

if TYPE_CHECKING:  # in the kernel the parts are one source
    from grader.probes.few import few_answers, flat, gray_answer

SIZE = (1, 28, 28)
WIDEST = 512
GRAYS = (0.0, 0.5, 1.0)
DEEPEST = 4  # dictionaries round a state_dict
STATISTICS = ("running_", "num_batches")  # of a batch norm: learnt, too
WRAPPERS = ("module", "_orig_mod")


class Unfit(Exception):
    """The notebook lacks something, or the weights are those of another network: the id of a
    message that says so, and its values."""


def run(namespace: Any, inputs: Any) -> Any:
    try:
        ddpm = restored(namespace, inputs)
        sow(inputs["seed"])
        with torch.no_grad():
            if inputs["measure"] == "samples":
                return samples(ddpm, inputs)
            if inputs["measure"] == "even":
                return even(ddpm, inputs)
            if inputs["measure"] == "few":
                return few_answers(ddpm, network_of(ddpm)[1], digits(inputs), inputs)
            return answers(ddpm, inputs)
    except Unfit as problem:
        id, values = problem.args
        return {}, {"problem": id, "values": values}


def sow(seed: Any) -> Any:
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.default_generator.manual_seed(seed)  # as the prelude does


def restored(namespace: Any, inputs: Any) -> Any:
    """The student's DDPM with the checkpoint's weights and schedule, ready to be asked."""
    state = tensors_of(torch.load(inputs["path"], weights_only=True, mmap=True))
    state = {bare(name): value for name, value in state.items()}
    betas = next((v for n, v in state.items() if n.split(".")[-1] == "beta_t"), None)
    ddpm = namespace.get("ddpm")
    if not isinstance(ddpm, nn.Module):
        ddpm = made(namespace, inputs)
    if any(nn.parameter.is_lazy(weight) for weight in ddpm.parameters()):
        give_sizes(ddpm)
    attribute, network = network_of(ddpm)
    if f"{attribute}." not in {name[: len(attribute) + 1] for name in state}:
        state = {f"{attribute}.{name}": value for name, value in state.items()}
    if not fits(ddpm, state):
        setattr(ddpm, attribute, of_another_width(network, attribute, state))
        if not fits(ddpm, state):
            raise Unfit("trial.does_not_fit", {})
    own = getattr(ddpm, "beta_t", None)
    steps = steps_of(ddpm, namespace, own)
    one_more = isinstance(own, torch.Tensor) and own.numel() - 1 == steps
    fill(ddpm, state, inputs.get("untrained", False))
    values = {"prediction_type": inputs["prediction_type"], "schedule": inputs["schedule"]}
    if betas is not None:
        values["n_T"] = betas.numel() - one_more
    namespace.update(values, device="cpu")
    for name in {*vars(ddpm), *values, "device"}:  # some may be the class's, or properties
        with contextlib.suppress(Exception):
            setattr(ddpm, name, in_place_of(name, getattr(ddpm, name), values, steps))
    ddpm.to("cpu")
    ddpm.eval()
    return ddpm


def steps_of(ddpm: Any, namespace: Any, betas: Any) -> Any:
    """The T that the model was made with, whatever the student calls it; None if that is open."""
    for name in ("n_T", "T"):
        if is_count(getattr(ddpm, name, None)):
            return getattr(ddpm, name)
    counts = [value for value in vars(ddpm).values() if is_count(value)]
    counts.append(namespace.get("n_T"))
    if isinstance(betas, torch.Tensor):
        entries = betas.numel()
        return next((c for c in counts if c in (entries, entries - 1)), None)
    return None


def in_place_of(name: Any, value: Any, values: Any, steps: Any) -> Any:
    """What an attribute of the model has to be for this checkpoint: known by name, or by value."""
    if name == "device":
        return "cpu"
    if name in values:
        return values[name]
    if isinstance(value, str) and value in ("epsilon", "sample"):
        return values["prediction_type"]
    if isinstance(value, str) and value in ("linear", "cosine"):
        return values["schedule"]
    if is_count(value) and value == steps:
        return values.get("n_T", value)
    return value


def is_count(value: Any) -> Any:
    return isinstance(value, int) and not isinstance(value, bool) and value > 1


def bare(name: Any) -> Any:
    """A weight's name without what DataParallel and torch.compile put into it."""
    return ".".join(part for part in name.split(".") if part not in WRAPPERS)


def made(namespace: Any, inputs: Any) -> Any:
    """A model as the template's cell makes it, where the notebook's own cell made none."""
    classes = [namespace.get(name) for name in ("ContextUnet", "DDPM")]
    if not all(isinstance(cls, type) for cls in classes):
        raise Unfit("trial.no_classes", {})
    network, ddpm = classes
    kind = inputs["prediction_type"], inputs["schedule"]
    try:
        return ddpm(network(1, 8, 10), (1e-4, 0.02), 10, *kind, "cpu")
    except TypeError as error:  # their arguments are the student's to choose
        raise Unfit("trial.no_own_model", {"error": str(error)}) from error


def give_sizes(ddpm: Any) -> Any:
    """Calls ``forward`` once, as lazy layers have no sizes before."""
    with torch.no_grad():
        ddpm(torch.zeros(10, *SIZE), torch.arange(10))


def network_of(ddpm: Any) -> Any:
    """The name and the module of the network: the child with the most weights."""
    children = dict(ddpm.named_children())
    if not children:
        raise Unfit("trial.no_network", {})
    size = {name: sum(p.numel() for p in child.parameters()) for name, child in children.items()}
    name = max(size, key=lambda child: size[child])
    return name, children[name]


def fits(ddpm: Any, state: Any) -> Any:
    own = {bare(name): weight.shape for name, weight in ddpm.named_parameters()}
    return all(name in state and state[name].shape == shape for name, shape in own.items())


def of_another_width(network: Any, attribute: Any, state: Any) -> Any:
    """The same kind of network with another ``n_feat``, for settings were not all trained alike."""
    wanted = {n: tuple(v.shape) for n, v in state.items() if n.startswith(f"{attribute}.")}
    widths = sorted({size for shape in wanted.values() for size in shape[:1] if size <= WIDEST})
    classes = getattr(network, "n_classes", 10)
    for width in widths:
        for count in {10, classes}:
            with contextlib.suppress(Exception):
                with torch.device("meta"):  # shapes without weights
                    trial = type(network)(1, width, count)
                shapes = {
                    bare(f"{attribute}.{n}"): tuple(p.shape) for n, p in trial.named_parameters()
                }
                if all(wanted.get(name) == shape for name, shape in shapes.items()):
                    return type(network)(1, width, count)
    raise Unfit("trial.does_not_fit", {})


def fill(ddpm: Any, state: Any, untrained: Any) -> Any:
    """Weights into their places; buffers of any length in place of the model's own, in its type."""
    modules = {bare(name): module for name, module in reversed(list(ddpm.named_modules()))}
    if untrained:
        state = {n: v for n, v in state.items() if not n.split(".")[-1].startswith(STATISTICS)}
    else:
        with torch.no_grad():
            for name, weight in ddpm.named_parameters():
                weight.copy_(state[bare(name)])
    for name, value in state.items():
        owner, _, last = name.rpartition(".")
        module = modules.get(owner)
        if module is not None and last in module._buffers:
            own = module._buffers[last]
            module._buffers[last] = value.clone() if own is None else value.to(own.dtype, copy=True)


def answers(ddpm: Any, inputs: Any) -> Any:
    x, c = digits(inputs)
    seen: list[Any] = []  # more than one, if ``forward`` asks its network again

    def note(module: Any, args: Any, kwargs: Any, output: Any) -> Any:
        given = [v for v in (*args, *kwargs.values()) if isinstance(v, torch.Tensor)]
        images = [v for v in given if v.dim() >= 3 and v.numel() == x.numel()]
        if images and isinstance(output, torch.Tensor) and output.numel() == x.numel():
            seen.append((flat(images[0]), flat(output)))

    _, network = network_of(ddpm)
    handle = network.register_forward_hook(note, with_kwargs=True)
    ddpm(x, c)
    handle.remove()
    if not seen:
        raise Unfit("trial.no_call", {})
    shown, answered = zip(*seen, strict=True)
    return {"x_t": np.stack(shown), "answer": np.stack(answered)}, {}


def digits(inputs: Any) -> Any:
    """The images in the wanted range, (N, 1, 28, 28), and their classes, (N,)."""
    data = np.frombuffer(base64.b64decode(inputs["pixels"]), np.uint8).reshape(-1, *SIZE)
    x = in_default_type(data) * inputs["scale"] + inputs["shift"]
    return x, torch.tensor(inputs["labels"])


def in_default_type(pixels: Any) -> Any:
    """Bytes as the images that ToTensor makes of them, 0 to 1."""
    return torch.from_numpy(pixels / np.float32(255)).to(torch.get_default_dtype())


def even(ddpm: Any, inputs: Any) -> Any:
    """The answers to ``GRAYS``, where two networks that were trained apart differ most."""
    data = np.frombuffer(base64.b64decode(inputs["pixels"]), np.uint8).reshape(-1, *SIZE)
    x = in_default_type(data[: len(GRAYS)])
    calls: list[Any] = []
    _, network = network_of(ddpm)
    handle = network.register_forward_pre_hook(
        lambda module, args, kwargs: calls.append((args, kwargs)), with_kwargs=True
    )
    ddpm(x, torch.tensor(inputs["labels"])[: len(GRAYS)])
    handle.remove()
    if not calls:
        raise Unfit("trial.no_call", {})
    args, kwargs = calls[0]
    return {"answer": gray_answer(network, args, kwargs, GRAYS)}, {}


def samples(ddpm: Any, inputs: Any) -> Any:
    try:
        result = ddpm.sample(inputs["n_sample"], SIZE, "cpu")
    except TypeError as error:
        raise Unfit("trial.no_sample", {"error": str(error)}) from error
    images = result[0] if isinstance(result, (tuple, list)) else result
    if not isinstance(images, torch.Tensor) or images.numel() != inputs["n_sample"] * 784:
        raise Unfit("trial.no_images", {})
    return {"images": flat(images)}, {}


def tensors_of(found: Any, within: Any = ()) -> Any:
    """The tensors by name: a state_dict, or the largest one inside a dictionary."""
    states = [{str(k): v for k, v in found.items() if isinstance(v, torch.Tensor)}]
    inner = {id(v): v for v in found.values() if isinstance(v, dict)}
    if len(within) < DEEPEST:
        states += [tensors_of(v, (*within, key)) for key, v in inner.items() if key not in within]
    return max(states, key=lambda state: sum(v.numel() for v in state.values()))
