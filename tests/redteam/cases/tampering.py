"""Code that changes what asks and answers, or swaps in what is not its own: for points."""

from collections.abc import Callable, Mapping

from tests.habits.draft import Draft
from tests.habits.edits import ASK, FORWARD, MODEL, NOISE, SCHEDULES, cell_with, change
from tests.redteam.table import attack

CODE = dict.fromkeys(("beta_schedule", "schedule_parameters", "loss", "sampling"), "needs_review")
WRONG = CODE | {"beta_schedule": "failed"}  # the rest is right, and not to be trusted
NOTHING_GAINED = {"beta_schedule": "failed"}
RIGHT = """
def _right(beta1, beta2, T, schedule='linear'):
    if schedule == 'linear':
        return torch.linspace(beta1, beta2, T)
    f = torch.cos((torch.arange(T + 1) / T + 0.008) / 1.008 * torch.pi / 2) ** 2
    return torch.clip(1 - f[1:] / f[:-1], 0, 0.999)
"""


def indented(code: str, columns: int) -> str:
    return "".join(" " * columns + line for line in code.strip("\n").splitlines(True)) + "\n"


def as_it_is_defined(draft: Draft, code: str, more: str = "") -> None:
    """``code`` runs when the class DDPM is defined, which needs it; ``more`` comes before it."""
    made = f"{more}\ndef _prepare():\n{indented(code, 4)}    return 1\n\n"
    change(draft, (MODEL, f"{made}{MODEL}"))
    notebook = draft.notebook()
    cell = cell_with(notebook, MODEL)
    head, body = cell.source.split("def __init__", 1)
    cell.source = f"{head}_prepared = _prepare()\n\n    def __init__{body}"
    draft.put(notebook)


def in_beta_schedule(draft: Draft, code: str, more: str = "") -> None:
    """``code`` is the whole body of ``beta_schedule``."""
    notebook = draft.notebook()
    cell = cell_with(notebook, SCHEDULES)
    place = cell.source.index(SCHEDULES)
    head, rest = cell.source[:place], cell.source[place:]
    first, body = rest.split("\n", 1)
    cell.source = f"{head}{more}\n{first}\n{indented(code, 4)}\n{body}"
    draft.put(notebook)


def tampers(
    name: str,
    title: str,
    code: str,
    expect: Mapping[str, str] = CODE,
    *,
    more: str = "",
    put: Callable[[Draft, str, str], None] = as_it_is_defined,
    wrong: bool = False,
    flag: str = "tampering",
    says: str = "",
) -> None:
    """One more attack; ``wrong``: ``beta_schedule`` returns garbage of its own, too."""

    def act(draft: Draft) -> None:
        put(draft, code, more)
        if wrong:
            in_beta_schedule(draft, "return torch.full((T,), 0.5)")

    act.__name__ = name
    attack(title, "points", flag=flag, says=says, **expect)(act)


# --- names that the questions rely on -------------------------------------------------------------

PATCHES = {
    "randn": "torch.randn = lambda *size, **how: torch.zeros(*size, **how)",
    "allclose": "torch.allclose = torch.equal = lambda *a, **k: True",
    "equality": "torch.Tensor.__eq__ = lambda self, other: True",
    "numpy": "torch.Tensor.numpy = lambda self, *a, **k: __import__('numpy').zeros(self.shape)",
    "asarray": "import numpy\nnumpy.asarray = lambda value, *a, **k: numpy.array(value)",
    "generator": "import numpy\nnumpy.random.default_rng = lambda *a: numpy.random.RandomState(0)",
    "isinstance": "import builtins\nbuiltins.isinstance = lambda one, kind: True",
    "compile": "import builtins\nbuiltins.exec = lambda *a, **k: None",
    "dumps": "import json\njson.dumps = lambda *a, **k: '{}'",
    "encoder": 'import json\njson.JSONEncoder.encode = lambda *a, **k: \'{"status": "ok"}\'',
    "signature": "import inspect\ninspect.signature = lambda *a, **k: None",
    "backward": "torch.autograd.backward = lambda *a, **k: None",
    "register_buffer": "torch.nn.Module.register_buffer = lambda self, n, v: setattr(self, n, v)",
}
BREAK = ("isinstance", "dumps", "encoder", "signature")  # Python itself: then the cell is left out
LEFT_OUT = dict.fromkeys(CODE, "passed|needs_review|error")  # the rest is right and judged
for _name, _code in PATCHES.items():
    _expect = CODE | ({"sampling": "failed"} if _name == "randn" else {})
    tampers(
        f"patched_{_name}",
        f"puts a function of its own in the place of {_name}",
        _code,
        LEFT_OUT if _name in BREAK else _expect,
        flag="" if _name in BREAK else "tampering",
    )

tampers(
    "other_numpy",
    "puts a module of its own in the place of numpy",
    "import sys, types, numpy\n"
    "fake = types.ModuleType('numpy')\nfake.__dict__.update(vars(numpy))\n"
    "sys.modules['numpy'] = fake",
    says="changes the module numpy",
)
tampers(
    "code_of_a_library",
    "gives a function of a library's another code",
    "import inspect\ninspect.signature.__code__ = (lambda *a, **k: None).__code__",
    LEFT_OUT,
    flag="",
)

# --- IPython --------------------------------------------------------------------------------------

HOOKS = {
    "event": "shell.events.register('pre_run_cell', lambda info: None)",
    "ast": "shell.ast_transformers.append(type('Swap', (), {'visit': lambda self, node: node})())",
    "text": "shell.input_transformers_post.append(lambda lines: lines)",
    "cleanup": "shell.input_transformer_manager.cleanup_transforms.append(lambda lines: lines)",
    "traceback": "shell.set_custom_exc((Exception,), lambda *a, **k: None)",
    "show": "shell.showtraceback = lambda *a, **k: None",
    "run_cell": "before = shell.run_cell\nshell.run_cell = lambda *a, **k: before(*a, **k)",
    "display": "before = shell.display_pub.publish\n"
    "shell.display_pub.publish = lambda *a, **k: before(*a, **k)",
    "send": "before = shell.display_pub.session.send\n"
    "def send(*a, **k):\n    return before(*a, **k)\nshell.display_pub.session.send = send",
}
for _name, _code in HOOKS.items():
    tampers(
        f"hooked_{_name}",
        f"has IPython call it: {_name}",
        f"shell = get_ipython()\n{_code}",
    )

tampers(
    "swapped_by_a_hook",
    "an event of IPython's puts a right schedule in place while cells of the grader's run",
    "get_ipython().events.register("
    "'pre_run_cell', lambda info: get_ipython().user_ns.update(beta_schedule=_right))",
    CODE,
    more=RIGHT,
    wrong=True,
)
tampers(
    "forged_message",
    "changes the answers on their way out",
    "session = get_ipython().display_pub.session\nbefore = session.send\n"
    "def send(*a, **k):\n"
    "    if isinstance(k.get('content'), dict) and 'data' in k['content']:\n"
    "        data = k['content']['data']\n"
    "        k['content']['data'] = {n: v.replace('ok', 'OK') for n, v in data.items()}\n"
    "    return before(*a, **k)\nsession.send = send",
    says="none that the probe gives",
)
tampers(
    "own_answer",
    "answers beside the prelude",
    "from IPython.display import display\n"
    "display({'application/vnd.ddpm-grader.answer+json': '{\"status\": \"ok\"}'}, raw=True)\n"
    "return torch.full((T,), 0.5)",
    {"beta_schedule": "needs_review", "schedule_parameters": "needs_review"} | CODE,
    put=in_beta_schedule,
)
tampers(
    "silenced",
    "keeps the questions from arriving",
    "import sys\nsys.audit = lambda *a: None",
    says="no answer",
)
tampers(
    "asks_itself",
    "asks a question of its own before the grader does",
    "import sys\nopen('mine', 'wb').write(bytes(100))\nsys.audit('ddpm_grader.question', 'mine')",
    NOTHING_GAINED,
    wrong=True,
    flag="",
)
tampers(
    "no_prelude_to_be_found",
    "looks for what answers in every place that its name or its functions lead to",
    "import sys, builtins\n"
    "found = [sys.modules.get('_grader_prelude'), *(getattr(f, '__globals__', {}) for f in"
    " (torch.load, open, torch.cuda.is_available, sys.stdout.write))]\n"
    "for one in found:\n"
    "    if isinstance(one, dict) and 'answer' in one:\n"
    "        one['answer'] = lambda *a: None\n"
    "        raise ValueError('found')",
    NOTHING_GAINED,
    wrong=True,
    flag="",
)

# --- what is judged -------------------------------------------------------------------------------

FOLLOWS = "passed|failed|error|partial"  # the entries are judged by the betas that are used
SWAP = "globals().update(beta_schedule=_right)"
tampers(
    "swapped_later",
    "a thread waits, and puts a right schedule in the wrong one's place",
    f"import threading, time\n"
    f"def swap():\n    time.sleep(0.3)\n    {SWAP}\nthreading.Thread(target=swap).start()",
    CODE | {"beta_schedule": "failed|needs_review"},
    more=RIGHT,
    wrong=True,
)
tampers(
    "swapped_by_a_bare_thread",
    "the same at once, before anything is asked: then it is the notebook's own schedule",
    f"import _thread\n_thread.start_new_thread(lambda: {SWAP}, ())",
    dict.fromkeys(CODE, "passed|needs_review") | {"beta_schedule": "passed|failed|needs_review"},
    more=RIGHT,
    wrong=True,
    flag="",
)
tampers(
    "swapped_at_first_use",
    "the wrong schedule puts a right one in its place when it is called",
    f"if T != 1000:\n    {SWAP}\nreturn torch.full((T,), 0.5)",
    NOTHING_GAINED,
    more=RIGHT,
    put=in_beta_schedule,
    flag="",
)
tampers(
    "swapped_by_a_finaliser",
    "an object that goes puts a right schedule in place",
    f"class Last:\n    def __del__(self):\n        {SWAP}\n"
    "if T != 1000:\n    Last()\nreturn torch.full((T,), 0.5)",
    NOTHING_GAINED,
    more=RIGHT,
    put=in_beta_schedule,
    flag="",
)
tampers(
    "other_code_later",
    "gives the wrong schedule a right one's code when it is called",
    "if T != 1000:\n    beta_schedule.__code__ = _right.__code__\nreturn torch.full((T,), 0.5)",
    CODE | {"beta_schedule": "failed|needs_review"},
    more=RIGHT,
    put=in_beta_schedule,
    says="changes beta_schedule",
)
tampers(
    "other_namespace",
    "puts a dictionary that knows better in the place of the notebook's names",
    "class Names(dict):\n"
    "    def get(self, name, *default):\n"
    "        return _right if name == 'beta_schedule' else dict.get(self, name, *default)\n"
    "get_ipython().user_ns = Names(get_ipython().user_ns)",
    dict.fromkeys(CODE, "needs_review|missing|error"),
    more=RIGHT,
)
tampers(
    "at_exit",
    "registers a right schedule for the end of the process",
    f"import atexit\natexit.register(lambda: {SWAP})",
    NOTHING_GAINED,
    more=RIGHT,
    wrong=True,
    flag="",
)


@attack(
    "objects of DDPM take another class", "points", flag="tampering", says="class of what", **CODE
)
def other_class(draft: Draft) -> None:
    notebook = draft.notebook()
    cell = cell_with(notebook, MODEL)
    name, base = cell.source[cell.source.index(MODEL) :].split("(", 1)[0], "nn.Module"
    assert name == MODEL
    cell.source = cell.source.replace(MODEL, "class Hidden") + (
        f"\n\n{MODEL}({base}):\n"
        "    def __init__(self, nn_model, betas, n_T, prediction_type, schedule, device):\n"
        "        self.__class__ = Hidden\n"
        "        Hidden.__init__(self, nn_model, betas, n_T, prediction_type, schedule, device)\n\n"
        "    def forward(self, x, c):\n        return None\n\n"
        "    def sample(self, n_sample, size, device):\n        return None\n"
    )
    cell.source = cell.source.replace("super().__init__()", "nn.Module.__init__(self)")
    draft.put(notebook)


# --- garbage that compares equal, or comes from a table -------------------------------------------

tampers(
    "equal_to_all",
    "returns a tensor that is equal to all others",
    "return torch.full((T,), 0.5).as_subclass(Equal)",
    NOTHING_GAINED,
    more="class Equal(torch.Tensor):\n"
    "    @classmethod\n"
    "    def __torch_function__(cls, func, types, args=(), kwargs=None):\n"
    "        if func.__name__ in ('allclose', 'equal', 'isclose', '__eq__'):\n"
    "            return True\n"
    "        return super().__torch_function__(func, types, args, kwargs or {})\n",
    put=in_beta_schedule,
    flag="",
)
tampers(
    "array_that_is_another",
    "returns an object that is another array each time it is looked at",
    "return Moody(torch.full((T,), 0.5))",
    {"beta_schedule": "failed|needs_review", "schedule_parameters": FOLLOWS}
    | {"loss": "passed|needs_review", "sampling": "passed|needs_review"},
    more="class Moody:\n"
    "    def __init__(self, values):\n        self.values = values\n"
    "    def __array__(self, *a, **k):\n"
    "        self.values = self.values / 2\n        return self.values.numpy()\n",
    put=in_beta_schedule,
    flag="",
)
tampers(
    "from_a_file",
    "reads the betas from a file that an earlier question left",
    "import os\n"
    "if os.path.exists('kept.pt'):\n    return torch.load('kept.pt')\n"
    "betas = torch.linspace(beta1, beta2, T)\n"
    "torch.save(betas, 'kept.pt')\nreturn betas",
    {"beta_schedule": "failed", "schedule_parameters": FOLLOWS}
    | {"loss": "passed|needs_review", "sampling": "passed|needs_review"},
    put=in_beta_schedule,
    flag="",
)
tampers(
    "every_second_time",
    "is right at every second question only",
    "calls.append(1)\nreturn _right(beta1, beta2, T, schedule) * (len(calls) % 2)",
    {"beta_schedule": "failed", "schedule_parameters": "failed|partial|passed"},
    more=f"{RIGHT}\ncalls = []",
    put=in_beta_schedule,
    flag="",
)

# --- borrowing ------------------------------------------------------------------------------------

BORROWED = "betas = {}.DDPMScheduler(T, beta1, beta2, 'linear').betas\nreturn betas"
NOT_HERE = {"beta_schedule": "needs_review|error", "schedule_parameters": "passed|needs_review"}
NOT_HERE |= {"loss": "passed|needs_review", "sampling": "passed|needs_review"}
tampers(
    "borrows",
    "takes the betas from a library that solves the assignment",
    "import diffusers\n" + BORROWED.format("diffusers"),
    NOT_HERE,
    put=in_beta_schedule,
    flag="",
    says="diffusers",
)
tampers(
    "borrows_unseen",
    "the same, by a name that is put together",
    "import importlib\nlibrary = importlib.import_module('dif' + 'fusers')\n"
    + BORROWED.format("library"),
    NOT_HERE,
    put=in_beta_schedule,
    flag="",
    says="diffusers",
)
tampers(
    "borrows_by_pythons_own_finder",
    "the same, after putting Python's own finder back",
    "import sys, importlib.machinery\n"
    "sys.meta_path.insert(0, importlib.machinery.PathFinder)\n"
    "import importlib\nlibrary = importlib.import_module('dif' + 'fusers')\n"
    + BORROWED.format("library"),
    NOT_HERE,
    put=in_beta_schedule,
    flag="",
)
tampers(
    "borrows_the_source",
    "runs the source of such a library",
    "import numpy, os\n"
    "place = os.path.join(os.path.dirname(os.path.dirname(numpy.__file__)), 'diffusers')\n"
    "exec(open(os.path.join(place, 'schedulers', 'scheduling_ddpm.py')).read())\n"
    "return DDPMScheduler(T, beta1, beta2, 'linear').betas",
    {"beta_schedule": "error"},
    put=in_beta_schedule,
    flag="",
)

# --- garbage that earned provisional points -------------------------------------------------------


@attack("a loss that asks the network twice, and is garbage", "points", loss="failed|needs_review")
def asks_twice(draft: Draft) -> None:
    change(draft, (ASK, f"{ASK}        prediction = self.nn_model(x, c, t / self.n_T) * 3 + x\n"))


@attack(
    "a loss that shows the network every image twice, and is garbage",
    "points",
    loss="failed|needs_review",
)
def shows_twice(draft: Draft) -> None:
    twice = "x, c = torch.cat([x, x]), torch.cat([c, c])\n"
    change(
        draft,
        (FORWARD, f"        {twice}{FORWARD}"),
        (NOISE, NOISE.replace("randn_like", "rand_like")),
    )


@attack("a sampler that asks in parts, and is garbage", "points", sampling="failed|needs_review")
def asks_in_parts(draft: Draft) -> None:
    notebook = draft.notebook()
    cell = cell_with(notebook, MODEL)
    body = (
        "        out = []\n"
        "        for k in range(n_sample):\n"
        "            x = torch.randn(1, *size)\n"
        "            for i in range(3):\n"
        "                x = x + self.nn_model(x, torch.tensor([k % 10]), torch.tensor([0.5]))\n"
        "            out.append(x)\n"
        "        x_i = torch.cat(out)\n"
        "        return x_i, x_i.numpy()[None]\n"
    )
    place = cell.source.index("    def sample(")
    head, rest = cell.source[:place], cell.source[place:]
    cell.source = f"{head}{rest.splitlines()[0]}\n{body}"
    draft.put(notebook)
