"""How the schedule functions are called and what they return: part of two probes."""

import dataclasses
import inspect
import types
from typing import Any

ARGUMENTS = ("beta1", "beta2", "T", "schedule")


def called(function: Any, values: Any) -> Any:
    """By the template's names where the function has them all, in whatever order; else in its."""
    arguments = {name: values[name] for name in ARGUMENTS}
    try:
        inspect.signature(function).bind(**arguments)
    except (TypeError, ValueError):
        return function(*arguments.values())
    return function(**arguments)


def entries_of(result: Any) -> Any:
    """What was returned, by name: of any mapping, named tuple or dataclass; else ``betas``."""
    if hasattr(type(result), "items"):
        return dict(result.items())
    if hasattr(type(result), "_asdict"):
        return result._asdict()
    fields = fields_of(result)
    return {"betas": result} if fields is None else fields


def fields_of(value: Any) -> Any:
    """Those of a dataclass's object or a simple namespace; None of anything else."""
    if isinstance(value, types.SimpleNamespace):
        return dict(vars(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return None


def with_entries(result: Any, entries: Any) -> Any:
    """The same kind of thing with other entries, as the student's code takes them out of it."""
    if hasattr(type(result), "items"):
        return {**dict(result.items()), **entries}
    if hasattr(type(result), "_replace"):
        return result._replace(**{k: v for k, v in entries.items() if hasattr(result, k)})
    if fields_of(result) is None:
        return entries
    for name, value in entries.items():
        object.__setattr__(result, name, value)  # it may be frozen
    return result
