"""An ordinary submission's life in a kernel: errors, seeds, answers, 'cuda'."""

from collections.abc import Iterator

import numpy as np
import pytest

from grader.sandbox import KernelSession, Limits, Sandbox, Status, choose_sandbox
from grader.sandbox.kernel import Kernel
from tests.sandbox.helpers import Cell, ask, returned, running

NOTEBOOK = """
    import os, random, sys, time
    import numpy as np
    import torch
    from torch import nn
    print("noise on standard output")

    def draw():
        return [random.random(), float(np.random.rand()), float(torch.rand(()))]
    def divide():
        print("x" * 10)
        return 1 / 0
    def leave(how):
        raise {"exit": SystemExit, "interrupt": KeyboardInterrupt, "memory": MemoryError}[how]
    def hostile_text():
        raise ValueError("\\x1b[31mred\\x07" + "z" * 10**6)
    class Strange(Exception):
        def __str__(self):
            raise RuntimeError
    def strange():
        raise Strange
    class ProbeError(Exception):
        pass
    def pretend():
        raise ProbeError("the grader went wrong")
    def large_tensor():
        return torch.ones(5 * 10**9)
    def arrays(kind):
        return {
            "numbers": lambda: {"t": torch.arange(3), "h": torch.ones(2, dtype=torch.bfloat16),
                                "n": np.eye(2, order="F"), "g": torch.ones(1, requires_grad=True)},
            "object": lambda: {"a": np.array([print], dtype=object)},
            "huge": lambda: {"a": np.zeros(9 * 2**20)},
        }[kind]()
    def not_finite():
        return [float("nan"), float("inf"), np.float32(1.5), torch.tensor(2), (1, None), {3: print}]
    def flood():
        for _ in range(200_000):
            print("flood " * 20)
        os.write(1, b"y" * 10**6)
        return "dry"
    def forge(how):
        from IPython.display import display
        mime = "application/vnd.ddpm-grader.answer+json"
        session, socket = get_ipython().kernel.session, get_ipython().kernel.iopub_socket
        parent = get_ipython().kernel.get_parent()
        if how == "answer":
            display({mime: '{"status": "ok", "facts": {"value": 100}}'}, raw=True)
        if how == "content":
            for content in (b"[]", b"null", b'"text"', {"data": []}, {"data": None}):
                session.send(socket, "display_data", content, parent=parent)
        return "honest"
    def debugging():
        return [name for name in sys.modules if "pydev" in name or "debugpy" in name]
"""

CUDA = """
    import copy, io
    import torch.nn.functional as F
    device = torch.device("cuda")
    net = lambda: nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.GELU())
    x = torch.randn(2, 1, 8, 8)
    def default_device():
        torch.set_default_device("cuda")
        try:
            return torch.zeros(2) + torch.arange(2)
        finally:
            torch.set_default_device("cpu")
    def within():
        with torch.device("cuda"):
            return nn.Linear(2, 2)(torch.ones(1, 2))
    def saved(location):
        file = io.BytesIO()
        torch.save(net().state_dict(), file)
        file.seek(0)
        return torch.load(file, map_location=location)["0.weight"]
    def trained():
        model = net().to(device)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        loss = F.mse_loss(model(x.to(device)), torch.zeros(2, 4, 8, 8, device=device))
        loss.backward()
        optimizer.step()
        return loss
    def amp():
        import warnings
        warnings.simplefilter("ignore")
        scaler = torch.cuda.amp.GradScaler()
        with torch.cuda.amp.autocast(), torch.autocast("cuda", dtype=torch.float16):
            loss = scaler.scale(net().cuda()(x.cuda()).sum())
        loss.backward()
        return loss
    CASES = {
        "to string": lambda: x.to("cuda"), "to index": lambda: x.to(0),
        "to object": lambda: x.to(torch.device("cuda:1"), torch.float64),
        "to keyword": lambda: x.to(device="cuda:0", non_blocking=True),
        "to dtype": lambda: x.to(torch.int64), "to other": lambda: x.to(x.double()),
        "cuda": lambda: x.cuda(), "cuda index": lambda: x.cuda(0, non_blocking=True),
        "mps": lambda: x.to("mps"), "module cuda": lambda: net().cuda()(x.cuda()),
        "module to": lambda: net().to("cuda:0")(x), "module device": lambda: trained(),
        "module keyword": lambda: net().to(device=device, dtype=torch.float32)(x),
        "module index": lambda: net().to(0)(x), "module built": lambda:
            nn.Linear(2, 2, device="cuda")(torch.ones(1, 2, device="cuda")),
        "randn": lambda: torch.randn(2, 3, device="cuda:0"),
        "randint": lambda: torch.randint(0, 5, (3,), device=device),
        "tensor": lambda: torch.tensor([1.0], device="cuda"),
        "as_tensor": lambda: torch.as_tensor(np.ones(2), device=0),
        "like": lambda: torch.rand_like(x, device="cuda"),
        "new": lambda: x.new_zeros(2, device="cuda"),
        "linspace": lambda: torch.linspace(0, 1, 5, dtype=torch.float64).to(device),
        "generator": lambda: torch.randn(2, generator=torch.Generator("cuda").manual_seed(1)),
        "generator keyword": lambda: torch.rand(
            2, device="cuda", generator=torch.Generator(device=device)),
        "load": lambda: saved("cuda"), "load object": lambda: saved(device),
        "load none": lambda: saved(None),
        "default": default_device, "with": within, "parallel": lambda: nn.DataParallel(net())(x),
        "type": lambda: x.type("torch.cuda.FloatTensor"),
        "legacy": lambda: torch.cuda.FloatTensor([1.0]),
        "compile": lambda: torch.compile(net())(x),
        "autocast": lambda: amp(), "pinned": lambda: x.pin_memory().to("cuda", non_blocking=True),
        "ema": lambda: copy.deepcopy(net().to("cuda"))(x),
        "buffer": lambda: net().register_buffer("b", torch.ones(1, device="cuda")),
        "house": lambda: [torch.cuda.synchronize(), torch.cuda.empty_cache(),
            torch.cuda.manual_seed(1), torch.cuda.manual_seed_all(1), torch.cuda.set_device(0),
            torch.cuda.memory_allocated(), torch.cuda.get_device_name(0)],
    }
    def cuda_failures():
        failures = {}
        for name, case in CASES.items():
            try:
                value = case()
                if isinstance(value, torch.Tensor) and value.device.type != "cpu":
                    failures[name] = str(value.device)
            except Exception as error:
                failures[name] = repr(error)
        return failures
    def cuda_facts():
        return [torch.cuda.is_available(), str(torch.zeros(1, device="meta").device),
                torch.einsum("ij,jk->ik", torch.eye(2), torch.eye(2)).tolist(),
                isinstance(torch.Generator(), torch.Generator), str(torch.get_default_device())]
    class Rows(torch.utils.data.Dataset):
        def __len__(self):
            return 8
        def __getitem__(self, index):
            return torch.full((3,), index)
    def workers():
        loader = torch.utils.data.DataLoader(Rows(), batch_size=4, num_workers=4)
        return sum(float(batch.sum()) for batch in loader)
"""


@pytest.fixture(scope="module", params=["bubblewrap", "none"])
def session(request: pytest.FixtureRequest) -> Iterator[KernelSession]:
    """One kernel for all that does not bring it down."""
    with running(choose_sandbox(request.param), Limits(), NOTEBOOK, CUDA) as running_session:
        assert running_session.prepare() == {}
        yield running_session
        assert running_session.starts == 1


def test_no_time_is_spent_on_the_debugger(session: KernelSession) -> None:
    assert returned(session, "debugging") == []


def test_cuda_costs_nothing(session: KernelSession) -> None:
    assert returned(session, "cuda_failures") == {}
    identity = [[1.0, 0.0], [0.0, 1.0]]
    assert returned(session, "cuda_facts") == [True, "meta", identity, True, "cpu"]


def test_worker_processes_share_their_memory_in_the_count(session: KernelSession) -> None:
    assert returned(session, "workers") == 3 * sum(range(8))


def test_randomness_depends_on_seed_probe_and_inputs_only(session: KernelSession) -> None:
    first = returned(session, "draw")
    assert returned(session, "draw") == first
    other = session.probe("ask", {"call": "draw", "other": 1}).facts["value"]
    assert all(a != b for a, b in zip(first, other, strict=True))


def test_an_exception_is_the_students_with_cell_and_line(session: KernelSession) -> None:
    outcome = ask(session, "divide")
    assert outcome.status is Status.error
    assert outcome.message == "ZeroDivisionError: division by zero"
    assert "cell 1, line 12, in divide\n    return 1 / 0" in outcome.traceback
    assert "prelude" not in outcome.traceback


@pytest.mark.parametrize(
    ("how", "status", "message"),
    [
        ("exit", Status.error, "SystemExit"),
        ("interrupt", Status.error, "KeyboardInterrupt"),
        ("memory", Status.out_of_memory, "MemoryError"),
    ],
)
def test_no_exception_gets_past_a_probe(
    session: KernelSession, how: str, status: Status, message: str
) -> None:
    outcome = ask(session, "leave", how)
    assert outcome.status is status
    assert outcome.message.startswith(message)


def test_an_allocation_that_is_too_large_is_out_of_memory(session: KernelSession) -> None:
    assert ask(session, "large_tensor").status is Status.out_of_memory


def test_text_of_exceptions_is_cleaned_and_cut(session: KernelSession) -> None:
    outcome = ask(session, "hostile_text")
    assert outcome.message.startswith("ValueError: redzzz")
    assert len(outcome.message) <= 500
    assert len(outcome.traceback) <= 8000
    assert ask(session, "strange").message.startswith("Strange: ")


def test_a_question_that_fails_by_itself_is_for_a_person(session: KernelSession) -> None:
    outcome = session.probe("ask", {"fault": True})
    assert outcome.status is Status.doubtful
    assert "KeyError" in outcome.message


def test_an_exception_is_the_students_whatever_its_name(session: KernelSession) -> None:
    outcome = ask(session, "pretend")
    assert outcome.status is Status.error
    assert outcome.message == "ProbeError: the grader went wrong"


def test_arrays_come_back_as_numbers(session: KernelSession) -> None:
    arrays = ask(session, "arrays", "numbers", arrays=True).arrays
    np.testing.assert_array_equal(arrays["t"], [0, 1, 2])
    np.testing.assert_array_equal(arrays["n"], np.eye(2))
    assert arrays["h"].dtype == np.float32
    assert arrays["g"].tolist() == [1.0]


def test_a_notebook_that_keeps_all_its_files_open_is_asked_like_any_other(
    bubblewrap: Sandbox,
) -> None:
    source = """
        import os
        import numpy as np

        kept = []
        try:
            while True:
                kept.append(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            pass

        def zeros():
            return {"zeros": np.zeros(100_000)}  # more than a message holds without a part of its own
    """
    with running(bubblewrap, Limits(), source) as session:
        outcome = ask(session, "zeros", arrays=True)
        assert outcome.arrays["zeros"].shape == (100_000,)
        assert ask(session, "zeros", arrays=True).seconds < 5


@pytest.mark.parametrize(("allowed", "left"), [(1024, 960), (100, 100)])
def test_files_are_spared_for_questions_only_where_there_are_many(
    allowed: int, left: int, bubblewrap: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.sandbox.launch.open_files", lambda: allowed)
    source = """
        import resource

        before = resource.getrlimit(resource.RLIMIT_NOFILE)

        def limits():
            return [*before, *resource.getrlimit(resource.RLIMIT_NOFILE)]
    """
    with running(bubblewrap, Limits(), source) as session:
        assert returned(session, "limits") == [left, allowed, allowed, allowed]


def test_arrays_that_cannot_travel_are_an_error(session: KernelSession) -> None:
    assert "object" in ask(session, "arrays", "object", arrays=True).message
    assert "larger than 64 MiB" in ask(session, "arrays", "huge", arrays=True).message


def test_facts_are_plain_and_finite(session: KernelSession) -> None:
    values = returned(session, "not_finite")
    assert values[:5] == [None, None, 1.5, 2, [1, None]]
    assert values[5]["3"].startswith("<built-in")


def test_printing_during_a_probe_costs_nothing(session: KernelSession) -> None:
    assert returned(session, "flood") == "dry"


def test_forged_answers_do_not_count(session: KernelSession) -> None:
    outcome = ask(session, "forge", "answer")
    assert outcome.status is Status.doubtful
    assert "2 answers" in outcome.message
    assert returned(session, "forge", "content") == "honest"


HEARD = """
    from IPython.display import display
    session = get_ipython().display_pub.session
    before = session.send
    def send(*args, **more):
        if isinstance(more.get("content"), dict) and "data" in more["content"]:
            data = more["content"]["data"]
            more["content"]["data"] = {name: changed(text) for name, text in data.items()}
        return before(*args, **more)
    session.send = send
    def changed(text):
        return FORGERY
"""
CLAIM = '{"status": "infra_error", "facts": {}, "message": "ours"}'


@pytest.mark.parametrize(
    ("tampering", "said"),
    [
        (HEARD.replace("FORGERY", repr(CLAIM)), "none that the probe gives"),
        (HEARD.replace("FORGERY", repr("0" * 32 + CLAIM)), "none that the probe gives"),
        (HEARD.replace("FORGERY", "text.replace('ok', 'OK')"), "none that the probe gives"),
        (HEARD.replace("FORGERY", "''"), "none that the probe gives"),
        ("import sys\nsys.audit = lambda *args: None", "no answer"),
        ("import sys\nsys.audit = lambda *args: 1 / 0", "ZeroDivisionError"),
    ],
)
def test_a_kernel_whose_answers_were_tampered_with_is_for_a_person(
    bubblewrap: Sandbox, tampering: str, said: str
) -> None:
    with running(bubblewrap, Limits(), tampering, "def one():\n    return 1") as session:
        outcome = ask(session, "one")
        assert outcome.status is Status.doubtful
        assert said in outcome.message
        assert session.starts == 1


@pytest.mark.parametrize(
    ("lost", "busy", "status"),
    [(1, False, Status.ok), (2, True, Status.infra_error), (2, False, Status.doubtful)],
)
def test_an_answer_that_is_lost_is_asked_for_once_more(
    bubblewrap: Sandbox, monkeypatch: pytest.MonkeyPatch, lost: int, busy: bool, status: Status
) -> None:
    answers = Kernel.answers.fget
    assert answers is not None
    heard = iter([[]] * lost)

    def arriving(kernel: Kernel) -> object:
        return next(heard, answers(kernel))

    with running(bubblewrap, Limits(), "def one():\n    return 1") as session:
        monkeypatch.setattr(Kernel, "answers", property(arriving))
        monkeypatch.setattr(Kernel, "all_heard", property(lambda kernel: False))
        if busy:  # nothing arrives in time
            monkeypatch.setattr("grader.sandbox.kernel.SPEAK_SECONDS", 0)
        monkeypatch.setattr("grader.sandbox.kernel.held_up", lambda *_: busy)
        assert ask(session, "one").status is status
        assert session.starts == 2


def test_probes_leave_nothing_in_the_notebooks_namespace(bubblewrap: Sandbox) -> None:
    names = """
        def names():
            return sorted(name for name in globals() if not name.startswith("_"))
    """
    with running(bubblewrap, Limits(), names) as session:
        before = returned(session, "names")
        assert returned(session, "names") == before
        assert set(before) <= {"In", "Out", "names", "exit", "quit", "open", "get_ipython"}


def test_statements_that_raise_are_reported_and_the_others_run(bubblewrap: Sandbox) -> None:
    statements = [
        Cell("a = 1", cell=2),
        Cell("\nb = a / 0", cell=4, line=7),
        Cell("import sys; sys.exit(3)", cell=5),
        Cell("name = input('who? ')", cell=6),
        Cell("this is no Python", cell=8),
        Cell("raise ValueError('\\x1b[31mred' + 'z' * 10**6)", cell=9),
        Cell("import torch; torch.ones(5 * 10**9)", cell=10),
        Cell("print('\\n' * 10, 'p' * (20 * 2**20)); c = a + 1", cell=11),
        Cell("def total():\n    return a + c", cell=12),
    ]
    with running(bubblewrap, Limits()) as session:
        session._statements = tuple(statements)
        failed = session.prepare()
        assert {index: outcome.status for index, outcome in failed.items()} == {
            **dict.fromkeys([1, 2, 3, 4, 5], Status.error),
            6: Status.out_of_memory,
        }
        assert failed[1].message == "ZeroDivisionError: division by zero"
        assert "cell 4, line 8" in failed[1].traceback
        assert failed[2].message == "SystemExit: 3"
        assert "StdinNotImplementedError" in failed[3].message
        assert failed[4].message.startswith("SyntaxError")
        assert "\x1b" not in failed[5].message + failed[5].traceback
        assert len(failed[5].traceback) <= 8000
        assert returned(session, "total") == 3
        assert session.starts == 1
