"""First part of the prelude: what the notebook's code does that honest code never does.

It notes, and hinders nothing: that names which the questions rely on were changed, that IPython
runs code of the notebook's round every cell, that what is judged is no longer what the notebook
defined, and that the code looked for whoever asks. Python's audit events tell of the last; what
listens to them cannot be removed.
"""

import builtins
import contextlib
import dataclasses
import functools
import hashlib
import inspect
import json
import marshal
import math
import operator
import os
import sys
import threading
import types
from typing import Any

import numpy as np
import torch

FRAME, THREAD, IS = sys._getframe, threading.get_ident, operator.is_
TARGETS = ("beta_schedule", "ddpm_schedules", "ContextUnet", "DDPM")
MODULES = (
    *(builtins, contextlib, dataclasses, hashlib, inspect, json, marshal, math, types),
    *(np, np.random, torch, torch.autograd, torch.nn, torch.nn.functional),
)
CLASSES = (torch.Tensor, torch.nn.Module, json.JSONEncoder, json.JSONDecoder)
SPARED = {"__repr__", "__str__", "__format__", "__doc__", "input"}  # of printing, and ipykernel's
HARMLESS = {  # often replaced, and by torch itself where the default type is set
    *("torch.load", "torch.save", "torch.compile", "builtins.print"),
    "torch.Storage",
}
MOST_WRAPPERS = 16

EVENTS = {  # of Python's audit hooks: what a person is told
    "sys._getframe": "looks at the calls above its own",
    "sys._getframemodulename": "looks at the calls above its own",
    "sys._current_frames": "looks at the calls above its own",
    "sys._current_exceptions": "looks at the calls above its own",
    "object.__getattr__": "looks at the calls above its own",
    "gc.get_objects": "searches all objects of the process",
    "gc.get_referrers": "searches all objects of the process",
    "gc.get_referents": "searches all objects of the process",
    "sys.settrace": "traces all calls",
    "sys.setprofile": "traces all calls",
    "sys.monitoring.register_callback": "traces all calls",
    "sys.addaudithook": "listens to Python's audit events",
    "object.__setattr__": "gives functions of others another code",
    "_thread.start_new_thread": "starts a thread",
    "open": "opens files of the grader's, or the memory",
    **dict.fromkeys(
        (
            *("ctypes.dlopen", "ctypes.dlsym", "ctypes.dlsym/handle", "ctypes.cdata"),
            *("ctypes.cdata/buffer", "ctypes.call_function", "ctypes.string_at"),
            *("ctypes.wstring_at", "ctypes.PyObj_FromPtr", "ctypes.set_exception"),
        ),
        "reads or writes memory by its address",
    ),
}
FRAMES = {"tb_frame", "gi_frame", "cr_frame", "ag_frame"}
PASSED_ON = ("/threading.py", "/inspect.py", "/ctypes/", "/concurrent/")

MISSING = object()
noticed: set[str] = set()
busy: set[int] = set()  # threads that the guard itself works in
first: dict[str, Any] = {}  # what was judged at the first question
kept: dict[str, Any] = {}  # what stood where, before the student's code ran


# --- who is asking --------------------------------------------------------------------------------


def begin_guard(shell: Any, given: Any) -> Any:
    """Remembers how things are; ``given`` is the folder of what the kernel is given to read."""
    libraries = [path for path in sys.path if path and not path.startswith(os.getcwd())]
    libraries += [sys.prefix, sys.base_prefix, os.path.dirname(os.__file__)]
    kept["libraries"] = tuple({*libraries, "<frozen", "<prelude", "<surroundings", "<probe"})
    kept["given"], kept["shell"] = os.path.join(given, ""), shell
    kept["modules"] = {module.__name__: module for module in MODULES}
    kept["places"] = [
        (place, callables(place), shown, as_they_stand(place)) for place, shown in places(shell)
    ]
    kept["instances"] = [(one, name, dict(vars(one))) for one, name in instances(shell)]
    kept["namespace"] = shell.user_ns


def is_theirs(filename: Any) -> Any:
    """Whether code of this file is the notebook's: in none of the libraries, and not ours."""
    return "-packages/" not in filename and not filename.startswith(kept["libraries"])


def asked_by_student(frame: Any) -> Any:
    """Whether the notebook's code called this, be it by way of a library that passes it on."""
    while frame is not None:
        filename = frame.f_code.co_filename
        if is_theirs(filename):
            return True
        if filename.endswith("/traceback.py"):  # its generators only, as its texts show no values
            above = frame.f_back
            return above is not None and is_theirs(above.f_code.co_filename)
        if not any(part in filename for part in PASSED_ON):
            return False
        frame = frame.f_back
    return False


def watch(event: Any, args: Any) -> Any:
    """Notes an audit event if it is one that only the grader has a use for."""
    told = EVENTS.get(event)
    if told is None or told in noticed:
        return
    thread = THREAD()
    if thread in busy:
        return
    busy.add(thread)
    try:
        if event == "open":
            if is_secret(args[0]):
                noticed.add(told)
        elif is_meant(event, args) and asked_by_student(FRAME(2)):
            noticed.add(told)
    finally:
        busy.discard(thread)


def is_meant(event: Any, args: Any) -> Any:
    """Whether the event is about what the grader has, and not about something alike."""
    if event == "object.__getattr__":
        return args[1] in FRAMES
    if event == "object.__setattr__":
        return args[1] == "__code__" and not is_theirs(args[0].__code__.co_filename)
    return True


def is_secret(path: Any) -> Any:
    """Whether a file is the memory of a process, or was given to the grader's own code."""
    path = os.fsdecode(path) if isinstance(path, (str, bytes)) else ""
    if path == "mem" or path.endswith("/mem"):
        return True
    return path.startswith(kept["given"]) and path.endswith(("request", ".code", "prelude"))


# --- what has changed -----------------------------------------------------------------------------


def places(shell: Any) -> Any:
    """Modules and classes whose names the questions rely on, and what they are called."""
    for module in MODULES:
        yield module, module.__name__
    for cls in CLASSES:
        yield cls, f"{cls.__module__}.{cls.__name__}"
    for one, _ in instances(shell):
        yield type(one), type(one).__name__


def names_of(place: Any) -> Any:
    """What a module's names stand for, or a class's, those that it inherits among them."""
    if not isinstance(place, type):
        return vars(place)
    found: dict[str, Any] = {}
    for owner in reversed(place.__mro__):
        found.update(vars(owner))
    return found


def as_they_stand(place: Any) -> Any:
    """The dictionaries of a module, or of a class and those that it inherits from, with their names
    and values in order."""
    owners = place.__mro__ if isinstance(place, type) else (place,)
    return [(vars(owner), list(vars(owner)), [*vars(owner).values()]) for owner in owners]


def stands_as_before(found: Any) -> Any:
    """Whether these hold what they held, in the same order, which is quickly seen."""
    return all(
        len(now) == len(names) and list(now) == names and all(map(IS, now.values(), values))
        for now, names, values in found
    )


def callables(place: Any) -> Any:
    """Those names that stand for functions and classes."""
    return {name: value for name, value in names_of(place).items() if callable(value)}


def instances(shell: Any) -> Any:
    """The objects by which a cell comes to run and its answer leaves, and what they are called."""
    yield shell, "IPython"
    for name in ("events", "display_pub", "compile", "input_transformer_manager", "kernel"):
        part = getattr(shell, name, None)
        if part is not None:
            yield part, f"IPython's {name}"
    yield shell.display_pub.session, "the kernel's session"


def changed_names() -> Any:
    """Names that are another function or class than before, or are gone."""
    for place, before, shown, found in kept["places"]:
        if stands_as_before(found):
            continue
        now = names_of(place)
        if all(map(IS, map(now.get, before), before.values())):
            continue
        for name, value in before.items():
            new = now.get(name, MISSING)
            if new is value:
                continue
            spared = name in SPARED or f"{shown}.{name}" in HARMLESS
            if not spared and not wraps(new, value):
                yield f"changes {shown}.{name}"
    for one, shown, before in kept["instances"]:
        now, cls = vars(one), type(one)
        for name, value in now.items():
            new = before.get(name, MISSING) is not value
            theirs = callable(value) and is_students(value) and hasattr(cls, name)
            if new and (theirs or name == "CustomTB"):  # which handles exceptions
                yield f"changes {name} of {shown}"
    for name, module in kept["modules"].items():
        if sys.modules.get(name) is not module:
            yield f"changes the module {name}"


def wraps(function: Any, inner: Any) -> Any:
    """Whether a library put this round what stood there, as ``torch.compile`` does."""
    return not is_students(function) and getattr(function, "__wrapped__", MISSING) is inner


def is_students(function: Any) -> Any:
    """Whether the code of this callable, or its class, is the notebook's."""
    for _ in range(MOST_WRAPPERS):
        if isinstance(function, functools.partial):
            function = function.func
        elif isinstance(function, types.MethodType):
            function = function.__func__
    code = getattr(function, "__code__", None)
    if isinstance(code, types.CodeType):
        return is_theirs(code.co_filename)
    cls = function if isinstance(function, type) else type(function)
    return cls.__module__ == "__main__"


def hooks() -> Any:
    """The notebook's functions among those that IPython calls round every cell."""
    shell = kept["shell"]
    manager = shell.input_transformer_manager
    lists = {
        **{f"event {name}": called for name, called in shell.events.callbacks.items()},
        "syntax tree": shell.ast_transformers,
        "cell's text": [*manager.cleanup_transforms, *manager.line_transforms],
        "cell's tokens": [*manager.token_transformers, *shell.input_transformers_post],
    }
    for name, called in lists.items():
        if any(is_students(function) for function in called):
            yield f"has IPython call it at every {name}"
    if shell.user_ns is not kept["namespace"] or type(shell.user_ns) is not dict:
        yield "changes the notebook's namespace for another one"


def codes_of(target: Any) -> Any:
    """The code of a function, or of all functions of a class that are the notebook's."""
    watched = torch.nn.Module, object  # among CLASSES, or of C
    owners = target.__mro__ if isinstance(target, type) else ()
    found: dict[tuple[Any, str], types.CodeType] = {
        (owner, name): function.__code__
        for owner in owners
        if owner not in watched
        for name, function in vars(owner).items()
        if isinstance(function, types.FunctionType)
    }
    if isinstance(target, types.FunctionType):
        found[target, ""] = target.__code__
    return found


def judged(namespace: Any) -> Any:
    """What is judged, as it is now, by name."""
    found = {name: namespace.get(name) for name in TARGETS}
    return {name: (value, codes_of(value)) for name, value in found.items() if value is not None}


def exchanged(namespace: Any) -> Any:
    """What of the judged is no longer what it was at the first question."""
    now = judged(namespace)
    if not first:
        first.update({"": None, **now})
        kept["built"] = namespace.get("ddpm")
    for name in now.keys() | first.keys():
        was, found = first.get(name), now.get(name)
        if name and (was is None or found is None or was[0] is not found[0] or was[1] != found[1]):
            yield f"changes {name} while it is examined"
    cls = (first.get("DDPM") or (None,))[0]
    built = namespace.get("ddpm")
    if isinstance(cls, type) and built is not kept["built"] and cls not in type(built).__mro__:
        yield "changes the class of what DDPM makes"


def look_round(namespace: Any) -> Any:
    """Notes all that has changed."""
    thread = THREAD()
    busy.add(thread)
    try:
        noticed.update([*changed_names(), *hooks(), *exchanged(namespace)])
    except Exception as error:  # what is looked at may be anything by now
        noticed.add(f"changes what IPython is made of ({type(error).__name__})")
    finally:
        busy.discard(thread)
