"""A part of the prelude: names of other versions, and stand-ins for libraries that are absent.

Only what changes no number: names that were renamed, and libraries that annotate, decorate or name
a base class. What a stand-in lacks raises the error of the library that is absent, when it is used.
"""

import collections
import collections.abc
import fractions
import importlib.abc
import importlib.machinery
import inspect
import itertools
import math
import random
import sys
import time
import types
import typing
import warnings
from typing import Any

import numpy as np
import torch

# --- names of other versions ----------------------------------------------------------------------

RENAMED = {  # numpy's release notes: removed in 1.24, then those of the migration guide to 2.0
    **{"int": int, "float": float, "complex": complex, "object": object, "str": str},
    **{"bool8": np.bool_, "object0": np.object_, "str0": np.str_, "int0": np.intp},
    **{"float_": np.float64, "complex_": np.complex128, "cfloat": np.complex128},
    **{"singlecomplex": np.complex64, "string_": np.bytes_, "unicode_": np.str_},
    **{"longfloat": np.longdouble, "longcomplex": np.clongdouble, "uint0": np.uintp},
    **dict.fromkeys(("Inf", "Infinity", "infty", "PINF"), np.inf),
    **{"NINF": -np.inf, "NaN": np.nan, "NAN": np.nan, "PZERO": 0.0, "NZERO": -0.0},
    **{"product": np.prod, "cumproduct": np.cumprod, "alltrue": np.all, "sometrue": np.any},
    **{"round_": np.round, "row_stack": np.vstack, "mat": np.asmatrix},
    "trapz": getattr(np, "trapezoid", getattr(np, "trapz", None)),
    "asfarray": lambda a, dtype=np.float64: np.asarray(a, dtype=dtype),
    "in1d": lambda ar1, ar2, *args, **kwargs: np.isin(np.ravel(ar1), ar2, *args, **kwargs),
    "msort": lambda a: np.sort(a, axis=0),
}
ArgSpec = collections.namedtuple("ArgSpec", "args varargs keywords defaults")


def getargspec(function: Any) -> Any:
    return ArgSpec(*inspect.getfullargspec(function)[:4])


def batched(iterable: Any, n: Any, *, strict: Any = False) -> Any:
    if n < 1:
        raise ValueError("n must be at least one")
    iterator = iter(iterable)
    while batch := tuple(itertools.islice(iterator, n)):
        if strict and len(batch) != n:
            raise ValueError("batched(): incomplete batch")
        yield batch


def backported(*names: Any) -> Any:
    """Those of newer Pythons that typing_extensions has, which torch imports."""
    known = vars(sys.modules.get("typing_extensions", sys))
    return {name: known[name] for name in names if name in known}


OLDER_AND_NEWER = (
    (np, RENAMED),
    (collections, {name: getattr(collections.abc, name) for name in collections.abc.__all__}),
    (fractions, {"gcd": math.gcd}),
    (inspect, {"getargspec": getargspec}),
    (time, {"clock": time.perf_counter}),
    (itertools, {"batched": batched}),
    (math, {"sumprod": lambda p, q: sum(a * b for a, b in zip(p, q, strict=True))}),
    (warnings, backported("deprecated")),
    (typing, backported("override", "TypeIs", "ReadOnly", "NoDefault", "TypeAliasType")),
)


INSTALLED = (sys.prefix, sys.base_prefix, "<frozen")  # where libraries' own code is


def know_other_versions() -> Any:
    """Names that the libraries here no longer have, or not yet, where another does the same. They
    are there for the notebook alone: libraries tell versions apart by what they find."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for module, names in OLDER_AND_NEWER:
            lacking = {name: names[name] for name in names if not hasattr(module, name)}
            vars(module)["__getattr__"] = finder_of(module, lacking)


def finder_of(module: Any, names: Any) -> Any:
    """What finds the module's attributes that are not there, as before for all but ``names``."""
    before = vars(module).get("__getattr__")

    def find(name: Any) -> Any:
        asking = sys._getframe(1).f_code.co_filename
        if name in names and not asking.startswith(INSTALLED):
            return names[name]
        if before is not None:
            return before(name)
        raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")

    return find


# --- libraries that are absent --------------------------------------------------------------------


class NotHere:
    """A part of an absent library. It can be named; to use it raises that the library is absent."""

    def __init__(self, library: Any) -> None:
        vars(self)["library"] = library

    def lacking(self, *args: Any, **kwargs: Any) -> Any:
        library = vars(self)["library"]
        raise ModuleNotFoundError(f"No module named {library!r}", name=library)

    __call__ = __getitem__ = __iter__ = __mro_entries__ = __enter__ = __exit__ = lacking
    __instancecheck__ = __subclasscheck__ = lacking

    def __getattr__(self, name: Any) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.lacking()

    def __or__(self, other: Any) -> Any:
        return self  # it stands in an annotation

    __ror__ = __or__


class Annotation(NotHere):
    """What annotates, with anything in its brackets, and checks nothing."""

    def __getitem__(self, item: Any) -> Any:
        return self


def unchanged(function: Any = None, *args: Any, **kwargs: Any) -> Any:
    """A decorator, with arguments or without, that leaves what it decorates as it is."""
    return function if callable(function) else lambda decorated: decorated


def nothing(*args: Any, **kwargs: Any) -> Any:
    return None


def checked(value: Any, *args: Any, **kwargs: Any) -> Any:
    return value


def seed_everything(seed: Any = 0, workers: Any = False, verbose: Any = True) -> Any:
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    return seed


class Arguments(dict):  # type: ignore[type-arg]  # of anything
    """Those of a constructor, also as attributes."""

    def __getattr__(self, name: Any) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    __setattr__ = dict.__setitem__


class LightningModule(torch.nn.Module):
    """A module that no trainer trains."""

    current_epoch = global_step = 0
    device = property(lambda self: torch.device("cpu"))
    dtype = property(lambda self: torch.get_default_dtype())
    log = log_dict = print = nothing

    @property
    def hparams(self) -> Any:
        return vars(self).setdefault("_arguments", Arguments())

    def save_hyperparameters(self, *names: Any, ignore: Any = (), **kwargs: Any) -> Any:
        frame: Any = sys._getframe(1)
        count = frame.f_code.co_argcount + frame.f_code.co_kwonlyargcount
        given = names or frame.f_code.co_varnames[1:count]
        left_out = (ignore,) if isinstance(ignore, str) else tuple(ignore or ())
        self.hparams.update({n: frame.f_locals[n] for n in given if n not in left_out})


def of_a_trainer(self: Any) -> Any:
    raise ModuleNotFoundError("No module named 'lightning'", name="lightning")


for _name in ("trainer", "fabric", "logger", "loggers", "optimizers", "manual_backward"):
    setattr(LightningModule, _name, property(of_a_trainer))

LIGHTNING = {
    "LightningModule": LightningModule,
    "LightningDataModule": type("LightningDataModule", (), {}),
    "seed_everything": seed_everything,
}
DTYPES = ("Float", "Int", "UInt", "Complex", "Bfloat", "Key", "Shaped", "Num", "Inexact", "Real")
SIZED = [f"{kind}{bits}" for kind in ("Float", "Int", "UInt") for bits in (2, 4, 8, 16, 32, 64)]
STAND_INS: dict[str, dict[str, Any]] = {
    "jaxtyping": {
        **{
            name: Annotation("jaxtyping")
            for name in (*DTYPES, *SIZED, "Bool", "Integer", "BFloat16", "Array", "ArrayLike")
        },
        "jaxtyped": unchanged,
    },
    "beartype": {
        **{"beartype": unchanged, "BeartypeConf": nothing, "beartype_this_package": nothing},
        **{name: Annotation("beartype") for name in ("Is", "IsAttr", "IsEqual", "IsInstance")},
    },
    "typeguard": {"typechecked": unchanged, "check_type": checked},
    "lightning": LIGHTNING,
    "pytorch_lightning": LIGHTNING,
}


class StandIn(types.ModuleType):
    """A module of an absent library, all of whose modules have the same names."""

    def __getattr__(self, name: Any) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        library, _, rest = self.__name__.partition(".")
        if rest == "typing":  # that of beartype is Python's own
            return getattr(typing, name)
        known = STAND_INS[library].get(name)
        return NotHere(library) if known is None else known


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Asked last, and so only for what is not installed."""

    def find_spec(self, name: Any, path: Any = None, target: Any = None) -> Any:
        library = name.partition(".")[0]
        ours = isinstance(sys.modules.get(library), StandIn) or name == library
        if library not in STAND_INS or not ours:
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: Any) -> Any:
        return StandIn(spec.name)

    def exec_module(self, module: Any) -> None:
        pass


def stand_in_for_absent_libraries() -> Any:
    sys.meta_path.append(Finder())


# --- libraries that are hidden --------------------------------------------------------------------


class Found(importlib.machinery.PathFinder):
    """Finds what is installed, but for packages that are hidden."""

    hidden: Any = frozenset()

    @classmethod
    def find_spec(cls, fullname: Any, path: Any = None, target: Any = None) -> Any:
        if fullname.partition(".")[0] in cls.hidden:
            return None
        return super().find_spec(fullname, path, target)


def hide(names: Any) -> Any:
    """The packages of these names are as if they were not installed. Where there are walls, their
    folders are empty, too."""
    Found.hidden = frozenset(names)
    finders = (importlib.machinery.PathFinder, Found)
    sys.meta_path[:] = [Found if finder in finders else finder for finder in sys.meta_path]
    for name in [name for name in sys.modules if name.partition(".")[0] in Found.hidden]:
        del sys.modules[name]
