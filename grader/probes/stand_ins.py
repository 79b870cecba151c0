"""First part of the probe ``diffusion``: what stands in for network and schedule, and how DDPM is
built round them."""

import contextlib
import inspect
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

if TYPE_CHECKING:  # in the kernel the parts are one source
    from grader.probes.entries import called, entries_of, fields_of, with_entries

SIZE = (1, 28, 28)
N_FEAT = 64
OURS = torch._C.DisableTorchFunction  # our own code names no device, which saves half its time
WIDEST = 512  # numbers an image: more is a picture, and no class or t
KEPT = 128  # of them, which tell one class or time step from another
CONSTRUCTOR = ("nn_model", "betas", "n_T", "prediction_type", "schedule", "device")


class Missing(Exception):
    """The notebook does not define what was asked for."""


class Interface(Exception):
    """The class is there, but cannot be called as the template calls it."""


class Network(nn.Module):
    """Stands in for ContextUnet: ``answer(network, image, call)`` gives the prediction.

    What answers does not know the network, so that a probe's arrays go when the next one's come.

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
        with OURS():
            return self.record(args, kwargs)

    def record(self, args: Any, kwargs: Any) -> Any:
        tensors = tensors_in((args, kwargs))
        pictures = [t for t in tensors if t.dim() >= 3 and t.numel() % 784 == 0 and t.numel()]
        if not pictures:
            raise TypeError("the network was called without a batch of images")
        others = [t for t in tensors if t is not pictures[0]]
        image, *maps = without_maps(pictures[0])
        others += maps
        self.others.append([t.detach().to(torch.float64, copy=True).numpy() for t in others])
        return self.answer(self, image, len(self.others) - 1)


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


def is_numeric(value: Any) -> Any:
    kinds = (torch.Tensor, np.ndarray, np.number, int, float)
    return isinstance(value, kinds) and not isinstance(value, bool)


def tensors_in(value: Any) -> Any:
    """The tensors among a network's arguments, also those in lists, dictionaries and dataclasses; a
    list of single numbers is one."""
    if is_numeric(value):
        return [torch.as_tensor(value)]
    fields = fields_of(value)
    value = value if fields is None else fields
    parts = value.values() if isinstance(value, dict) else value
    if not isinstance(value, (dict, list, tuple)):
        return []
    tensors = [tensor for part in parts for tensor in tensors_in(part)]
    if isinstance(value, list) and tensors and not any(tensor.dim() for tensor in tensors):
        return [torch.stack(tensors)]
    return tensors


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
            if self.given["call_own"]:  # it may hold entries of the student's own
                with contextlib.suppress(Exception):  # what is wrong with it is judged elsewhere
                    own = self.own["ddpm_schedules"](*args, **kwargs)
                    return with_entries(own, self.tensors())
            return self.tensors()

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
    own = getattr(ddpm, name, None)  # it may be the object's, not the class's
    if own is None or getattr(own, "__func__", own) is getattr(nn.Module, name, None):
        raise Missing(f"DDPM.{name}")
    try:
        inspect.signature(own).bind(*args)
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
        if len({row.shape[1] for row in rows}) == 1 and rows[0].shape[1] <= WIDEST:
            arrays[f"argument{position}"] = np.concatenate([row[:, :KEPT] for row in rows])
    return arrays


def schedule_in_use(namespace: Any, inputs: Any) -> Any:
    """The entries of ``ddpm_schedules`` for these arguments, for the student's own schedule."""
    if inputs["given"] is not None:
        return {}
    entries = entries_of(called(namespace["ddpm_schedules"], inputs))
    return {
        f"schedule/{key}": torch.as_tensor(value).detach().to(torch.float64).numpy().reshape(-1)
        for key, value in entries.items()
        if isinstance(key, str) and is_numeric(value)
    }
