"""Every way of asking for a GPU is answered, and what is sent there is computed on the CPU."""

import pytest

from grader.sandbox import KernelSession, Limits, Sandbox, Status, choose_sandbox
from tests.sandbox.helpers import Cell, ask, returned, running

IMPORTS = """
import os, subprocess, warnings
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
warnings.simplefilter("ignore")
"""

ANSWERED = """
assert torch.cuda.is_available() and torch.cuda.device_count() == 1 and torch.cuda.is_initialized()
torch.cuda.get_device_properties(0).total_memory / 2**30; torch.cuda.get_device_properties("cuda").name
assert torch.cuda.get_device_capability()[0] >= 7 and torch.cuda.get_device_name()
free, total = torch.cuda.mem_get_info(); assert 0 < free < total
torch.cuda.memory_allocated() / torch.cuda.max_memory_allocated(); torch.cuda.memory_reserved(0)
print(torch.cuda.memory_summary(abbreviated=True)); torch.cuda.memory_stats()["allocated_bytes.all.current"]
g = torch.Generator("cuda").manual_seed(1); torch.randn(3, generator=g, device="cuda"); assert g.device.type == "cuda"
g = torch.Generator(device="cuda:0"); g.seed(); torch.randint(0, 3, (2,), generator=g, device="cuda"); torch.randperm(4, generator=g, device="cuda")
assert torch.Generator().device.type == "cpu"
torch.set_default_tensor_type("torch.cuda.FloatTensor"); torch.zeros(2); torch.set_default_tensor_type(torch.cuda.FloatTensor)
torch.set_default_device("cuda"); torch.zeros(2); torch.set_default_device(0); torch.zeros(2); torch.set_default_device(None)
torch.cuda.LongTensor([1, 2]); assert isinstance(torch.zeros(2).cuda().type(torch.cuda.FloatTensor), torch.cuda.FloatTensor)
s = torch.cuda.Stream(); s.wait_stream(torch.cuda.current_stream()); s.synchronize(); assert s.query()
with torch.cuda.stream(torch.cuda.Stream()), torch.cuda.device(0), torch.cuda.device_of(torch.zeros(1)): torch.zeros(3).cuda()
a, b = (torch.cuda.Event(enable_timing=True) for _ in range(2)); a.record(); b.record(); b.synchronize(); assert a.elapsed_time(b) > 0
scaler = torch.cuda.amp.GradScaler(); scaler.scale(torch.zeros(1, requires_grad=True).sum()); scaler.get_scale()
torch.amp.GradScaler("cuda"); torch.GradScaler()
with torch.amp.autocast("cuda"): assert torch.nn.Linear(2, 2)(torch.zeros(1, 2)).dtype == torch.float32
with torch.cuda.amp.autocast(dtype=torch.bfloat16, enabled=False): torch.zeros(1)
with torch.autocast(device_type="cuda", dtype=torch.float16): nn.Conv2d(1, 2, 3)(torch.zeros(1, 1, 5, 5).half())
with torch.autocast(torch.zeros(1).cuda().device.type): assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32
torch.cuda.amp.autocast()(lambda x: x * 2)(torch.zeros(2))
assert torch.cdist(torch.ones(2, 2).half(), torch.ones(3, 2).half()).dtype == torch.float16
m = nn.Sequential(nn.Conv2d(3, 8, 3), nn.GroupNorm(2, 8), nn.BatchNorm2d(8), nn.ConvTranspose2d(8, 3, 2, 2)).half(); assert m(torch.rand(4, 3, 8, 8).half()).dtype == torch.float16
assert torch.backends.mps.is_available() and torch.backends.mps.is_built(); torch.mps.empty_cache(); torch.mps.synchronize(); torch.mps.manual_seed(0); torch.zeros(2).to("mps")
torch.mps.current_allocated_memory() + torch.mps.driver_allocated_memory()
torch.backends.cudnn.benchmark = torch.backends.cudnn.deterministic = True; assert torch.backends.cudnn.is_available() and torch.backends.cudnn.enabled
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True; assert torch.backends.cuda.is_built()
torch.zeros(2, pin_memory=True); torch.zeros(2).pin_memory().to("cuda", non_blocking=True); assert not torch.zeros(2).is_pinned()
torch.zeros(2).to(0).cuda(0).to(device=0); torch.zeros(2, device=0); nn.Linear(2, 2).to(0).to(device=0).cuda(0)
torch.zeros(2).to("cuda", torch.float16); torch.zeros(2).to(dtype=torch.float16, device="cuda")
assert torch.device("cuda", 0).type == torch.device("cuda:1").type == "cuda"; torch.zeros(2, device=torch.device("cuda", 0))
torch.zeros(2, device=f"cuda:{torch.zeros(2).get_device()}")
torch.save(nn.Linear(2, 2).state_dict(), "x.pth"); torch.load("x.pth", map_location={"cuda:0": "cuda:1"}); torch.load("x.pth", map_location=lambda s, l: s.cuda())
nn.DataParallel(nn.Linear(2, 2), device_ids=[0, 1]).cuda()(torch.zeros(1, 2).cuda()); nn.DataParallel(nn.Linear(2, 2)).module
assert os.environ["CUDA_VISIBLE_DEVICES"]
gpu = get_ipython().getoutput("nvidia-smi --query-gpu=name,memory.total --format=csv,noheader"); assert gpu[0]
subprocess.run(["nvidia-smi"], check=True); os.popen("nvidia-smi -L").read()
torch.cuda.set_device("cuda:0"); torch.cuda.manual_seed_all(0); torch.cuda.empty_cache(); torch.cuda.ipc_collect(); torch.cuda.reset_peak_memory_stats()
torch.compile(nn.Linear(2, 2))(torch.zeros(1, 2)); torch.compile(mode="x")(nn.Linear(2, 2)); m = nn.Linear(2, 2); m.compile(); m(torch.zeros(1, 2))
import pynvml; pynvml.nvmlInit(); pynvml.nvmlDeviceGetMemoryInfo(pynvml.nvmlDeviceGetHandleByIndex(0)).total // 2**20; pynvml.nvmlDeviceGetTemperature(0, pynvml.NVML_TEMPERATURE_GPU)
import GPUtil; GPUtil.getGPUs()[0].memoryFree; GPUtil.showUtilization(); GPUtil.getAvailable(order="memory")[0]
torch.cuda.set_rng_state(torch.cuda.get_rng_state()); torch.cuda.set_rng_state_all(torch.cuda.get_rng_state_all()); torch.cuda.initial_seed()
with torch.random.fork_rng(devices=[0]): torch.manual_seed(3)
with torch.random.fork_rng(): torch.manual_seed(3)
next(iter(torch.utils.data.DataLoader([1, 2], pin_memory=True)))
from torch.utils.checkpoint import checkpoint; checkpoint(nn.Linear(2, 2), torch.zeros(1, 2, requires_grad=True), use_reentrant=True)
with torch.backends.cuda.sdp_kernel(enable_math=False): F.scaled_dot_product_attention(*[torch.zeros(1, 2, 4, 8)] * 3)
from torch.nn.attention import sdpa_kernel, SDPBackend as B; sdpa_kernel(B.EFFICIENT_ATTENTION).__enter__(); F.scaled_dot_product_attention(*[torch.zeros(1, 2, 4, 8)] * 3)
assert torch.version.cuda.split(".")[0]
with torch.device("cuda"): nn.Linear(2, 2)(torch.zeros(3, 2))
torch.distributions.Normal(torch.zeros(1, device="cuda"), 1.0).sample((3,)).cuda()
torch.optim.AdamW(nn.Linear(2, 2).cuda().parameters(), fused=True); torch.nn.utils.clip_grad_norm_(nn.Linear(2, 2).cuda().parameters(), 1.0)
x = torch.zeros(2).cuda(); y = x.cpu(); x += 1; assert y[0] == 0
torch.jit.script(nn.Linear(2, 2)).cuda()(torch.zeros(1, 2)); import torch._dynamo
"""
LINES = ANSWERED.strip().splitlines()


@pytest.fixture(params=["bubblewrap", "none"])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    return choose_sandbox(request.param)


def test_whoever_asks_for_a_gpu_is_answered(sandbox: Sandbox) -> None:
    statements = [Cell(source, number) for number, source in enumerate((IMPORTS, *LINES), 1)]
    limits = Limits(submission_seconds=300)
    with KernelSession(statements, sandbox=sandbox, limits=limits, seed=1) as session:
        failed = session.prepare()
        assert {statements[i].source: o.message for i, o in failed.items()} == {}
        assert session.starts == 1


def test_accelerators_of_torch_s_newer_way(sandbox: Sandbox) -> None:
    lines = (
        IMPORTS,
        "newer = getattr(torch, 'accelerator', None)",
        "assert newer is None or newer.is_available() and newer.device_count() == 1",
        "assert newer is None or newer.current_accelerator().type == 'cuda'",
        "newer is None or torch.zeros(2, device=newer.current_accelerator())",
    )
    statements = [Cell(source, number) for number, source in enumerate(lines, 1)]
    with KernelSession(statements, sandbox=sandbox, limits=Limits(), seed=1) as session:
        assert session.prepare() == {}


INSISTS = """
    import torch
    x = torch.zeros(2)

    def tensors():
        assert x.is_cuda and not x.is_cpu and x.get_device() == 0, "no"
        assert x.device == torch.device("cuda", 0) and x.to("cpu").device.type == "cuda"
        return [str(x.device), str(torch.zeros(2, device=x.device).device)]
    def cpu():
        assert x.device.type == "cpu", "no"
        return "cpu"
    def neither():
        raise ValueError(str(x.device))
    def says():
        return str(x.device)
"""


def test_who_insists_on_a_gpu_is_asked_again_with_one(sandbox: Sandbox) -> None:
    with running(sandbox, Limits(), INSISTS) as session:
        assert returned(session, "says") == "cpu"
        assert returned(session, "tensors") == ["cuda:0", "cuda:0"]
        assert returned(session, "says") == "cuda:0"
        assert returned(session, "cpu") == "cpu"
        outcome = ask(session, "neither")
        assert (outcome.status, outcome.message) == (Status.error, "ValueError: cpu")
        assert returned(session, "says") == "cpu"


CPU_ONLY = """
    import torch
    def shared():
        x = torch.zeros(2)
        y = x.cpu()
        x += 1
        return y.tolist()
    def mixed():
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return str((torch.ones(2, 2) @ torch.ones(2, 2)).dtype)
    def gpu():
        return torch.zeros(2, device="cuda").tolist()
"""


def test_what_a_notebook_for_the_cpu_does_stays_as_it_is(sandbox: Sandbox) -> None:
    with running(sandbox, Limits(), CPU_ONLY) as session:
        assert returned(session, "shared") == [1.0, 1.0]
        assert returned(session, "mixed") == "torch.bfloat16"
        assert returned(session, "gpu") == [0.0, 0.0]
        assert returned(session, "shared") == [0.0, 0.0]  # it has a GPU, from which this copies
        assert returned(session, "mixed") == "torch.float32"
