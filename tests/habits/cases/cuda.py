"""Code that was written for a GPU, and asks for it in many ways: nothing of it may cost anything."""

from tests.habits.draft import Draft
from tests.habits.edits import (
    ASK,
    FORWARD,
    MODEL,
    NETWORK,
    NOISE,
    SCHEDULES,
    SETTINGS,
    START,
    STEP,
    STORE,
    before,
    built,
    change,
    insert_before,
)
from tests.habits.table import habit


@habit("a GPU is asserted, in the constructor and in both methods")
def asserted(draft: Draft) -> None:
    line = "assert torch.cuda.is_available() and torch.cuda.device_count() > 0, 'no GPU'"
    change(draft, built(line), before(FORWARD, line), before(START, line))


@habit("a device is chosen by what is there, with Apple's first")
def chosen(draft: Draft) -> None:
    chosen = (
        "device = 'mps' if torch.backends.mps.is_available() else 'cuda' if "
        "torch.cuda.is_available() else 'cpu'"
    )
    change(draft, (SETTINGS, chosen), before(START, "torch.mps.empty_cache()"))


@habit("an Apple GPU is asserted, and cared for")
def apple(draft: Draft) -> None:
    change(
        draft,
        (SETTINGS, "assert torch.backends.mps.is_built()\ndevice = torch.device('mps')"),
        built("assert torch.backends.mps.is_available()"),
        before(START, "torch.mps.synchronize()", "used = torch.mps.current_allocated_memory()"),
    )


@habit("the card's memory and name decide sizes")
def properties(draft: Draft) -> None:
    change(
        draft,
        built(
            "card = torch.cuda.get_device_properties(0)",
            "self.chunk = int(card.total_memory / 2**30) * 64",
            "self.name = torch.cuda.get_device_name(torch.cuda.current_device()) + card.name",
            "self.tf32 = torch.cuda.get_device_capability()[0] >= 8 and card.major >= 8",
        ),
        before(
            START,
            "free, total = torch.cuda.mem_get_info()",
            "assert self.chunk > 0 and free / total > 0.1",
            "part = torch.cuda.memory_allocated() / torch.cuda.max_memory_allocated()",
            "print(torch.cuda.memory_summary(), part)",
        ),
    )


@habit("tensors and weights are asserted to be on the GPU")
def tensors_asserted(draft: Draft) -> None:
    change(
        draft,
        before(
            FORWARD,
            "assert x.is_cuda and c.device.type == 'cuda' and not x.is_cpu",
            "assert x.get_device() == 0 and x.device == torch.device('cuda', 0)",
            "assert next(self.parameters()).is_cuda and self.beta_t.device.type == 'cuda'",
        ),
        before(STEP, "assert x_i.is_cuda and str(x_i.device).startswith('cuda')"),
    )


@habit("the device is built from the number that a tensor gives")
def numbered(draft: Draft) -> None:
    change(
        draft,
        before(
            FORWARD, "here = torch.device('cuda', x.get_device())", "x, c = x.to(here), c.to(0)"
        ),
        before(
            STEP,
            "assert x_i.device == torch.device(f'cuda:{x_i.get_device()}')",
            "x_i = x_i.cuda(0).to(device=0, non_blocking=True)",
        ),
    )


@habit("generators on the GPU draw noise and time steps")
def generators(draft: Draft) -> None:
    change(
        draft,
        built("self.drawn = torch.Generator(device='cuda').manual_seed(7)"),
        (
            FORWARD,
            "        t = torch.randint(0, self.n_T, (x.shape[0],), device='cuda', generator=self.drawn)\n",
        ),
        (NOISE, "        noise = torch.randn(x.shape, device='cuda', generator=self.drawn)\n"),
        before(START, "g = torch.Generator('cuda')", "g.seed()", "assert g.device.type == 'cuda'"),
        (
            STEP,
            "                z = torch.randn(x_i.shape, generator=g, device=g.device) * (i > 0)\n",
        ),
    )


@habit("default tensor types and devices of the GPU")
def defaults(draft: Draft) -> None:
    insert_before(
        draft,
        SCHEDULES,
        "torch.set_default_device('cuda')\n"
        "if torch.cuda.is_available():\n"
        "    torch.set_default_tensor_type('torch.cuda.FloatTensor')\n"
        "Tensor = torch.cuda.FloatTensor if torch.cuda.is_available() else torch.FloatTensor",
    )
    change(
        draft,
        (NOISE, "        noise = Tensor(x.shape).normal_()\n"),
        (STEP, "                z = torch.cuda.FloatTensor(*x_i.shape).normal_() * (i > 0)\n"),
        (START, "        x_i = Tensor(np.random.normal(size=(n_sample, *size))).type(Tensor)\n"),
    )


@habit("streams and events time every step")
def streams(draft: Draft) -> None:
    change(
        draft,
        before(
            START,
            "begin = torch.cuda.Event(enable_timing=True)",
            "end = torch.cuda.Event(enable_timing=True)",
            "begin.record()",
            "side = torch.cuda.Stream()",
            "side.wait_stream(torch.cuda.current_stream())",
        ),
        (
            STEP,
            "                with torch.cuda.stream(side), torch.cuda.device(0):\n    "
            + STEP
            + "                end.record()\n                torch.cuda.synchronize()\n"
            "                assert begin.elapsed_time(end) > 0\n",
        ),
    )


@habit("automatic mixed precision, with its scaler")
def mixed_precision(draft: Draft) -> None:
    insert_before(
        draft,
        MODEL,
        "scaler = torch.cuda.amp.GradScaler()\n"
        "half = torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16",
    )
    change(
        draft,
        built("self.scaler = torch.amp.GradScaler('cuda')", "self.scale = scaler.get_scale()"),
        (
            ASK,
            "        with torch.cuda.amp.autocast(dtype=half):\n"
            "            prediction = self.nn_model(x_t.to(half), c, t / self.n_T).float()\n",
        ),
        (
            "                prediction = self.nn_model(x_i, c_i, t_i)\n",
            "                with torch.autocast(device_type=x_i.device.type, dtype=half):\n"
            "                    prediction = self.nn_model(x_i, c_i, t_i)\n"
            "                prediction = prediction.float()\n",
        ),
    )


@habit("mixed precision where matrices are multiplied")
def mixed_products(draft: Draft) -> None:
    change(
        draft,
        (
            "        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise\n",
            "        with torch.autocast(device_type=x.device.type):\n"
            "            x_t = torch.einsum('b,bchw->bchw', self.sqrtab[t], x)\n"
            "            x_t = x_t + (torch.diag(self.sqrtmab[t]) @ noise.flatten(1)).view_as(x)\n",
        ),
    )


@habit("the network in half precision where there is a GPU", checkpoints=True)
def half_network(draft: Draft) -> None:
    change(
        draft,
        (
            "        self.nn_model = nn_model.to(device)\n",
            "        self.nn_model = nn_model.to(device)\n"
            "        self.low = torch.float16 if torch.cuda.is_available() else torch.float32\n",
        ),
        (
            ASK,
            "        with torch.autocast('cuda', enabled=True):\n"
            "            prediction = self.nn_model(x_t.to(self.low), c, t / self.n_T)\n"
            "        prediction = prediction.float()\n",
        ),
    )


@habit("cuDNN, pinned memory, moves by number")
def moved_in_every_way(draft: Draft) -> None:
    insert_before(
        draft,
        SCHEDULES,
        "torch.backends.cudnn.benchmark = True\ntorch.backends.cudnn.deterministic = True\n"
        "torch.backends.cuda.matmul.allow_tf32 = True\n"
        "assert torch.backends.cudnn.is_available() and torch.backends.cudnn.version() > 7000\n"
        "CUDA = torch.version.cuda.split('.')[0]",
    )
    change(
        draft,
        (
            "        self.nn_model = nn_model.to(device)\n",
            "        self.nn_model = nn_model.to(0)\n",
        ),
        before(
            FORWARD,
            "assert int(CUDA) > 0 and torch.backends.cudnn.enabled",
            "x = x.pin_memory().to('cuda:0', non_blocking=True)",
            "c = c.cuda(non_blocking=True).to(torch.device('cuda', 0))",
            "x = x.type(torch.cuda.FloatTensor).to('cuda', torch.float32)",
        ),
        (STEP, STEP + "                z = z.cuda(0).to(0)\n"),
    )


@habit("the network is spread over all GPUs, and compiled")
def parallel(draft: Draft) -> None:
    change(
        draft,
        (
            "        self.nn_model = nn_model.to(device)\n",
            "        self.nn_model = torch.compile(nn.DataParallel(nn_model, device_ids=[0]).cuda())\n"
            "        torch.cuda.set_device('cuda:0')\n",
        ),
    )


@habit("what nvidia-smi and the environment say is used")
def asked_of_the_shell(draft: Draft) -> None:
    insert_before(
        draft,
        SCHEDULES,
        "gpu_info = !nvidia-smi --query-gpu=name --format=csv,noheader",
        "import subprocess\n"
        "memory = int(subprocess.check_output(['nvidia-smi', '--query-gpu=memory.total', "
        "'--format=csv,nounits,noheader'], encoding='utf-8').strip().split('\\n')[0])",
    )
    change(
        draft,
        built(
            "self.gpu = gpu_info[0]",
            "assert memory > 1000 and self.gpu",
            "self.visible = os.environ['CUDA_VISIBLE_DEVICES'].split(',')",
        ),
    )


@habit("pynvml and GPUtil watch the card")
def watched(draft: Draft) -> None:
    insert_before(
        draft,
        MODEL,
        "import GPUtil\nfrom pynvml import *\nnvmlInit()\n"
        "def used():\n"
        "    info = nvmlDeviceGetMemoryInfo(nvmlDeviceGetHandleByIndex(0))\n"
        "    return info.used / info.total + GPUtil.getGPUs()[0].memoryUtil",
    )
    change(draft, before(STEP, "if i % 100 == 0: print(used()); GPUtil.showUtilization()"))


@habit("states change in place, and are copied by bringing them to the CPU")
def stored_by_moving(draft: Draft) -> None:
    change(
        draft,
        ("x_i = mean + self.sqrt_beta_t[i] * z", "x_i.copy_(mean); x_i += self.sqrt_beta_t[i] * z"),
        (STORE, "x_i_store.append(x_i.detach().cpu().numpy())"),
    )


@habit("random numbers of the GPU are kept and put back")
def random_state(draft: Draft) -> None:
    change(
        draft,
        before(FORWARD, "torch.cuda.manual_seed_all(torch.cuda.initial_seed())"),
        before(
            START,
            "kept = torch.cuda.get_rng_state()",
            "with torch.random.fork_rng(devices=[0]): torch.randn(3, device='cuda')",
            "torch.cuda.set_rng_state(kept)",
            "torch.cuda.empty_cache(); torch.cuda.reset_peak_memory_stats()",
        ),
    )


@habit("the network's own kernels of the GPU")
def kernels(draft: Draft) -> None:
    change(
        draft,
        (
            NETWORK,
            "class Attention(nn.Module):\n"
            "    def forward(self, x):\n"
            "        with torch.backends.cuda.sdp_kernel(enable_flash=True, enable_math=False):\n"
            "            return F.scaled_dot_product_attention(x, x, x)\n\n\n" + NETWORK,
        ),
        built(
            "self.attention = Attention().half()", "self.attention(torch.zeros(1, 2, 4, 8).cuda())"
        ),
    )
