"""Runs first in every kernel, as a private module: the CPU for 'cuda', and answers to probes.

``begin`` is called once, ``answer`` for every probe. Nothing here judges anything, and nothing is
left in the notebook's namespace.
"""

import ast
import builtins
import json
import marshal
import math
import os
import random
import re
import sys
import traceback
import types
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

if TYPE_CHECKING:  # in the kernel the parts are one source
    from grader.probes.absent import know_other_versions, stand_in_for_absent_libraries

# kept from before the student's code runs, which may put others in their place
LOADS, DUMPS, ARRAY = json.loads, json.dumps, np.asarray
CODE, OPEN, PARSE = marshal.loads, open, ast.parse

ARRAYS_BYTES = 64 * 2**20
TRACEBACK_CHARACTERS = 8000
ACCELERATOR = re.compile(r"^(cuda|mps|xpu|hip|hpu|xla|mtia|privateuseone)(:\d+)?$")
CPU = torch.device("cpu")
MOVES = {torch.Tensor.cuda, torch.Tensor.pin_memory, torch.Tensor.type, torch.Tensor.to}
NAMES_DEVICE = (str, torch.device)
NO_MEMORY = re.compile(r"can't allocate memory|DefaultCPUAllocator|Cannot allocate memory")

SILENT = (
    *("synchronize", "empty_cache", "set_device", "init", "ipc_collect"),
    *("manual_seed", "manual_seed_all", "seed", "seed_all"),
    *("reset_peak_memory_stats", "reset_max_memory_allocated"),
)
KINDS = ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool")

state = types.SimpleNamespace(
    shell=None, send=None, mode=None, answer_type="", imported=set(), compiled={}
)


# --- 'cuda' costs nothing -------------------------------------------------------------------------


def on_cpu(value: Any) -> Any:
    """'cuda', 'cuda:0', torch.device('mps') and the like become the CPU; all else is kept."""
    if isinstance(value, str) and ACCELERATOR.match(value):
        return "cpu"
    if isinstance(value, torch.device) and value.type not in ("cpu", "meta"):
        return CPU
    return value


def is_index(value: Any) -> Any:
    return isinstance(value, int) and not isinstance(value, bool)


class OnCpu(TorchFunctionMode):
    """Sends every torch call that names an accelerator to the CPU."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in MOVES:
            if func is torch.Tensor.cuda or func is torch.Tensor.pin_memory:
                return args[0]
            if func is torch.Tensor.type and len(args) > 1 and isinstance(args[1], str):
                args = (args[0], args[1].replace("torch.cuda.", "torch."))
            if func is torch.Tensor.to and len(args) > 1 and is_index(args[1]):
                args = (args[0], CPU, *args[2:])
        for value in args:  # a plain loop, as this runs at every call of torch's
            if isinstance(value, NAMES_DEVICE):
                args = tuple(on_cpu(a) for a in args)
                break
        if not kwargs:
            return func(*args)
        if kwargs.get("device") is not None:
            device = kwargs["device"]
            kwargs = {**kwargs, "device": CPU if is_index(device) else on_cpu(device)}
        return func(*args, **kwargs)


def replace(owner: Any, name: Any, make: Any) -> Any:
    """Puts ``make(original)`` in the place of an attribute that exists."""
    original = getattr(owner, name, None)
    if original is not None:
        setattr(owner, name, make(original))


def send_to_cpu() -> Any:
    """Everything that names an accelerator without passing through a torch function."""
    state.mode = OnCpu()
    state.mode.__enter__()
    from torch.utils import _device

    def of_context(original: Any) -> Any:
        def initialise(self: Any, device: Any) -> None:
            original(self, on_cpu(torch.device(device)))

        return initialise

    replace(_device.DeviceContext, "__init__", of_context)

    def of_default(original: Any) -> Any:
        def set_default_device(device: Any) -> Any:
            original(CPU if is_index(device) else on_cpu(device))

        return set_default_device

    replace(torch, "set_default_device", of_default)

    def of_load(original: Any) -> Any:
        def load(f: Any, map_location: Any = None, *args: Any, **kwargs: Any) -> Any:
            return original(f, "cpu", *args, **kwargs)

        return load

    replace(torch, "load", of_load)

    class Generator(torch.Generator):
        def __new__(cls, device: Any = "cpu") -> Any:
            make: Any = super().__new__
            return make(cls, device=on_cpu(device))

    Generator.__module__, Generator.__qualname__ = "torch", "Generator"
    vars(torch)["Generator"] = Generator

    def of_type(original: Any) -> Any:
        def set_default_tensor_type(t: Any) -> Any:
            original(t.replace("torch.cuda.", "torch.") if isinstance(t, str) else t)

        return set_default_tensor_type

    replace(torch, "set_default_tensor_type", of_type)
    # There is no C compiler here; a compiled module computes the same as the module itself.
    replace(torch, "compile", lambda original: not_compiled)
    quiet_cuda()


def not_compiled(model: Any = None, **kwargs: Any) -> Any:
    return model if model is not None else lambda function: function


def quiet_cuda() -> Any:
    """torch.cuda's housekeeping does nothing; ``is_available()`` stays False."""
    cuda = torch.cuda
    for name in SILENT:
        replace(cuda, name, lambda original: lambda *args, **kwargs: None)
    replace(cuda, "get_device_name", lambda original: lambda *args, **kwargs: "cpu")
    replace(cuda, "current_device", lambda original: lambda: 0)
    for name in (f"{kind}Tensor" for kind in KINDS):
        if hasattr(torch, name):
            setattr(cuda, name, getattr(torch, name))
    replace(torch.nn.Module, "cuda", lambda original: lambda self, device=None: self)


# --- output ---------------------------------------------------------------------------------------


class Tap:
    """Lets a stream's writes through until the submission's output is used up."""

    left = 0

    def __init__(self, stream: Any) -> None:
        self.write_through = stream.write

    def write(self, text: Any) -> Any:
        if isinstance(text, str) and len(text) > Tap.left:
            kept, Tap.left = text[: Tap.left], 0
            if kept:
                self.write_through(kept)
            return len(text)
        Tap.left -= len(text)
        return self.write_through(text)


# --- probes ---------------------------------------------------------------------------------------


def begin(shell: Any, seed: Any, output_bytes: Any, answer_type: Any) -> Any:
    """Sets everything up; ``shell`` is IPython's."""
    state.shell, state.answer_type = shell, answer_type
    state.send = sender(shell.display_pub)
    replace(shell, "transform_cell", of_transformer)
    Tap.left = output_bytes
    for stream in (sys.stdout, sys.stderr):
        vars(stream)["write"] = Tap(stream).write
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    send_to_cpu()
    know_other_versions()
    stand_in_for_absent_libraries()
    sow(seed)
    sys.addaudithook(watch_imports)


def sender(publisher: Any) -> Any:
    """Shows something, as ``display`` does, with bytes beside it that need no encoding."""
    session, socket = publisher.session, publisher.pub_socket

    def send(content: Any, attached: Any) -> Any:
        session.send(
            socket,
            "display_data",
            content=content,
            parent=publisher.parent_header,
            buffers=[attached],
        )

    return send


def of_transformer(original: Any) -> Any:
    """IPython takes a cell apart token by token, several times over, to find its own syntax; what
    is Python without it would come out as it is, but for prompts that were copied with it."""

    def transform_cell(raw: Any) -> Any:
        try:
            PARSE(raw)
        except Exception:
            return original(raw)
        return original(raw) if "In [" in raw else raw if raw.endswith("\n") else f"{raw}\n"

    return transform_cell


def watch_imports(event: Any, args: Any) -> Any:
    """An audit hook, which stays: notes installed packages however they are imported."""
    if event == "exec":
        _, found, path = str(getattr(args[0], "co_filename", "")).rpartition("-packages/")
        if found:
            state.imported.add(path.split("/")[0].removesuffix(".py"))


def sow(seed: Any) -> Any:
    """Seeds random, numpy and torch."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.default_generator.manual_seed(seed)  # torch's own way describes the stack to accelerators


def content(path: Any) -> Any:
    with OPEN(path, "rb") as file:
        return file.read()


def answer(path: Any) -> Any:
    """Runs the probe that a file asks for in JSON, and publishes what came of it."""
    request = LOADS(content(path))
    name = f"<probe {request['name']}>"
    arrays = b""
    standard = sys.stdout, sys.stderr
    with open(os.devnull, "w", encoding="utf-8", errors="replace") as sink:
        sys.stdout = sys.stderr = sink
        try:
            report, arrays = run(name, request)
        except BaseException as error:
            report = describe(error, name)
        finally:
            sys.stdout, sys.stderr = standard
    report.update(nonce=request["nonce"], imported=sorted(state.imported))
    data = {state.answer_type: DUMPS(report, allow_nan=False)}
    state.send({"data": data, "metadata": {}, "transient": {}}, arrays)


def run(name: Any, request: Any) -> Any:
    """The report of a probe that went well, and its arrays' bytes, each padded to eight."""
    module = types.ModuleType("_grader_probe")
    module.__dict__["__builtins__"] = builtins
    if request["code"] is not None:  # it is sent once
        state.compiled[name] = CODE(content(request["code"]))
    exec(state.compiled[name], module.__dict__)
    sow(request["seed"])
    arrays, facts = module.run(state.shell.user_ns, request["inputs"])
    plain = {key: as_array(value) for key, value in arrays.items()}
    if sum(array.nbytes + 8 for array in plain.values()) > ARRAYS_BYTES:
        raise ValueError(f"the arrays are larger than {ARRAYS_BYTES // 2**20} MiB")
    index = [[key, array.dtype.str[1:], list(array.shape)] for key, array in plain.items()]
    parts = [part for array in plain.values() for part in (array, bytes(-array.nbytes % 8))]
    report = {"status": "ok", "facts": as_json(facts), "arrays": index}
    return report, b"".join(parts)


def as_array(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        value = (value.float() if value.dtype is torch.bfloat16 else value).numpy()
    value = ARRAY(value)
    if value.dtype.kind not in "biuf" or value.dtype.itemsize > 8:
        raise TypeError(f"an array of {value.dtype} cannot be handed back")
    kind = "u1" if value.dtype.kind == "b" else value.dtype.newbyteorder("=")
    return ARRAY(value, dtype=kind, order="C")


def as_json(value: Any) -> Any:
    """Plain JSON; numbers that are not finite become null."""
    if isinstance(value, dict):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [as_json(item) for item in value]
    if isinstance(value, (np.generic, torch.Tensor)):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def describe(error: Any, probe: Any) -> Any:
    """The report of an exception: what it means, its class and text, and where."""
    frames = list(traceback.extract_tb(error.__traceback__))
    while frames and frames[0].filename == "<prelude>":
        frames = frames[1:]
    known = getattr(state.shell.compile, "_filename_map", {})
    theirs = any(frame.filename in known for frame in frames)
    try:
        text = str(error)[:20000]
    except BaseException:
        text = "(its text could not be had)"
    kind = type(error).__name__
    status = "error"
    if isinstance(error, MemoryError) or NO_MEMORY.search(text):
        status = "out_of_memory"
    elif not theirs and frames and frames[-1].filename == probe:
        status = "doubtful"  # the question itself failed, on something that nobody foresaw
    lines = ["Traceback (most recent call last):"]
    for frame in frames:
        where = frame.filename
        if where in known:
            where = f"Cell In[{known[where]}]"
        lines.append(f"  {where}, line {frame.lineno}, in {frame.name}")
        lines.extend([f"    {frame.line}"] if frame.line else [])
    lines.append(f"{kind}: {text}")
    shown = "\n".join(lines)[-TRACEBACK_CHARACTERS:]
    return {"status": status, "message": f"{kind}: {text}", "traceback": shown, "facts": {}}
