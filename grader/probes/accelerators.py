"""Part of the prelude: the GPU that a notebook was written for, on a machine that has none.

Whoever asks is told that there is one, as asserts and branches want it, and all that is sent there
is computed on the CPU. torch's own code is told the truth. Tensors say that they are on the CPU;
where the student's code looked and then raised, it is asked once more by tensors that say 'cuda'.
"""

import re
import sys
import types
from typing import TYPE_CHECKING, Any

import torch
from torch.overrides import TorchFunctionMode

if TYPE_CHECKING:  # in the kernel the parts are one source
    from grader.probes.card import GPU

ACCELERATOR = re.compile(r"^(cuda|mps|xpu|hip|hpu|xla|mtia|privateuseone)(:-?\d+)?$")
CPU = torch.device("cpu")
NAMES_DEVICE = (str, torch.device)
OURS = ("torch", "torchvision", "_grader_probe", "_grader_prelude")  # who is told the truth
HALVES = (torch.float16, torch.bfloat16)
NOT_ON_CPU = re.compile(r"not implemented for '(Half|BFloat16)'")
MIXED = re.compile(r"Half|BFloat16|same dtype|should be the same")

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
