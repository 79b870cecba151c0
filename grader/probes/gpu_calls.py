"""Part of the prelude: torch's functions that name a GPU, or ask for one, without a tensor."""

import collections
import contextlib
import functools
import os
import sys
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:  # in the kernel the parts are one source
    from grader.probes.accelerators import (
        CPU,
        OnCpu,
        is_accelerator,
        is_index,
        known,
        on_cpu,
        place,
    )
    from grader.probes.card import (
        BYTES,
        GPU,
        SAYS,
        Event,
        Nvml,
        Stream,
        Where,
        always,
        gputil,
        install_smi,
    )

SILENT = (
    *("synchronize", "empty_cache", "set_device", "init", "ipc_collect", "set_stream", "cudart"),
    *("manual_seed", "manual_seed_all", "seed", "seed_all", "reset_peak_memory_stats"),
    *("reset_max_memory_allocated", "reset_max_memory_cached", "reset_accumulated_memory_stats"),
    *("set_per_process_memory_fraction", "set_sync_debug_mode", "is_current_stream_capturing"),
)
AMOUNTS = (
    *("memory_allocated", "max_memory_allocated", "memory_reserved", "max_memory_reserved"),
    *("memory_cached", "max_memory_cached", "current_allocated_memory"),
    *("driver_allocated_memory", "recommended_max_memory"),
)
KINDS = ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool")


def replace(owner: Any, name: Any, make: Any) -> Any:
    """Puts ``make(original)`` in the place of an attribute that exists, with its name and text."""
    original = getattr(owner, name, None)
    if original is not None:
        setattr(owner, name, functools.update_wrapper(make(original), original))


def told(value: Any) -> Any:
    """Says ``value`` to the student's code, and to torch's what it finds itself."""

    def of(original: Any) -> Any:
        def answered(*args: Any, **kwargs: Any) -> Any:
            return original(*args, **kwargs) if known(sys._getframe(1)) else value

        return answered

    return of


def send_to_cpu() -> Any:
    """Everything that names an accelerator, and everything that asks for one."""
    place.mode = OnCpu()
    place.mode.__enter__()
    from torch.utils import _device

    replace(
        _device.DeviceContext,
        "__init__",
        lambda original: lambda self, device: original(self, on_cpu(torch.device(device))),
    )
    replace(
        torch,
        "set_default_device",
        lambda original: lambda device: original(CPU if is_index(device) else on_cpu(device)),
    )
    replace(torch, "load", of_load)
    replace(torch.nn.Module, "to", of_module)
    replace(torch.nn.Module, "cuda", lambda original: lambda self, device=None: self)
    replace(torch, "set_default_tensor_type", of_type)
    # There is no C compiler here; a compiled module computes the same as the module itself.
    replace(torch, "compile", of_compile)
    for name in ("__init__", "__enter__", "__exit__"):
        replace(torch.autocast, name, AUTOCAST[name])
    vars(torch)["Generator"] = Generator
    show_cuda(torch.cuda)
    show_others()
    for module in (Nvml("pynvml"), gputil()):
        sys.modules[module.__name__] = module
    install_smi(os.path.join(os.getcwd(), ".programs"))
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "0")


def of_load(original: Any) -> Any:
    def load(f: Any, map_location: Any = None, *args: Any, **kwargs: Any) -> Any:
        return original(f, "cpu", *args, **kwargs)

    return load


def of_module(original: Any) -> Any:
    def to(self: Any, *args: Any, **kwargs: Any) -> Any:
        if args and is_index(args[0]):
            args = (CPU, *args[1:])
        if is_index(kwargs.get("device")):
            kwargs["device"] = CPU
        return original(self, *args, **kwargs)

    return to


def of_type(original: Any) -> Any:
    def set_default_tensor_type(t: Any) -> Any:
        original(t.replace("torch.cuda.", "torch.") if isinstance(t, str) else t)

    return set_default_tensor_type


def of_compile(original: Any) -> Any:
    return lambda model=None, **kwargs: model if model is not None else lambda function: function


def of_autocast(original: Any) -> Any:
    """A GPU's is switched off: what it makes faster there is only less exact here."""

    def initialise(self: Any, device_type: Any, *args: Any, **kwargs: Any) -> Any:
        self._for_gpu = is_accelerator(device_type) or place.used
        if not self._for_gpu:
            original(self, device_type, *args, **kwargs)
        else:
            original(self, "cpu", enabled=False)
            self._for_gpu = bool(args[1] if len(args) > 1 else kwargs.get("enabled", True))

    return initialise


def counted(step: Any) -> Any:
    def of(original: Any) -> Any:
        def passed(self: Any, *args: Any) -> Any:
            place.autocast += step if self._for_gpu else 0
            return original(self, *args)

        return passed

    return of


AUTOCAST = {"__init__": of_autocast, "__enter__": counted(1), "__exit__": counted(-1)}


class Generator(torch.Generator):
    """Draws on the CPU and says where it was asked to."""

    def __new__(cls, device: Any = "cpu") -> Any:
        make: Any = super().__new__
        generator = make(cls, device=CPU if is_index(device) else on_cpu(device))
        generator.asked = torch.device(device)
        return generator


def of_generator(generator: Any) -> Any:
    return CPU if known(sys._getframe(1)) else generator.asked


setattr(Generator, "device", property(of_generator))  # noqa: B010 - which torch's own types forbid
Generator.__module__, Generator.__qualname__ = "torch", "Generator"


def show_cuda(cuda: Any) -> Any:
    """A card in ``torch.cuda``; its random numbers are the CPU's."""
    for name in SILENT:
        replace(cuda, name, always(None))
    for name in AMOUNTS:
        replace(cuda, name, always(BYTES))
    for name, value in SAYS.items():
        replace(cuda, name, always(value))
    for name in ("memory_stats", "memory_stats_as_nested_dict"):
        replace(cuda, name, lambda original: lambda *a, **k: collections.defaultdict(lambda: BYTES))
    for name in ("is_available", "is_initialized"):
        replace(cuda, name, told(True))
    replace(cuda, "device_count", told(1))
    # each a function of its own, as torch's compiler wants no two names for one
    cuda.get_rng_state = lambda device=None: torch.get_rng_state()
    cuda.get_rng_state_all = lambda: [torch.get_rng_state()]
    cuda.set_rng_state = lambda state, device=None: torch.set_rng_state(state)
    cuda.set_rng_state_all = lambda states: torch.set_rng_state(states[0])
    cuda.initial_seed = lambda device=None: torch.initial_seed()
    cuda.default_generators = (torch.default_generator,)
    cuda.Stream = cuda.ExternalStream = Stream
    cuda.Event = Event
    cuda.current_stream = cuda.default_stream = lambda device=None: Stream()
    cuda.stream = cuda.StreamContext = cuda.device = cuda.device_of = Where
    for name in (f"{kind}Tensor" for kind in KINDS):
        if hasattr(torch, name):
            setattr(cuda, name, getattr(torch, name))


def show_others() -> Any:
    """The same for Apple's GPU, torch's newer way to ask, and kernels that only a GPU has."""
    apple, newer = getattr(torch, "mps", None), getattr(torch, "accelerator", None)
    for name in ("is_available", "is_built"):
        replace(torch.backends.mps, name, told(True))
    for name in (*SILENT, "set_rng_state"):
        replace(apple, name, always(None))
    for name in AMOUNTS:
        replace(apple, name, always(BYTES))
    replace(apple, "get_rng_state", lambda original: lambda device=None: torch.get_rng_state())
    replace(apple, "device_count", told(1))
    replace(newer, "is_available", told(True))
    replace(newer, "device_count", told(1))
    replace(newer, "current_accelerator", told(GPU))
    for name in ("synchronize", "set_device_index", "set_device_idx", "empty_cache"):
        replace(newer, name, always(None))
    for name in ("current_device_index", "current_device_idx"):
        replace(newer, name, always(0))
    replace(torch.backends.cuda, "is_built", told(True))
    for name in ("flash", "mem_efficient", "math", "cudnn"):
        replace(torch.backends.cuda, f"enable_{name}_sdp", always(None))
    attention = getattr(torch.nn, "attention", None)
    for owner, name in ((torch.backends.cuda, "sdp_kernel"), (attention, "sdpa_kernel")):
        replace(owner, name, lambda original: lambda *args, **kwargs: contextlib.nullcontext())
    replace(torch.backends.cudnn, "is_available", told(True))
    if torch.version.cuda is None:
        torch.version.cuda = "12.8"
