"""Runs first in every kernel, as a private module: sets it up, and answers to probes.

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

if TYPE_CHECKING:  # in the kernel the parts are one source
    from grader.probes.absent import know_other_versions, stand_in_for_absent_libraries
    from grader.probes.accelerators import is_accelerator, place
    from grader.probes.folders import open_folders
    from grader.probes.gpu_calls import replace, send_to_cpu

# kept from before the student's code runs, which may put others in their place
LOADS, DUMPS, ARRAY = json.loads, json.dumps, np.asarray
CODE, OPEN, PARSE = marshal.loads, open, ast.parse

ARRAYS_BYTES = 64 * 2**20
TRACEBACK_CHARACTERS = 8000
NO_MEMORY = re.compile(r"can't allocate memory|DefaultCPUAllocator|Cannot allocate memory")

state = types.SimpleNamespace(shell=None, send=None, answer_type="", imported=set(), compiled={})


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
    open_folders(shell)
    sys.argv[:] = ["ipykernel_launcher.py", "-f", os.path.expanduser("~/kernel.json")]
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
    standard = sys.stdout, sys.stderr
    with open(os.devnull, "w", encoding="utf-8", errors="replace") as sink:
        sys.stdout = sys.stderr = sink
        try:
            report, arrays = in_either_place(name, request)
        finally:
            sys.stdout, sys.stderr = standard
    report.update(nonce=request["nonce"], imported=sorted(state.imported))
    data = {state.answer_type: DUMPS(report, allow_nan=False)}
    state.send({"data": data, "metadata": {}, "transient": {}}, arrays)


def in_either_place(name: Any, request: Any) -> Any:
    """What came of a probe; where the code raised after it had looked where tensors are, of asking
    once more with all of them on the other device."""
    place.used = place.used or is_accelerator(state.shell.user_ns.get("device"))
    report, arrays = asked(name, request)
    if report["status"] != "error" or not place.looked:
        return report, arrays
    place.shown = not place.shown
    again = asked(name, request)
    if again[0]["status"] == "ok":
        return again
    place.shown = not place.shown
    return report, arrays


def asked(name: Any, request: Any) -> Any:
    """The report of a probe, and its arrays' bytes."""
    place.looked = False
    try:
        return run(name, request)
    except BaseException as error:
        return describe(error, name), b""


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
