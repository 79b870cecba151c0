"""Definitions that reach the notebook by other means than a cell that is run from top to bottom."""

from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell

from tests.habits.draft import Draft
from tests.habits.edits import (
    MODEL,
    SCHEDULES,
    START,
    before,
    cell_with,
    change,
    insert_after,
    insert_before,
    rewrite,
    source_of,
)
from tests.habits.table import habit

IMPORTS = "import math, os\nimport numpy as np\nimport torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n\n\n"
NAMES = "beta_schedule, ddpm_schedules"
REVIEW = "needs_review"


def schedules(draft: Draft) -> str:
    return source_of(draft, SCHEDULES)


def methods(draft: Draft) -> dict[str, str]:
    """``forward`` and ``sample`` as functions of the module; the class keeps the constructor."""
    source = source_of(draft, MODEL)
    start, middle = source.index("    def forward"), source.index("    def sample")
    parts = {"forward": source[start:middle], "sample": source[middle:]}
    return {
        "class": source[:start],
        **{
            name: "\n".join(
                line[4:] if line.startswith("    ") else line for line in part.split("\n")
            )
            for name, part in parts.items()
        },
    }


# --- files ------------------------------------------------------------------------------------------


@habit("a module in a folder whose name stands in a variable")
def written_by_variable(draft: Draft) -> None:
    text = schedules(draft)
    rewrite(
        draft,
        SCHEDULES,
        "import sys\nfolder = 'src'\nos.makedirs(folder, exist_ok=True)\nsys.path.append(folder)",
        f"%%writefile $folder/my_schedules.py\n{IMPORTS}{text}",
        f"from my_schedules import {NAMES}",
    )


@habit("a file in a folder that is run")
def written_and_run(draft: Draft) -> None:
    text = schedules(draft)
    rewrite(draft, SCHEDULES, f"%%writefile src/s.py\n{IMPORTS}{text}", "%run src/s.py")


@habit("a package of two modules")
def package(draft: Draft) -> None:
    first, second = schedules(draft).split("def ddpm_schedules")
    rewrite(
        draft,
        SCHEDULES,
        "%mkdir ddpm_lib",
        "%%writefile ddpm_lib/__init__.py\n",
        f"%%writefile ddpm_lib/betas.py\n{IMPORTS}{first}",
        f"%%writefile ddpm_lib/entries.py\n{IMPORTS}from ddpm_lib.betas import beta_schedule\n\n\n"
        f"def ddpm_schedules{second}",
        "from ddpm_lib import entries\nfrom ddpm_lib.betas import *\n"
        "ddpm_schedules = entries.ddpm_schedules",
    )


@habit("a module on Colab's drive, beside a change of folder")
def on_the_drive(draft: Draft) -> None:
    text = schedules(draft)
    rewrite(
        draft,
        SCHEDULES,
        "import sys\nROOT = '/content/drive/MyDrive/dl'\nsys.path.insert(0, ROOT)\n%cd /content",
        f"%%writefile /content/drive/MyDrive/dl/my_schedules.py\n{IMPORTS}{text}",
        "import my_schedules as ms\nbeta_schedule = ms.beta_schedule\n"
        "ddpm_schedules = ms.ddpm_schedules",
    )


@habit("a file that Python code writes, and a module")
def written_by_open(draft: Draft) -> None:
    text = IMPORTS + schedules(draft).replace('"""The var', "'''The var").replace(
        'a tensor."""', "a tensor.'''"
    ).replace('"""What', "'''What").replace('is a tensor."""', "is a tensor.'''")
    rewrite(
        draft,
        SCHEDULES,
        f'code = r"""{text}"""\nwith open("my_schedules.py", "w") as file:\n    file.write(code)',
        f"from my_schedules import {NAMES}",
    )


@habit("a text that Path writes and exec runs")
def written_by_path(draft: Draft) -> None:
    text = schedules(draft)
    rewrite(
        draft,
        SCHEDULES,
        f"from pathlib import Path\nPath('lib/s.py').write_text({text!r})",
        "exec(open('lib/s.py').read())",
    )


@habit("a file in two parts, with a training at its end that must not run")
def with_a_main(draft: Draft) -> None:
    first, second = schedules(draft).split("def ddpm_schedules")
    rewrite(
        draft,
        SCHEDULES,
        f"%%writefile train.py\n{IMPORTS}{first}",
        f"%%writefile -a train.py\ndef ddpm_schedules{second}\n\n"
        "def main():\n    for epoch in range(10**9):\n        pass\n\n\n"
        "if __name__ == '__main__':\n    main()\n    while True:\n        print('training')",
        "%run train.py",
    )


@habit("code in a string that is executed")
def executed_string(draft: Draft) -> None:
    text = schedules(draft)
    rewrite(draft, SCHEDULES, f"exec({text!r})")


@habit("code in a string, executed in a namespace of its own")
def executed_elsewhere(draft: Draft) -> None:
    text = IMPORTS + schedules(draft)
    rewrite(
        draft,
        SCHEDULES,
        f"made = {{}}\nexec({text!r}, made)",
        "beta_schedule, ddpm_schedules = made['beta_schedule'], made['ddpm_schedules']",
    )


@habit("code that is put together and executed")
def executed_parts(draft: Draft) -> None:
    text = schedules(draft)
    rewrite(draft, SCHEDULES, f"parts = {text.split(chr(10))!r}\nexec('\\n'.join(parts))")


@habit(
    "a file that is not in the notebook is run",
    **dict.fromkeys(("beta_schedule", "schedule_parameters"), REVIEW),
    says="my_utils.py, which cell",
)
def run_from_elsewhere(draft: Draft) -> None:
    rewrite(draft, SCHEDULES, "%run my_utils.py")


# --- magics -----------------------------------------------------------------------------------------


@habit("%pylab gives the functions of the schedules")
def pylab(draft: Draft) -> None:
    insert_before(draft, SCHEDULES, "%pylab inline")
    change(
        draft,
        ("        t = torch.arange(T + 1, dtype=torch.float64)\n", "        t = arange(T + 1)\n"),
        (
            "        f = torch.cos((t / T + s) / (1 + s) * torch.pi / 2) ** 2\n",
            "        f = torch.from_numpy(cos((t / T + s) / (1 + s) * pi / 2) ** 2)\n",
        ),
    )


@habit("definitions are profiled, timed and captured")
def measured_cells(draft: Draft) -> None:
    notebook = draft.notebook()
    for text, magic in (
        (SCHEDULES, "%%prun -q"),
        (MODEL, "%%capture out\n%%time"),
        ("class ContextUnet", "%%memit"),
    ):
        cell = cell_with(notebook, text)
        cell.source = f"{magic}\n{cell.source}"
    draft.put(notebook)


@habit("methods are added to the class by %%add_to")
def add_to(draft: Draft) -> None:
    parts = methods(draft)
    rewrite(
        draft,
        MODEL,
        "import jdc",
        parts["class"],
        f"%%add_to DDPM\n{parts['forward']}",
        f"%%add_to DDPM\n{parts['sample']}",
    )


@habit(
    "a schedule in a cell that another program runs",
    beta_schedule=REVIEW,
    schedule_parameters="passed|needs_review",
    says="a cell of %%script",
)
def script_cell(draft: Draft) -> None:
    first, second = schedules(draft).split("def ddpm_schedules")
    rewrite(draft, SCHEDULES, f"%%script python\n{first}", f"def ddpm_schedules{second}")


# --- methods that are attached ------------------------------------------------------------------------


@habit("fastcore's patch adds the methods")
def fastcore_patch(draft: Draft) -> None:
    parts = methods(draft)
    rewrite(
        draft,
        MODEL,
        "from fastcore.all import patch, patch_to",
        parts["class"],
        "@patch\n" + parts["forward"].replace("(self, x, c)", "(self: DDPM, x, c)"),
        "@patch_to(DDPM)\n" + parts["sample"],
    )


@habit("decorators of the student's own add the methods")
def own_decorators(draft: Draft) -> None:
    parts = methods(draft)
    rewrite(
        draft,
        MODEL,
        "def method_of(cls):\n    def add(function):\n        setattr(cls, function.__name__, function)\n"
        "        return function\n    return add\n\n\n"
        "def extend(function):\n    owner = function.__annotations__['self']\n"
        "    setattr(owner, function.__name__, function)\n    return function",
        parts["class"],
        "@method_of(DDPM)\n" + parts["forward"],
        "@extend\n" + parts["sample"].replace("(self, n_sample", "(self: DDPM, n_sample"),
    )


@habit("methods are set on the class in a loop")
def set_in_a_loop(draft: Draft) -> None:
    parts = methods(draft)
    rewrite(
        draft,
        MODEL,
        parts["class"],
        parts["forward"] + "\n\n" + parts["sample"],
        "for name, function in {'forward': forward, 'sample': sample}.items():\n"
        "    setattr(DDPM, name, function)",
    )


@habit("a method is set on the model that the notebook made")
def set_on_the_object(draft: Draft) -> None:
    parts = methods(draft)
    rewrite(
        draft,
        MODEL,
        parts["class"] + parts["forward"].replace("\n", "\n    ").replace("def f", "    def f"),
    )
    insert_after(
        draft,
        "ddpm.to(device)",
        "import types\n" + parts["sample"] + "\n\nddpm.sample = types.MethodType(sample, ddpm)",
    )


@habit("a function of the model is set on it as a lambda")
def lambda_on_the_object(draft: Draft) -> None:
    parts = methods(draft)
    rewrite(
        draft,
        MODEL,
        parts["class"] + parts["forward"].replace("\n", "\n    ").replace("def f", "    def f"),
    )
    insert_after(
        draft,
        "ddpm.to(device)",
        parts["sample"].replace("def sample(self", "def draw(self"),
        "ddpm.sample = lambda n, size, device: draw(ddpm, n, size, device)",
    )


# --- registries -------------------------------------------------------------------------------------

LINEAR = "torch.linspace(beta1, beta2, T, dtype=torch.float64).float()"
COSINE = (
    "        t = torch.arange(T + 1, dtype=torch.float64) / T\n"
    "        f = torch.cos((t + 0.008) / 1.008 * torch.pi / 2) ** 2\n"
    "        return (1 - f[1:] / f[:-1]).clamp(max=0.999).float()\n"
)


def schedule_classes(base: str, how: str, named: bool = False) -> tuple[str, str]:
    """Cells with a base class, and with its two subclasses."""
    linear, cosine = (", name='linear'", ", name='cosine'") if named else ("", "")
    return (
        base,
        f"class Linear({how}{linear}):\n    name = 'linear'\n"
        f"    def __call__(self, beta1, beta2, T):\n        return {LINEAR}\n\n\n"
        f"class Cosine({how}{cosine}):\n    name = 'cosine'\n"
        f"    def __call__(self, beta1, beta2, T):\n{COSINE}",
    )


def with_betas(draft: Draft, body: str, *cells: str) -> None:
    """``beta_schedule`` of one line, after other cells."""
    _, second = schedules(draft).split("def ddpm_schedules")
    head = "def beta_schedule(beta1, beta2, T, schedule='linear'):\n"
    rewrite(draft, SCHEDULES, *cells, f"{head}    {body}\n\n\ndef ddpm_schedules{second}")


@habit("subclasses register themselves by __init_subclass__")
def init_subclass(draft: Draft) -> None:
    base = (
        "class Schedule:\n    known = {}\n    def __init_subclass__(cls, name, **others):\n"
        "        super().__init_subclass__(**others)\n        Schedule.known[name] = cls"
    )
    with_betas(
        draft,
        "return Schedule.known[schedule]()(beta1, beta2, T)",
        *schedule_classes(base, "Schedule", True),
    )


@habit("subclasses are found by __subclasses__")
def subclasses(draft: Draft) -> None:
    body = (
        "return next(c for c in Schedule.__subclasses__() if c.name == schedule)()(beta1, beta2, T)"
    )
    with_betas(draft, body, *schedule_classes("class Schedule:\n    pass", "Schedule"))


@habit("subclasses are collected by a metaclass")
def metaclass(draft: Draft) -> None:
    base = (
        "KNOWN = {}\n\n\nclass Collect(type):\n    def __init__(cls, name, bases, members):\n"
        "        super().__init__(name, bases, members)\n        KNOWN[members.get('name')] = cls\n\n\n"
        "class Schedule(metaclass=Collect):\n    pass"
    )
    with_betas(
        draft, "return KNOWN[schedule]()(beta1, beta2, T)", *schedule_classes(base, "Schedule")
    )


@habit("functions are registered by decorators")
def registered(draft: Draft) -> None:
    with_betas(
        draft,
        "return REGISTRY.table[schedule](beta1, beta2, T) + LATER[schedule]",
        "class Registry:\n    def __init__(self):\n        self.table = {}\n"
        "    def register(self, name):\n        def add(f):\n            self.table[name] = f\n"
        "            return f\n        return add\n\n\nREGISTRY = Registry()",
        f"@REGISTRY.register('linear')\ndef linear(beta1, beta2, T):\n    return {LINEAR}",
        "@REGISTRY.register(name='cosine')\ndef cosine(beta1, beta2, T):\n    if True:\n" + COSINE,
        "LATER = {}",
        "LATER['linear'] = 0.0\nLATER.update(cosine=0.0)",
    )


@habit("a table is filled in several cells, with partials and lambdas")
def table_of_partials(draft: Draft) -> None:
    with_betas(
        draft,
        "return TABLE[schedule](beta1=beta1, beta2=beta2, T=T)",
        "from functools import partial\nTABLE = dict()",
        f"TABLE['linear'] = lambda beta1, beta2, T: {LINEAR}",
        "def clipped(most, beta1, beta2, T):\n    if True:\n" + COSINE.replace("0.999", "most"),
        "TABLE |= {'cosine': partial(clipped, 0.999)}",
    )


@habit("the class is put together of mixins")
def mixins(draft: Draft) -> None:
    source = source_of(draft, MODEL)
    start, middle = source.index("    def forward"), source.index("    def sample")
    rewrite(
        draft,
        MODEL,
        "class LossMixin:\n" + source[start:middle],
        "class SampleMixin:\n" + source[middle:],
        source[:start].replace(
            "class DDPM(nn.Module)", "class DDPM(LossMixin, SampleMixin, nn.Module)"
        ),
    )


# --- names ------------------------------------------------------------------------------------------


@habit("names are bound through globals()")
def through_globals(draft: Draft) -> None:
    text = (
        schedules(draft)
        .replace("def beta_schedule", "def b")
        .replace("def ddpm_schedules", "def d")
    )
    rewrite(
        draft, SCHEDULES, text, "globals()['beta_schedule'] = b\nglobals().update(ddpm_schedules=d)"
    )


@habit("names are bound through the module, and in a loop")
def through_the_module(draft: Draft) -> None:
    text = schedules(draft).replace("def beta_schedule", "def my_beta_schedule")
    rewrite(
        draft,
        SCHEDULES,
        text.replace("def ddpm_schedules", "def my_ddpm_schedules"),
        "import sys\nsetattr(sys.modules[__name__], 'beta_schedule', my_beta_schedule)\n"
        "for name, f in list(globals().items()):\n    if name.startswith('my_ddpm_'):\n"
        "        globals()[name[3:]] = f",
    )


@habit("functions are partials and lambdas")
def partials(draft: Draft) -> None:
    text = schedules(draft).replace("def beta_schedule(beta1", "def general(scale, beta1")
    rewrite(
        draft,
        SCHEDULES,
        "import functools\n" + text.replace("def ddpm_schedules(", "def entries("),
        "beta_schedule = functools.partial(general, 1.0)\n"
        "ddpm_schedules = lambda beta1, beta2, T, schedule='linear': entries(beta1, beta2, T, schedule)",
    )


@habit("a class whose body executes a text")
def executing_class(draft: Draft) -> None:
    parts = methods(draft)
    rewrite(
        draft,
        MODEL,
        parts["class"] + f"    exec({parts['forward']!r})\n    exec({parts['sample']!r})",
    )


# --- blocks -----------------------------------------------------------------------------------------


def indented(text: str) -> str:
    return "\n".join(f"    {line}" if line.strip() else line for line in text.split("\n"))


@habit("definitions stand in if, try and with")
def in_blocks(draft: Draft) -> None:
    rewrite(draft, SCHEDULES, "if True:\n" + indented(schedules(draft)))
    rewrite(
        draft,
        MODEL,
        "try:\n" + indented(source_of(draft, MODEL)) + "\nexcept NameError:\n    raise",
    )
    rewrite(
        draft,
        "class ContextUnet",
        "with torch.no_grad():\n" + indented(source_of(draft, "class ContextUnet")),
    )


@habit("definitions stand in the block that trains")
def in_the_main_block(draft: Draft) -> None:
    training = (
        "\n\n    model = DDPM(ContextUnet(1, 64), (1e-4, 0.02), 1000, 'epsilon', 'linear', 'cuda')\n"
        "    optimizer = torch.optim.Adam(model.parameters())\n"
        "    for x, c in DataLoader(MNIST('./data')):\n"
        "        loss = model(x, c)\n        loss.backward()\n        optimizer.step()\n"
        "    pictures = model.sample(100, (1, 28, 28), 'cuda')"
    )
    body = indented(source_of(draft, MODEL))
    rewrite(draft, MODEL, "if __name__ == '__main__':\n" + body + training)


@habit("definitions are made in a loop, before samples are drawn in it")
def in_a_loop(draft: Draft) -> None:
    body = indented(source_of(draft, MODEL))
    rewrite(
        draft,
        MODEL,
        "for attempt in range(3):\n" + body + "\n    if attempt > 5:\n"
        "        ddpm.sample(10, (1, 28, 28), device)\n    else:\n        print(attempt)",
    )


# --- settings ---------------------------------------------------------------------------------------


@habit("settings in a dataclass, a namespace and arguments of a command")
def settings_objects(draft: Draft) -> None:
    insert_before(
        draft,
        SCHEDULES,
        "from dataclasses import dataclass, field\nfrom types import SimpleNamespace\n"
        "@dataclass\nclass Config:\n    s: float = 0.008\n    clip: tuple = field(default=(0, 0.999))\n"
        "cfg = Config()",
        "import argparse\nparser = argparse.ArgumentParser()\n"
        "parser.add_argument('--most', type=float, default=0.999)\n"
        "parser.add_argument('-f', default='')\nargs = parser.parse_args([])",
        "more, _ = parser.parse_known_args()\nsame = parser.parse_args()\nlast = parser.parse_args('')\n"
        "opt = SimpleNamespace(power=2)\nopt.half = 0.5",
    )
    change(
        draft,
        ("        s = 0.008\n", "        s = cfg.s\n"),
        ("torch.pi / 2) ** 2", "torch.pi * opt.half) ** opt.power"),
        ("clamp(max=0.999)", "clamp(cfg.clip[0], min(args.most, more.most, same.most, last.most))"),
    )


@habit("constants are drawn from a distribution")
def drawn_constants(draft: Draft) -> None:
    insert_before(
        draft,
        MODEL,
        "prior = torch.distributions.Normal(0.0, 1.0)\nTHOUSAND = prior.sample((1000,))\n"
        "IN_COLAB = 'google.colab' in str(get_ipython())",
    )
    change(draft, before(START, "assert THOUSAND.shape == (1000,) and not IN_COLAB"))


# --- which of several counts --------------------------------------------------------------------------

OLD = "def beta_schedule(beta1, beta2, T, schedule='linear'):\n    return torch.linspace(beta2, beta1, T)"


def numbered(draft: Draft, last: str, order: tuple[int, ...] = ()) -> None:
    """Numbers as of a run from top to bottom, but for cells that hold ``last``: 0 is none."""
    notebook = draft.notebook()
    numbers = iter(order)
    for number, cell in enumerate((c for c in notebook.cells if c.cell_type == "code"), 1):
        cell.execution_count = number
        if last and last in cell.source:
            cell.execution_count = next(numbers) or None
    draft.put(notebook)


@habit("an old attempt further down was never run")
def never_ran(draft: Draft) -> None:
    insert_after(draft, SCHEDULES, f"# old\n{OLD}", "# old\nDDPM.forward = lambda self, x, c: None")
    numbered(draft, "# old", (0, 0))


@habit("an old attempt further down was run before")
def ran_before(draft: Draft) -> None:
    insert_after(draft, MODEL, f"# old\n{OLD}")
    notebook = draft.notebook()
    cells = [c for c in notebook.cells if c.cell_type == "code"]
    for number, cell in enumerate(cells, 30):
        cell.execution_count = number
    cell_with(notebook, "# old").execution_count = 9
    draft.put(notebook)


@habit("of two attempts without numbers, the last counts")
def no_numbers(draft: Draft) -> None:
    insert_before(draft, SCHEDULES, OLD)


@habit("numbers of two sessions: what stood there when it was used counts")
def two_sessions(draft: Draft) -> None:
    insert_before(draft, SCHEDULES, f"# old\n{OLD}")
    numbered(draft, "# old", (77,))


@habit(
    "the cell that was run is unfinished, and one that was not run is not",
    beta_schedule=REVIEW,
    schedule_parameters="passed|needs_review",
    says="beta_schedule, too, and is left out",
)
def unfinished_one_ran(draft: Draft) -> None:
    insert_before(
        draft,
        SCHEDULES,
        "# first\ndef beta_schedule(beta1, beta2, T, schedule='linear'):\n    return None",
    )
    notebook = draft.notebook()
    cell_with(notebook, "# first").execution_count = 4
    draft.put(notebook)


# --- text -------------------------------------------------------------------------------------------


def as_text(draft: Draft, text: str, kind: str) -> None:
    notebook = draft.notebook()
    cell = cell_with(notebook, text)
    made = {
        "markdown": new_markdown_cell(f"```python\n{cell.source}\n```"),
        "raw": new_raw_cell(cell.source),
        "comments": new_code_cell("\n".join(f"# {line}" for line in cell.source.split("\n"))),
        "string": new_code_cell("'''\n" + cell.source.replace("'''", '"""') + "\n'''"),
    }
    notebook.cells[notebook.cells.index(cell)] = made[kind]
    draft.put(notebook)


BOTH = {"loss": REVIEW, "sampling": REVIEW}


@habit("the class stands in a Markdown cell", **BOTH, says="DDPM in a Markdown cell")
def class_in_markdown(draft: Draft) -> None:
    as_text(draft, MODEL, "markdown")


@habit("the class stands in a raw cell", **BOTH, says="DDPM in a raw cell")
def class_in_raw(draft: Draft) -> None:
    as_text(draft, MODEL, "raw")


@habit(
    "the schedules are commented out",
    beta_schedule=REVIEW,
    schedule_parameters=REVIEW,
    says="beta_schedule in comments",
)
def commented_out(draft: Draft) -> None:
    as_text(draft, SCHEDULES, "comments")


@habit(
    "the schedules stand in a string",
    beta_schedule=REVIEW,
    schedule_parameters=REVIEW,
    says="ddpm_schedules in a string",
)
def in_a_string(draft: Draft) -> None:
    as_text(draft, SCHEDULES, "string")


@habit(
    "sample stands in a raw cell, the rest of the class does not",
    sampling=REVIEW,
    says="DDPM.sample in a raw cell",
)
def method_in_raw(draft: Draft) -> None:
    source = source_of(draft, MODEL)
    middle = source.index("    def sample")
    rewrite(draft, MODEL, source[:middle])
    notebook = draft.notebook()
    notebook.cells.append(new_raw_cell(source[middle:]))
    draft.put(notebook)
