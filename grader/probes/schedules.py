"""Calls ``beta_schedule`` or ``ddpm_schedules`` and hands back what they return, as float64 arrays.

``run(namespace, inputs)`` with inputs::

    function   "beta_schedule" or "ddpm_schedules"
    schedule   "linear" or "cosine"
    cases      list of {"beta1", "beta2", "T"}; "betas" (optional, a list of numbers) stands in for
               whatever the student's own beta_schedule would return
    own_betas  (optional) whether the student's own beta_schedule is called as well

Arrays are named ``<case>/<entry>``; ``beta_schedule`` has the one entry ``betas``. What it returns
beside ``ddpm_schedules`` is ``own/<case>``.
"""

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:  # in the kernel the parts are one source
    from grader.probes.entries import called, entries_of
    from grader.probes.names import Names, device_of


def to_array(value: Any) -> Any:
    """Any array-like as a flat float64 array; None for what is not numeric."""
    if value is None:
        return None
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().to(torch.float64).numpy()
    try:
        return np.asarray(value, dtype=np.float64).reshape(-1).copy()
    except (TypeError, ValueError):
        return None


def call(namespace: Any, function: Any, schedule: Any, case: Any) -> Any:
    """One call, with the student's own ``beta_schedule`` or with the given betas in its place."""
    own = namespace.get("beta_schedule")
    if case.get("betas") is not None:
        given = torch.tensor(case["betas"], dtype=torch.float32)
        namespace["beta_schedule"] = lambda *args, **kwargs: given.clone()
    values = {**case, "n_T": case["T"], "betas": (case["beta1"], case["beta2"])}
    values |= {"schedule": schedule, "device": device_of(namespace), "n_classes": 10}
    try:
        with Names(namespace, {"prediction_type": "epsilon", **values}):
            return called(namespace[function], {**case, "schedule": schedule})
    finally:
        if own is None:
            namespace.pop("beta_schedule", None)
        else:
            namespace["beta_schedule"] = own


def run(namespace: Any, inputs: Any) -> Any:
    function = inputs["function"]
    if not callable(namespace.get(function)):
        return {}, {"missing": function}
    arrays, returned = {}, []
    for index, case in enumerate(inputs["cases"]):
        result = call(namespace, function, inputs["schedule"], case)
        returned.append(type(result).__name__)
        entries = entries_of(result)
        for name, value in entries.items():
            array = to_array(value)
            if array is not None and isinstance(name, str):
                arrays[f"{index}/{name}"] = array
    if inputs.get("own_betas"):
        arrays |= own_betas(namespace, inputs)
    return arrays, {"returned": returned}


def own_betas(namespace: Any, inputs: Any) -> Any:
    """What ``beta_schedule`` returns for the same cases; not there where it cannot be had."""
    arrays = {}
    for index, case in enumerate(inputs["cases"]):
        with contextlib.suppress(Exception):
            array = to_array(call(namespace, "beta_schedule", inputs["schedule"], case))
            if array is not None:
                arrays[f"own/{index}"] = array
    return arrays
