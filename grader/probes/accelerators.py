"""Part of the prelude: the GPU that a notebook was written for, on a machine that has none.

Whoever asks is told that there is one, as asserts and branches want it, and all that is sent there
is computed on the CPU. torch's own code is told the truth. Tensors say that they are on the CPU;
where the student's code looked and then raised, it is asked once more by tensors that say 'cuda'.
"""

import collections
import contextlib
import functools
import os
import re
import shutil
import sys
import time
import types
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

ACCELERATOR = re.compile(r"^(cuda|mps|xpu|hip|hpu|xla|mtia|privateuseone)(:-?\d+)?$")
CPU = torch.device("cpu")
GPU = torch.device("cuda", 0)
NAMES_DEVICE = (str, torch.device)
OURS = ("torch", "torchvision", "_grader_probe", "_grader_prelude")  # who is told the truth
HALVES = (torch.float16, torch.bfloat16)
NOT_ON_CPU = re.compile(r"not implemented for '(Half|BFloat16)'")
MIXED = re.compile(r"Half|BFloat16|same dtype|should be the same")

BYTES = 2**30  # of the GPU's memory, wherever it is asked how much is used for what
CARD = types.SimpleNamespace(  # the one that Colab lends most often
    name="Tesla T4",
    major=7,
    minor=5,
    total_memory=15_828_320_256,
    multi_processor_count=40,
    max_threads_per_multi_processor=1024,
    warp_size=32,
    regs_per_multiprocessor=65_536,
    shared_memory_per_block=49_152,
    L2_cache_size=4 * 2**20,
    is_integrated=0,
    is_multi_gpu_board=0,
    gcnArchName="Tesla T4",
    uuid="GPU-00000000-0000-0000-0000-000000000000",
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
SAYS = {  # what the functions of torch.cuda answer
    "current_device": 0,
    "get_device_name": CARD.name,
    "get_device_properties": CARD,
    "get_device_capability": (CARD.major, CARD.minor),
    "get_arch_list": ["sm_75"],
    "mem_get_info": (CARD.total_memory - 2 * BYTES, CARD.total_memory),
    "memory_summary": "1024 MiB allocated",
    "memory_snapshot": [],
    "list_gpu_processes": "no processes are running",
    "is_bf16_supported": False,
    "can_device_access_peer": False,
    "utilization": 50,
    "memory_usage": 50,
    "temperature": 50,
    "power_draw": 50_000,
    "clock_rate": 1590,
}
KINDS = ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool")
NVML = {  # what the functions of pynvml answer; the others, nothing
    "nvmlDeviceGetCount": 1,
    "nvmlDeviceGetName": CARD.name,
    "nvmlDeviceGetMemoryInfo": types.SimpleNamespace(
        total=CARD.total_memory, free=CARD.total_memory - BYTES, used=BYTES
    ),
    "nvmlDeviceGetUtilizationRates": types.SimpleNamespace(gpu=50, memory=50),
    "nvmlDeviceGetTemperature": 50,
    "nvmlDeviceGetPowerUsage": 50_000,
    "nvmlSystemGetDriverVersion": "550.54.15",
}

SMI = """
import sys
facts = {"name": "Tesla T4", "gpu_name": "Tesla T4", "memory.total": "15360 MiB",
         "memory.free": "14336 MiB", "memory.used": "1024 MiB", "utilization.gpu": "50 %",
         "utilization.memory": "50 %", "temperature.gpu": "50", "compute_cap": "7.5", "index": "0",
         "count": "1", "driver_version": "550.54.15", "power.draw": "50.00 W"}
asked = [a.split("=", 1)[1] for a in sys.argv if a.startswith("--query-gpu=")]
form = " ".join(sys.argv)
if "-L" in sys.argv:
    print("GPU 0: Tesla T4 (UUID: GPU-00000000-0000-0000-0000-000000000000)")
elif asked:
    names = [name.strip() for name in asked[0].split(",")]
    if "noheader" not in form:
        print(", ".join(names))
    values = [facts.get(name, "[N/A]") for name in names]
    plain = "nounits" in form
    print(", ".join(v.split(" ")[0] if plain and v != "Tesla T4" else v for v in values))
else:
    print("NVIDIA-SMI 550.54.15   Driver Version: 550.54.15   CUDA Version: 12.4")
    print("|   0  Tesla T4   | 1024MiB / 15360MiB |  50%  Default |")
"""

place = types.SimpleNamespace(mode=None, used=False, shown=False, looked=False, autocast=0)


def is_accelerator(value: Any) -> Any:
    """'cuda', 'cuda:0', torch.device('mps') and the like."""
    if isinstance(value, torch.device):
        return value.type not in ("cpu", "meta")
    return isinstance(value, str) and ACCELERATOR.match(value) is not None


def on_cpu(value: Any) -> Any:
    """The CPU in place of an accelerator; all else is kept."""
    if isinstance(value, str) and ACCELERATOR.match(value):
        place.used = True
        return "cpu"
    if isinstance(value, torch.device) and value.type not in ("cpu", "meta"):
        place.used = True
        return CPU
    return value


def named(device: Any) -> Any:
    place.used = place.used or is_accelerator(device)
    return device


def is_index(value: Any) -> Any:
    return isinstance(value, int) and not isinstance(value, bool)


def known(caller: Any) -> Any:
    """Whether this is torch's own code, or the grader's."""
    return str(caller.f_globals.get("__name__", "")).split(".")[0] in OURS


# --- tensors --------------------------------------------------------------------------------------


def to_cpu(tensor: Any, *args: Any, **kwargs: Any) -> Any:
    """A copy, as it is one where the tensor comes from a GPU: some store it and go on in place."""
    brought = tensor.cpu(*args, **kwargs)
    return brought.clone() if brought is tensor and place.used else brought


def to_type(tensor: Any, *args: Any, **kwargs: Any) -> Any:
    if args and isinstance(args[0], str):
        return tensor.type(args[0].replace("torch.cuda.", "torch."), *args[1:], **kwargs)
    return tensor.type(*args, **kwargs)


def to_place(tensor: Any, *args: Any, **kwargs: Any) -> Any:
    if args and is_index(args[0]):
        place.used = True
        args = (CPU, *args[1:])
    return tensor.to(*args, **kwargs)


def to_gpu(tensor: Any, *args: Any, **kwargs: Any) -> Any:
    place.used = True
    return tensor


TENSOR: Any = torch.Tensor
MOVES = {
    TENSOR.cuda: to_gpu,
    TENSOR.pin_memory: lambda tensor, *args, **kwargs: tensor,
    TENSOR.is_pinned: lambda tensor, *args, **kwargs: False,
    TENSOR.cpu: to_cpu,
    TENSOR.type: to_type,
    TENSOR.to: to_place,
}
LOOKS = {  # where a tensor is; what it says if it is to be on the GPU
    TENSOR.device.__get__: GPU,
    TENSOR.is_cuda.__get__: True,
    TENSOR.is_cpu.__get__: False,
    TENSOR.get_device: 0,
}
SPECIAL = {*MOVES, *LOOKS, torch.device}


class OnCpu(TorchFunctionMode):
    """Sends every torch call that names an accelerator to the CPU."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in SPECIAL:
            if func is torch.device:  # a name, which its use sends to the CPU
                return named(func(*args, **kwargs or {}))
            if func in MOVES:
                func = MOVES[func]
            elif (place.shown or not place.looked) and not known(sys._getframe(1)):
                place.looked = True
                if place.shown:
                    return LOOKS[func]
        for value in args:  # a plain loop, as this runs at every call of torch's
            if isinstance(value, NAMES_DEVICE):
                args = tuple(on_cpu(a) for a in args)
                break
        try:
            if not kwargs:
                return func(*args)
            if "device" in kwargs or "pin_memory" in kwargs:
                kwargs = moved(kwargs)
            return func(*args, **kwargs)
        except RuntimeError as error:
            if not only_here(error, args):
                raise
        return in_full(func, args, kwargs or {})


def moved(kwargs: Any) -> Any:
    """A call's arguments by name, to be computed on the CPU."""
    kwargs = dict(kwargs)
    kwargs.pop("pin_memory", None)
    device = kwargs.get("device")
    if device is not None:
        kwargs["device"] = CPU if is_index(device) else on_cpu(device)
    return kwargs


def only_here(error: Any, args: Any) -> Any:
    """Whether this failed only as the CPU has fewer kernels of half precision than a GPU, or as
    autocast would have made the types one."""
    if not any(isinstance(a, torch.Tensor) and a.dtype in HALVES for a in args):
        return False
    text = str(error)
    return NOT_ON_CPU.search(text) or (place.autocast > 0 and MIXED.search(text))


def in_full(func: Any, args: Any, kwargs: Any) -> Any:
    """The call in single precision; its result as the GPU would give it."""
    kinds = [a.dtype for a in args if isinstance(a, torch.Tensor) and a.dtype in HALVES]
    whole = [a.float() if isinstance(a, torch.Tensor) and a.dtype in HALVES else a for a in args]
    result = func(*whole, **kwargs)
    return result.to(kinds[0]) if isinstance(result, torch.Tensor) else result


# --- torch's functions ----------------------------------------------------------------------------


def replace(owner: Any, name: Any, make: Any) -> Any:
    """Puts ``make(original)`` in the place of an attribute that exists, with its name and text."""
    original = getattr(owner, name, None)
    if original is not None:
        setattr(owner, name, functools.update_wrapper(make(original), original))


def always(value: Any) -> Any:
    return lambda original=None: lambda *args, **kwargs: value


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


class Where(contextlib.nullcontext):  # type: ignore[type-arg]
    """``with torch.cuda.device(0)`` and ``with torch.cuda.stream(s)``: nothing changes."""

    def __init__(self, which: Any = 0) -> None:
        super().__init__()
        self.idx, self.stream = which, which


class Stream:
    """All is done in order, so that there is nothing to wait for."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.device, self.cuda_stream, self.stream_id = GPU, 0, 0

    def synchronize(self, *args: Any) -> Any:
        return None

    wait_stream = wait_event = synchronize

    def query(self) -> Any:
        return True

    def record_event(self, event: Any = None) -> Any:
        event = Event() if event is None else event
        event.record()
        return event

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: Any) -> None:
        return None


class Event:
    """A moment, in milliseconds."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.moment = time.perf_counter()

    def record(self, stream: Any = None) -> None:
        self.moment = time.perf_counter()

    def synchronize(self, *args: Any) -> Any:
        return None

    wait = synchronize

    def query(self) -> Any:
        return True

    def elapsed_time(self, end: Any) -> Any:
        return max((end.moment - self.moment) * 1000, 1e-3)


# --- other ways to ask for the card ---------------------------------------------------------------


def install_smi(folder: Any) -> Any:
    """The program ``nvidia-smi``, where there is none."""
    if shutil.which("nvidia-smi"):
        return
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "nvidia-smi")
    with open(path, "w") as file:
        file.write(f"#!{sys.executable} -IS{SMI}")
    os.chmod(path, 0o700)
    os.environ["PATH"] = os.pathsep.join([os.environ.get("PATH", ""), folder])


class Nvml(types.ModuleType):
    """``pynvml``, which knows of one card."""

    NVMLError = type("NVMLError", (Exception,), {})
    __all__ = ("NVMLError", "nvmlInit", "nvmlShutdown", "nvmlDeviceGetHandleByIndex", *NVML)

    def __getattr__(self, name: Any) -> Any:
        if name.startswith("nvml"):
            return always(NVML.get(name))()
        if name.startswith("NVML_"):
            return 0
        raise AttributeError(name)


def gputil() -> Any:
    """``GPUtil``, likewise."""
    module = types.ModuleType("GPUtil")
    mebibytes = CARD.total_memory / 2**20
    card = types.SimpleNamespace(
        **{"id": 0, "name": CARD.name, "uuid": CARD.uuid, "load": 0.5, "temperature": 50.0},
        **{"memoryTotal": mebibytes, "memoryUsed": 1024.0, "memoryFree": mebibytes - 1024},
        **{"memoryUtil": 1024 / mebibytes, "driver": "550.54.15", "display_active": "Disabled"},
    )
    answers = {"getGPUs": [card], "getAvailable": [0], "getFirstAvailable": [0]}
    module.__dict__["showUtilization"] = always(None)()
    for name, value in answers.items():
        setattr(module, name, always(value)())
    return module
