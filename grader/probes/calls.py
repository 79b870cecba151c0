"""Part of the probe ``diffusion``: the network that records what it is given, by name, and answers
as told, in the form in which the notebook's own network answers."""

import copy
import inspect
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

if TYPE_CHECKING:  # in the kernel the parts are one source
    from grader.probes.entries import fields_of

SIZE = (1, 28, 28)
PIXELS = 784
N_FEAT = 8
OURS = torch._C.DisableTorchFunction  # our own code names no device, which saves half its time
WIDEST = 512  # numbers an image: more is a picture, and no class or t
KEPT = 128  # of them, which tell one class or time step from another
ABSENT = -(2.0**100)  # stands for an argument that was not given, or None


class Network(nn.Module):
    """Stands in for ContextUnet: ``answer(network, pixels)`` gives the prediction, (B, P), for
    float32 pixels (B, P).

    What answers does not know the network, so that a probe's arrays go when the next one's come.

    What else DDPM wants of its network comes from a ``ContextUnet`` of the student's own, of which
    this is made a subclass (``recording``), so that ``isinstance`` sees no difference.
    """

    def __init__(self, answer: Any, own: Any) -> None:
        nn.Module.__init__(self)  # not the student's
        self.in_channels, self.n_feat, self.n_classes = 1, N_FEAT, 10
        self.weight = nn.Parameter(torch.zeros(1))
        self.answer = answer
        self.images: list[int] = []  # per call: the size of its batch
        self.told: list[dict[str, Any]] = []  # per call: its other arguments, by name
        self.__dict__.update(own=own, raw=None, shape=())  # not of this module's parts

    def __deepcopy__(self, memo: Any) -> Any:
        return self

    def __getattr__(self, name: Any) -> Any:
        try:
            return nn.Module.__getattr__(self, name)
        except AttributeError:
            if name.startswith("__") or "own" not in self.__dict__:
                raise
        return getattr(self.own.module(), name)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        with OURS():
            leaves = self.own.leaves(self, args, kwargs)
            image = next((t for _, t in leaves if is_picture(t)), None)
            if image is None:
                raise TypeError("the network was called without a batch of images")
            self.__dict__["shape"] = image.shape[1:]  # as torch looks at what it sets
        output = self.own.output(self, args, kwargs, leaves)
        if self.raw is not None:
            self.raw.append((args, kwargs))
        with OURS():
            return self.record(leaves, image, output)

    def record(self, leaves: Any, image: Any, output: Any) -> Any:
        named = {n: t for n, t in leaves if t is not image}
        image, *maps = without_maps(image)
        if maps:
            named["maps"] = maps[0]
        self.told.append({name: as_float64(t) for name, t in named.items()})
        size = batch_size_of(image)
        self.images.append(size)
        self.__dict__["shape"] = image.shape[1:]
        pixels = image.detach().cpu().to(torch.float32).numpy().reshape(size, -1).copy()
        answer = self.answer(self, pixels)
        return in_form(
            answer.to(image.dtype) if not answer.requires_grad else answer, image, output
        )


def as_float64(tensor: Any) -> Any:
    return None if tensor is None else tensor.detach().to(torch.float64, copy=True).numpy()


def is_picture(tensor: Any) -> Any:
    """Whether this is a batch of images, in any shape."""
    if tensor is None or tensor.dim() < 2 or not tensor.is_floating_point() or not tensor.numel():
        return False
    return tensor.numel() // len(tensor) >= PIXELS or tensor.numel() == PIXELS


def batch_size_of(image: Any) -> Any:
    """How many images; a single one may come without an axis for them."""
    return len(image) if image.numel() // len(image) >= PIXELS else 1


def without_maps(image: Any) -> Any:
    """The images, and where class or time stand beside them as channels that have one value all
    over, (B, C, H, W), those values, (B, C - 1)."""
    if image.dim() != 4 or image.shape[1] == 1:
        return [image]
    pixels = image.detach().flatten(2)
    varies = (pixels.amax(2) != pixels.amin(2)).any(0)
    if varies.sum() != 1:
        return [image]
    return [image[:, varies], pixels[:, ~varies, 0]]


def in_form(answer: Any, image: Any, output: Any) -> Any:
    """The answer, (B, P), as the notebook's own network gives it: in the images' shape, or in that
    of its ``output``, a tensor or something that holds one."""
    if output is None:
        return answer.reshape(image.shape)
    return replaced(output, answer, image)


def replaced(output: Any, answer: Any, image: Any) -> Any:
    """A copy of the output with the answer in the place of its first tensor of images."""
    if isinstance(output, torch.Tensor):
        channels = output.numel() // max(answer.numel(), 1)
        if channels <= 1 or output.dim() != 4:
            return answer.reshape(output.shape if output.numel() == answer.numel() else image.shape)
        first = answer.reshape(len(output), -1, *output.shape[2:])
        rest = torch.zeros(len(output), output.shape[1] - first.shape[1], *output.shape[2:])
        return torch.cat([first, rest], dim=1)  # a variance is told beside the mean
    place = place_of_images(output, answer.numel())
    if place is None:
        return answer.reshape(image.shape)
    if isinstance(output, tuple):
        parts = list(output)
        parts[place] = replaced(output[place], answer, image)
        return type(output)(*parts) if hasattr(output, "_fields") else type(output)(parts)
    held = copy.copy(output)
    if isinstance(output, (list, dict)):
        held[place] = replaced(output[place], answer, image)
    else:
        object.__setattr__(held, place, replaced(getattr(output, place), answer, image))
    return held


def place_of_images(output: Any, numbers: Any) -> Any:
    """The key, index or attribute under which an output holds its images."""
    if isinstance(output, (tuple, list)):
        parts: Any = enumerate(output)
    else:
        parts = (output if isinstance(output, dict) else getattr(output, "__dict__", {})).items()
    for place, part in parts:
        if isinstance(part, torch.Tensor):
            if part.numel() and part.numel() % numbers == 0:
                return place
        elif place_of_images(part, numbers) is not None:
            return place
    return None


def is_numeric(value: Any) -> Any:
    return isinstance(value, (torch.Tensor, np.ndarray, np.number, int, float))


def leaves_of(name: Any, value: Any) -> Any:
    """The tensors of an argument by name, also those in lists, dictionaries and dataclasses; None
    where there is None. A list of single numbers is one tensor."""
    if value is None:
        return [(name, None)]
    if is_numeric(value):
        return [(name, torch.as_tensor(value))]
    fields = fields_of(value)
    value = value if fields is None else fields
    if not isinstance(value, (dict, list, tuple)):
        return []
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    leaves = [leaf for key, part in parts for leaf in leaves_of(f"{name}.{key}", part)]
    if isinstance(value, list) and leaves and all(t is not None and not t.dim() for _, t in leaves):
        return [(name, torch.stack([t for _, t in leaves]))]
    return leaves


def is_by_image(value: Any, size: Any) -> Any:
    """Whether there is a row of it for each image, and not one value for all."""
    if value.ndim and len(value) == size:
        return True
    alone = value.ndim and len(value) == 1 and value.size != size
    return value.ndim > 0 and not alone and value.size % size == 0


def by_call(network: Any, name: Any) -> Any:
    """One argument of all calls, (images, width); None if it is too wide. One value a call is
    repeated for each image; what was not given, or is narrower elsewhere, is ``ABSENT``."""
    rows = []
    for told, size in zip(network.told, network.images, strict=True):
        value = told.get(name)
        if value is None or not value.size:
            rows.append(np.full((size, 1), ABSENT))
        elif is_by_image(value, size):
            rows.append(value.reshape(size, -1))
        else:
            rows.append(np.broadcast_to(value.reshape(1, -1), (size, value.size)))
    width = max((row.shape[1] for row in rows), default=0)
    if width > WIDEST or not rows:
        return None
    width = min(width, KEPT)
    arrays = np.full((sum(network.images), width), ABSENT)
    start = 0
    for row in rows:
        arrays[start : start + len(row), : row.shape[1]] = row[:, :width]
        start += len(row)
    return arrays


def slots(network: Any, prefix: Any = "slot/") -> Any:
    """What the network was given beside the images: one array an argument."""
    names = dict.fromkeys(name for told in network.told for name in told)
    found = {f"{prefix}{name}": by_call(network, name) for name in names}
    return {name: array for name, array in found.items() if array is not None}


def signature_of(cls: Any) -> Any:
    try:
        return inspect.signature(cls.forward)
    except (TypeError, ValueError, AttributeError):
        return None


def names_of(signature: Any) -> Any:
    """The arguments beside the network itself, where each may be given by its place."""
    parameters = [] if signature is None else list(signature.parameters.values())
    plain = all(one.kind is one.POSITIONAL_OR_KEYWORD for one in parameters)
    return [one.name for one in parameters[1:]] if plain else []
