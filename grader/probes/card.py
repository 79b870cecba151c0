"""Part of the prelude: the card that a notebook finds, whichever way it asks for one."""

import contextlib
import os
import shutil
import sys
import time
import types
from typing import Any

import torch

GPU = torch.device("cuda", 0)
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


def always(value: Any) -> Any:
    return lambda original=None: lambda *args, **kwargs: value


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
