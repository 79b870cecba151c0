"""Runs first in every kernel: answers to the grader's questions.

``begin`` is called once. From then on nothing leads from the student's code to this module: Python
calls ``listen`` for its audit events, and one of those is the question. Questions and answers are
sealed with the kernel's key. Nothing here judges anything, and nothing is left in the notebook's
namespace.
"""

import builtins
import importlib
import json
import marshal
import math
import os
import random
import re
import sys
import threading
import traceback
import types
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

try:
    from resource import RLIMIT_NOFILE, getrlimit, setrlimit
except ImportError:  # Windows has no such limits
    setrlimit = None  # type: ignore[assignment]  # mypy takes the name for a function only

if TYPE_CHECKING:  # in the kernel the parts are one source
    from grader.probes.guard import begin_guard, busy, first, look_round, noticed, watch
    from grader.probes.seal import proof, unsealed

# kept from before the student's code runs, which may put others in their place
BUILTINS = dict(vars(builtins))
CODE, OPEN, ARRAY, THREAD_ID = marshal.loads, open, np.asarray, threading.get_ident
READ = importlib.import_module("json.scanner").c_make_scanner(json.JSONDecoder())
WRITE = importlib.import_module("json.encoder").c_make_encoder(
    *(None, str, json.encoder.encode_basestring_ascii, None, ": ", ", ", False, False, False)
)

QUESTION = "ddpm_grader.question"
SPARE_FILES = 64  # that a question can open where the notebook keeps open all that it may
MANY_FILES = range(512, 2**20)  # if there are fewer, the kernel itself needs nearly all of them
ARRAYS_BYTES = 64 * 2**20
TEXT_CHARACTERS = 20_000
TRACEBACK_CHARACTERS = 8000
NO_MEMORY = re.compile(r"can't allocate memory|DefaultCPUAllocator|Cannot allocate memory")

state = types.SimpleNamespace(
    shell=None, send=None, answer_type="", key=b"", asked=set(), imported=set(), compiled={}
)
around: dict[str, Any] = {"__name__": "_grader_prelude"}
"""The module ``surroundings``, which the student's code sees."""


# --- the beginning --------------------------------------------------------------------------------


def begin(shell: Any, surroundings: Any, known: Any) -> Any:
    """Sets everything up; ``shell`` is IPython's."""
    around["__builtins__"] = builtins
    exec(surroundings, around)
    around["set_up"](shell, known["output_bytes"], known["hidden"])
    state.shell, state.answer_type = shell, known["answer_type"]
    state.send, state.key = sender(shell.display_pub), bytes.fromhex(known["key"])
    shell.kernel._execute_sleep = 0  # it would wait for what is printed, which nobody keeps
    BUILTINS.update(vars(builtins))
    sow(known["seed"])
    begin_guard(shell, known["given"])
    spare_files(SPARE_FILES)
    sys.addaudithook(listen)


def sender(publisher: Any) -> Any:
    """Shows something, as ``display`` does, with bytes beside it that need no encoding."""
    session, socket = publisher.session, publisher.pub_socket
    # To send without a copy takes a thread and sockets, for which the notebook may leave no files.
    session.copy_threshold = sys.maxsize

    def send(content: Any, attached: Any) -> Any:
        session.send(
            socket,
            "display_data",
            content=content,
            parent=publisher.parent_header,
            buffers=[attached],
        )

    return send


def listen(event: Any, args: Any) -> Any:
    """An audit hook, which stays: notes installed packages however they are imported, and what
    only the grader has a use for; and answers."""
    if event == "exec":
        _, found, path = str(getattr(args[0], "co_filename", "")).rpartition("-packages/")
        if found:
            state.imported.add(path.split("/")[0].removesuffix(".py"))
    elif event == QUESTION:
        spare_files(0)
        try:
            answer(args[0])
        finally:
            spare_files(SPARE_FILES)
    else:
        watch(event, args)


def spare_files(count: Any) -> Any:
    """Lowers the number of files that this process may have open by ``count``, if it may have
    many."""
    if setrlimit is not None and (most := getrlimit(RLIMIT_NOFILE)[1]) in MANY_FILES:
        setrlimit(RLIMIT_NOFILE, (most - count, most))


# --- questions ------------------------------------------------------------------------------------


def sow(seed: Any) -> Any:
    """Seeds random, numpy and torch."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.default_generator.manual_seed(seed)  # torch's own way describes the stack to accelerators


def content(path: Any) -> Any:
    thread = THREAD_ID()
    busy.add(thread)  # this is no reading of the student's
    try:
        with OPEN(path, "rb") as file:
            return file.read()
    finally:
        busy.discard(thread)


def answer(path: Any) -> Any:
    """Runs the probe that a file asks for in sealed JSON, and publishes what came of it. What the
    grader did not write, or has asked before, is no question."""
    question = unsealed(state.key, content(path))
    if question is None or question[0] in state.asked:
        return
    nonce, text = question
    state.asked.add(nonce)
    request, _ = READ(text.decode(), 0)
    name = f"<probe {request['name']}>"
    if not first:  # later, it was looked round at the end of the question before
        look_round(state.shell.user_ns)
    standard = sys.stdout, sys.stderr
    with OPEN(os.devnull, "w", encoding="utf-8", errors="replace") as sink:
        sys.stdout = sys.stderr = sink
        try:
            report, arrays = in_either_place(name, request)
        finally:
            sys.stdout, sys.stderr = standard
    look_round(state.shell.user_ns)
    report.update(imported=sorted(state.imported), noticed=sorted(noticed))
    said = "".join(WRITE(report, 0)).encode()
    data = {state.answer_type: proof(state.key, nonce, said, arrays).hex() + said.decode()}
    state.send({"data": data, "metadata": {}, "transient": {}}, arrays)


def in_either_place(name: Any, request: Any) -> Any:
    """What came of a probe; where the code raised after it had looked where tensors are, of asking
    once more with all of them on the other device."""
    place = around["place"]
    place.used = place.used or around["is_accelerator"](state.shell.user_ns.get("device"))
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
    around["place"].looked = False
    try:
        return run(name, request)
    except BaseException as error:
        return describe(error, name), b""


def run(name: Any, request: Any) -> Any:
    """The report of a probe that went well, and its arrays' bytes, each padded to eight."""
    module = types.ModuleType("_grader_probe")
    module.__dict__["__builtins__"] = BUILTINS
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
        text = str(error)[:TEXT_CHARACTERS]
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
