"""Part of the probe ``diffusion``: what stands in for the schedule, and how DDPM is built round a
network."""

import contextlib
import inspect
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

if TYPE_CHECKING:  # in the kernel the parts are one source
    from grader.probes.calls import N_FEAT
    from grader.probes.entries import called, entries_of, with_entries
    from grader.probes.names import Names, device_of, of_kind

CONSTRUCTOR = ("nn_model", "betas", "n_T", "prediction_type", "schedule", "device")


class Missing(Exception):
    """The notebook does not define what was asked for."""


class Interface(Exception):
    """The class is there, but cannot be called as the template calls it."""


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


def hyper_parameters(namespace: Any, inputs: Any) -> Any:
    """What the notebook's own names are to be; ``batch_size`` too where batches are asked with."""
    values = {
        "n_T": inputs["T"],
        "betas": (inputs["beta1"], inputs["beta2"]),
        "beta1": inputs["beta1"],
        "beta2": inputs["beta2"],
        "prediction_type": inputs["prediction_type"],
        "schedule": inputs["schedule"],
        "device": device_of(namespace),
        "n_classes": 10,
        "n_feat": N_FEAT,
    }
    return {**values, **({"batch_size": inputs["batch"]} if "batch" in inputs else {})}


def build(namespace: Any, inputs: Any, network: Any, stand_in: Any) -> Any:
    """The student's DDPM round a network, as the template's cell builds it."""
    cls = namespace.get("DDPM")
    if not isinstance(cls, type):
        raise Missing("DDPM")
    values = {**hyper_parameters(namespace, inputs), "nn_model": network}
    values["betas"] = namespace.get("betas", values["betas"])  # set already, in a kind of its own
    namespace["nn_model"] = network
    bound = bind(cls, {name: values[name] for name in CONSTRUCTOR})
    with same_weights():
        ddpm = cls(*bound.args, **bound.kwargs)
    if isinstance(ddpm, nn.Module):
        ddpm.to("cpu")
    stand_in.put_into(ddpm)
    namespace["ddpm"] = ddpm
    return ddpm


@contextlib.contextmanager
def same_weights() -> Any:
    """What is made at random, such as embeddings, is the same in every probe."""
    generator = torch.default_generator
    state = generator.get_state()
    generator.manual_seed(0)
    yield
    generator.set_state(state)


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


@contextlib.contextmanager
def batches_of(namespace: Any, size: Any) -> Any:
    """The notebook's ``batch_size`` while its ``forward`` is given so many images."""
    own = namespace.get("batch_size")
    if own is not None:
        namespace["batch_size"] = of_kind(own, size, "batch_size")
    try:
        yield
    finally:
        if own is not None:
            namespace["batch_size"] = own


def schedule_in_use(namespace: Any, inputs: Any) -> Any:
    """The entries of ``ddpm_schedules`` for these arguments, for the student's own schedule."""
    if inputs["given"] is not None:
        return {}
    entries = entries_of(called(namespace["ddpm_schedules"], inputs))
    return {
        f"schedule/{key}": torch.as_tensor(value).detach().to(torch.float64).numpy().reshape(-1)
        for key, value in entries.items()
        if isinstance(key, str) and isinstance(value, (torch.Tensor, float, int))
    }


def own_hyper_parameters(namespace: Any) -> Any:
    """What the notebook itself is run with, for code that runs with nothing else."""
    found = {name: namespace.get(name) for name in ("n_T", "batch_size", "n_feat")}
    return {
        name: int(value) if isinstance(value, int) and not isinstance(value, bool) else None
        for name, value in found.items()
    }


def named(namespace: Any, inputs: Any) -> Any:
    return Names(namespace, hyper_parameters(namespace, inputs))
