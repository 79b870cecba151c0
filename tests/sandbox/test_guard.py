"""What the prelude notices of code that interferes with it, and what it takes for honest."""

import os
from collections.abc import Iterator

import pytest

from grader.probes.seal import NONCE_BYTES, sealed, unsealed
from grader.sandbox import KernelSession, Limits, Sandbox, Status
from grader.sandbox.transport import ForgedAnswerError, proven
from tests.sandbox.helpers import ask, returned, running

HONEST = """
    import collections, contextlib, ctypes, enum, functools, gc, inspect, logging, os, sys, threading
    import traceback, types, warnings
    import numpy as np, torch
    from torch import nn

    Pair = collections.namedtuple("Pair", "a b")
    class Kind(enum.Enum):
        ONE = 1
    class Net(nn.Module):
        @torch.no_grad()
        def forward(self, x):
            return x
    def honest():
        gc.collect()
        warnings.warn("careful")
        logging.getLogger("mine").warning("careful")
        inspect.signature(honest)
        np.random.seed(1), torch.manual_seed(1), torch.set_default_dtype(torch.float32)
        np.set_printoptions(precision=3), torch.set_printoptions(precision=3)
        torch.Tensor.mine = property(lambda self: 1)
        torch.Tensor.__repr__ = lambda self: "a tensor"
        np.mine = torch.mine = 1
        torch.load = functools.partial(torch.load, weights_only=False)
        torch.compile = lambda model, *more, **named: model
        __import__("builtins").print = functools.partial(print, flush=True)
        honest.__code__.co_varnames, honest.__globals__
        open("mine.txt", "w").close()
        open("/proc/self/status").read()
        try:
            1 / 0
        except ZeroDivisionError as error:
            traceback.format_exc()
            traceback.print_exc()
        with contextlib.suppress(KeyError):
            {}["no"]
        sys.stdout = sys.stdout
        get_ipython().system("mkdir -p some/where")
        return float(Net()(torch.ones(1)))
"""


@pytest.fixture
def session(bubblewrap: Sandbox) -> Iterator[KernelSession]:
    with running(bubblewrap, Limits(hidden=("diffusers",)), HONEST) as running_session:
        yield running_session


def test_honest_code_is_not_suspected(session: KernelSession) -> None:
    assert returned(session, "honest") == 1
    assert returned(session, "honest") == 1
    assert session.noticed == set()


LOOKS = """
    import sys
    def look():
        return str(sys._getframe(1).f_locals)[:20]
    def tell():
        raise ValueError("what was seen")
"""


def test_texts_of_exceptions_are_withheld_from_code_that_looks_round(bubblewrap: Sandbox) -> None:
    with running(bubblewrap, Limits(), LOOKS) as session:
        assert ask(session, "tell").message == "ValueError: what was seen"
        assert ask(session, "look").status is Status.ok
        assert session.noticed == {"looks at the calls above its own"}
        outcome = ask(session, "tell")
        assert outcome.status is Status.error
        assert "what was seen" not in outcome.message + outcome.traceback


FINDS = """
    import importlib, os, sys
    def imported():
        return importlib.import_module("diffusers").__name__
    def by_another_finder():
        import importlib.machinery
        sys.meta_path.insert(0, importlib.machinery.PathFinder)
        found = importlib.import_module("diffusers")
        return [getattr(found, "__file__", None), os.listdir(list(found.__path__)[0])]
"""


def test_hidden_packages_are_not_there(bubblewrap: Sandbox) -> None:
    pytest.importorskip("diffusers")
    with running(bubblewrap, Limits(hidden=("diffusers",)), FINDS) as session:
        assert (
            ask(session, "imported").message == "ModuleNotFoundError: No module named 'diffusers'"
        )
        assert returned(session, "by_another_finder") == [None, []]


def test_a_seal_hides_and_proves() -> None:
    key, nonce, text = os.urandom(32), os.urandom(NONCE_BYTES), b"beta_schedule" * 40
    data = sealed(key, nonce, text)
    assert b"beta" not in data
    assert unsealed(key, data) == (nonce, text)
    assert unsealed(os.urandom(32), data) is None
    for place in (0, NONCE_BYTES, len(data) - 1):
        changed = bytearray(data)
        changed[place] ^= 1
        assert unsealed(key, bytes(changed)) is None
    assert unsealed(key, b"") is None


@pytest.mark.parametrize("said", [None, 3, "", "0" * 32, "\ud800" * 40, "x" * 40])
def test_what_the_prelude_did_not_seal_is_no_answer(said: object) -> None:
    with pytest.raises(ForgedAnswerError):
        proven(bytes(32), bytes(NONCE_BYTES), said, b"")
