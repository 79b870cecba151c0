"""What a submission can see, reach and change: asked from inside, in one kernel."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader import paths
from grader.sandbox import KernelSession, Limits, Sandbox
from grader.sandbox.bubblewrap import seen
from grader.sandbox.inside import SHOWN_OF_PROC
from grader.sandbox.packages import package_folders
from grader.sandbox.warm import WarmBubblewrap
from tests.sandbox.helpers import returned, running

FILE_BYTES = 32 * 2**20
LOOK = """
    import ctypes, os, socket, sys, glob
    def attempt(action, *arguments):
        try:
            return repr(eval(action)(*arguments))
        except BaseException as error:
            return type(error).__name__ + ": " + str(error)
    def evaluate(text):
        return eval(text)
    def write(path, size=1):
        with open(path, "wb") as file:
            for _ in range(size // 2**20 or 1):
                file.write(b"x" * min(size, 2**20))
        return "written"
    def connect(address):
        socket.create_connection(address, timeout=2)
        return "connected"
    def system_call(name, *arguments):
        libc = ctypes.CDLL(None, use_errno=True)
        encoded = [a.encode() if isinstance(a, str) else a for a in arguments]
        return [getattr(libc, name)(*encoded), os.strerror(ctypes.get_errno())]
    def mnist():
        from torchvision.datasets import MNIST
        data = MNIST("./data", train=True, download=True)
        return [len(data), int(data.targets[1]), list(data[1][0].size)]
"""


@pytest.fixture(scope="module", params=["warm", "cold"])
def inside(request: pytest.FixtureRequest, bubblewrap: Sandbox) -> Iterator[KernelSession]:
    """A kernel that looks around for us, forked from a warm parent and started for itself."""
    if not isinstance(bubblewrap, WarmBubblewrap):
        pytest.skip("namespaces cannot be nested on this machine")
    sandbox = bubblewrap if request.param == "warm" else bubblewrap.cold
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DDPM_GRADER_CANARY", "secret of the grader")
        with running(sandbox, Limits(file_bytes=FILE_BYTES), LOOK) as session:
            assert session.prepare() == {}
            yield session


def attempt(session: KernelSession, action: str, *arguments: object) -> str:
    return str(returned(session, "attempt", action, *arguments))


def evaluate(session: KernelSession, text: str) -> object:
    return returned(session, "evaluate", text)


def test_no_network_not_even_the_machines_own(inside: KernelSession) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert "refused" in attempt(inside, "connect", ["127.0.0.1", port])
    assert "unreachable" in attempt(inside, "connect", ["192.0.2.1", 80])
    assert evaluate(inside, "[name for _, name in socket.if_nameindex()]") == ["lo"]


def test_of_sockets_only_kinds_that_its_own_network_ends_can_be_made(inside: KernelSession) -> None:
    kinds = "[getattr(socket, name) for name in dir(socket) if name.startswith('AF_')]"
    opened = (
        f"[kind for kind in {kinds} for how in (1, 2, 3, 5)"
        " if not attempt('socket.socket', int(kind), how).startswith(('OSErr', 'Perm'))]"
    )
    families = {socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK}
    assert set(returned(inside, "evaluate", opened)) <= set(map(int, families))


def test_abstract_sockets_of_the_machine_are_out_of_reach(inside: KernelSession) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("\0ddpm-grader-test")
        server.listen()
        action = "lambda: socket.socket(socket.AF_UNIX).connect('\\0ddpm-grader-test')"
        assert "ConnectionRefusedError" in attempt(inside, action)


def test_only_a_few_folders_exist(inside: KernelSession) -> None:
    places = [*(layer.place for layer in seen().layers), *seen().links]
    ways = {place.parts[1] for place in places}
    allowed = {"bin", "dev", "etc", "home", "lib", "lib32", "lib64", "proc", "tmp", "usr"} | ways
    assert set(evaluate(inside, "os.listdir('/')")) <= allowed
    assert evaluate(inside, "os.listdir('/home')") == ["student"]
    assert evaluate(inside, "os.listdir('/usr/bin')") == ["sh"]
    assert evaluate(inside, "sorted(os.listdir('.'))") == [".programs", "data"]  # nvidia-smi
    assert evaluate(inside, "[n for n in os.listdir('/etc') if 'pass' in n or 'shadow' in n]") == []


def test_the_grader_and_the_reference_are_nowhere(inside: KernelSession) -> None:
    assert "ModuleNotFoundError" in attempt(inside, "lambda: __import__('grader.sandbox')")
    assert "ModuleNotFoundError" in attempt(inside, "lambda: __import__('reference.ddpm')")
    walk = (
        "[os.path.join(d, f) for top in ['/home', '/tmp', '/etc', *filter(os.path.isdir, sys.path)]"
        " for d, _, files in os.walk(top) for f in files"
        " if ('ddpm_grader' in d + f or '/grader' in d or d.endswith('-packages/reference'))"
        " and os.path.isfile(os.path.join(d, f)) and os.path.getsize(os.path.join(d, f))]"
    )
    assert evaluate(inside, walk) == []
    root = paths.PACKAGE.parent
    for hidden in (root / "pyproject.toml", root / "tests", root / "rubrics", Path(__file__)):
        assert evaluate(inside, f"os.path.exists({str(hidden)!r})") is False
    links = "[p for f in map(glob.glob, [d + '/*.pth' for d in sys.path]) for p in f]"
    root_named = f"[p for p in {links} if {str(root)!r} in open(p).read().splitlines()]"
    assert evaluate(inside, root_named) == []


def test_the_environment_is_its_own(inside: KernelSession) -> None:
    assert evaluate(inside, "[k for k in os.environ if 'CANARY' in k or 'JPY' in k]") == []
    assert evaluate(inside, "os.environ['HOME']") == "/home/student"
    assert evaluate(inside, "socket.gethostname()") == "sandbox"
    for key, value in {"MPLBACKEND": "Agg", "LANG": "C.UTF-8", "PYTHONHASHSEED": "0"}.items():
        assert evaluate(inside, f"os.environ[{key!r}]") == value


@pytest.mark.parametrize("place", ["/x", "/usr/lib/x", "/etc/x", "/dev/x", "/bin/x", "data/x"])
def test_nothing_outside_its_folders_can_be_written(inside: KernelSession, place: str) -> None:
    assert "Error" in attempt(inside, "write", place)


def test_the_kernels_own_settings_cannot_be_opened_for_writing(inside: KernelSession) -> None:
    text = (
        "[f for d, _, files in os.walk('/proc/sys') for f in files"
        " if not attempt('os.open', os.path.join(d, f), os.O_WRONLY).startswith(('Perm', 'OSErr'))]"
    )
    assert returned(inside, "evaluate", text) == []


def test_the_installed_packages_cannot_be_written(inside: KernelSession) -> None:
    for folder in package_folders():
        for place in (folder, *folder.glob("ddpm_grader*"), folder / "torch", folder / "grader"):
            if place.is_dir():
                assert "Read-only" in attempt(inside, "write", str(place / "x.py"))
        assert not (folder / "x.py").exists()


def test_its_own_folders_can_be_written_up_to_their_size(inside: KernelSession) -> None:
    assert "written" in attempt(inside, "write", "results.bin", 2**20)
    assert "No space" in attempt(inside, "write", "large.bin", 2 * FILE_BYTES)
    assert "No space" in attempt(inside, "write", "another.bin", FILE_BYTES)
    assert "File too large" in attempt(inside, "os.truncate", "results.bin", FILE_BYTES + 1)
    assert "No space" in attempt(inside, "write", "/tmp/x.bin", FILE_BYTES)
    assert "No space" in attempt(inside, "write", "/home/student/x.bin", FILE_BYTES)
    assert evaluate(inside, "os.path.getsize('results.bin')") == 2**20


@pytest.mark.parametrize("call", [("memfd_create", "x", 0), ("shmget", 0, 4096, 0o1600)])
def test_no_memory_is_to_be_had_that_is_not_counted(
    inside: KernelSession, call: tuple[object, ...]
) -> None:
    assert returned(inside, "system_call", *call) == [-1, "Function not implemented"]


def test_it_sees_and_signals_only_its_own_processes(inside: KernelSession) -> None:
    pids = evaluate(inside, "[int(p) for p in os.listdir('/proc') if p.isdigit()]")
    assert pids == [2]
    assert "ProcessLookupError" in attempt(inside, "os.kill", os.getpid(), 0)
    attach = 16
    result, reason = returned(inside, "system_call", "ptrace", attach, os.getpid(), 0, 0)
    assert result == -1
    assert reason in ("No such process", "Operation not permitted")


def test_it_has_no_privileges_and_can_gain_none(inside: KernelSession) -> None:
    status = str(evaluate(inside, "open('/proc/self/status').read()"))
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert int(fields["CapEff"], 16) == int(fields["CapBnd"], 16) == 0
    assert fields["NoNewPrivs"] == "1"
    assert fields["Seccomp"] == "2"
    new_user_namespace = 0x10000000
    assert returned(inside, "system_call", "unshare", new_user_namespace)[0] == -1
    assert returned(inside, "system_call", "umount2", "/home/student/work/data", 2)[0] == -1
    assert returned(inside, "system_call", "mount", "tmpfs", "/tmp", "tmpfs", 0, 0)[0] == -1


def test_the_small_mnist_opens_as_if_downloaded(inside: KernelSession) -> None:
    count, label, size = returned(inside, "mnist")
    assert count == 400
    assert label in range(10)
    assert size == [28, 28]


def test_the_first_process_tells_nothing(inside: KernelSession) -> None:
    environment = attempt(inside, "lambda: open('/proc/1/environ').read()")
    assert "CANARY" not in environment
    assert "Error" in attempt(inside, "lambda: open('/proc/1/mem', 'rb').read(1)")


def test_what_is_given_can_be_read_and_not_written(inside: KernelSession, tmp_path: Path) -> None:
    file = tmp_path / "weights"
    file.write_bytes(b"weights")
    shown = inside.probe("ask", {}, files={"file": (file, "given.bin")}).facts["value"]
    assert returned(inside, "evaluate", f"open({shown!r}).read()") == "weights"
    folder = os.path.dirname(shown)
    seen = returned(inside, "evaluate", f"os.listdir({folder!r})")
    assert set(seen) == {"ask.code", "request", "given.bin"}
    for action, arguments in {
        "write": (shown,),
        "os.unlink": (shown,),
        "os.truncate": (shown, 0),
        "os.chmod": (shown, 0o777),
        "os.rename": (shown, shown + "2"),
        "os.mkdir": (folder + "/new",),
    }.items():
        assert "Read-only file system" in attempt(inside, action, *arguments), action
    assert file.read_bytes() == b"weights"


def test_the_folder_of_its_sockets_cannot_be_written_to_or_locked(inside: KernelSession) -> None:
    lines = str(evaluate(inside, "open('/proc/mounts').read()")).splitlines()
    (folder,) = {line.split()[1] for line in lines if line.split()[1].endswith("/ipc")}
    for action, arguments in {
        "write": (f"{folder}/large",),
        "os.mkdir": (f"{folder}/deep",),
        "os.chmod": (folder, 0),
        "os.unlink": (f"{folder}/kernel.json",),
        "lambda path: os.open(path, os.O_TMPFILE | os.O_RDWR)": (folder,),
    }.items():
        assert "Read-only file system" in attempt(inside, action, *arguments), action


def test_of_the_machine_it_sees_few_facts_and_changes_none(inside: KernelSession) -> None:
    names = evaluate(inside, "os.listdir('/proc')")
    assert set(names) == {*SHOWN_OF_PROC, "2", "self", "mounts", "net"}
    for place in ("/proc/pressure/cpu", "/proc/sys/kernel/hostname", "/proc/uptime"):
        # past what makes missing folders for notebooks
        assert returned(inside, "system_call", "open", place, os.O_WRONLY)[0] == -1, place


def test_empty_files_are_counted(inside: KernelSession) -> None:
    assert evaluate(inside, "[os.statvfs(p).f_files for p in ('/tmp', '.', '/dev/shm')]") == [
        20_000,
        20_000,
        20_000,
    ]
