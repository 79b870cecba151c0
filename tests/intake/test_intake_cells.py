import gc
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_notebook

from grader.intake import Plan, plan_definitions, plan_everything

DEFS = "def beta_schedule(a, b, T):\n    return a\nclass DDPM:\n    pass\n"


def plan(*cells: str) -> Plan:
    return plan_definitions(new_notebook(cells=[new_code_cell(c) for c in cells]))


def kept(*cells: str) -> str:
    return "\n".join(s.source for s in plan(*cells).statements)


@pytest.mark.parametrize(
    ("helper", "user"),
    [
        ("import numpy as np", "np.zeros(a)"),
        ("try:\n    import einops\nexcept ImportError:\n    !pip install einops", "einops.x(a)"),
        ("K = 3", "K"),
        ("도우미 = lambda x: x", "도우미(a)"),
        ("TABLE = {}\nfor k in range(3):\n    TABLE[k] = k", "TABLE[a]"),
        ("TABLE = []\nTABLE.append(3)", "TABLE[a]"),
        ("def init():\n    global G\n    G = 3\ninit()", "G"),
        ("def fill(t):\n    t.append(3)\nTABLE = []\nfill(TABLE)", "TABLE"),
        ("def linear_schedule(a):\n    return a", "globals()['linear' + '_schedule'](a)"),
        ("def linear_betas(a):\n    return a", "eval(f'{b}_betas(a)')"),
        ("def linear_betas(a):\n    return a", "eval('%s_betas' % b)(a)"),
        ("R = {}\ndef reg(f):\n    R[1] = f\n@reg\ndef z(): pass", "R"),
        ("N = 1\nN += 2", "N"),
    ],
)
def test_what_a_definition_reaches_is_kept(helper: str, user: str) -> None:
    result = kept(helper, f"def beta_schedule(a, b, T):\n    return {user}")
    for line in helper.replace("!", "").splitlines():
        assert line.strip() in result.replace("get_ipython().system('", "").replace("')", "")


def test_a_letter_inside_of_a_text_names_nothing() -> None:
    method = "class DDPM:\n    def forward(self, x):\n        return getattr(self, f'_target_{x}')"
    assert "figure" not in kept(method, "for t in range(3):\n    figure = t")


@pytest.mark.parametrize(
    "junk",
    [
        "!pip install torch",
        "%cd /content",
        "%matplotlib inline",
        "from google.colab import drive\ndrive.mount('/x')",
        "print(beta_schedule(1, 2, 3))",
        "plt.plot(beta_schedule(1, 2, 3))",
        "ddpm = DDPM()\noptim = Adam(ddpm.parameters())",
        "for x, c in loader:\n    loss = ddpm(x, c)\n    loss.backward()\n    optim.step()",
        "x, store = ddpm.sample(100, (1, 28, 28), device)",
        "data = MNIST('./data', download=True)",
        "%%bash\nls",
    ],
)
def test_what_no_definition_needs_is_left_out_with_a_reason(junk: str) -> None:
    result = plan(DEFS, junk)
    assert {s.cell for s in result.statements} == {1}
    assert result.left_out
    assert all(item.reason and item.cell == 2 for item in result.left_out)


def test_a_needed_name_bound_by_training_is_left_out() -> None:
    assert "sample(" not in kept("W = ddpm.sample(10)", "def beta_schedule():\n    return W")


def test_reopened_classes_and_attached_methods_stay_in_order() -> None:
    text = "class DDPM: pass\nclass DDPM(DDPM): pass\ndef s(self): pass\nDDPM.sample = s\n"
    text += "setattr(DDPM, 'forward', s)"
    assert kept(text) == text.replace("\n\n", "\n")


def test_simple_hyper_parameters_are_kept_and_their_imports() -> None:
    result = kept(
        "import torch", "n_T, betas = 500, (1e-4, .02)\nlr = 1", "device = torch.device('cpu')"
    )
    assert "n_T, betas" in result
    assert "import torch" in result
    assert "lr" not in result


def test_a_timed_cell_counts_and_its_lines_are_the_students() -> None:
    statement = plan("%%time\n\n" + DEFS).statements[0]
    assert statement.line == 3


def test_decorators_belong_to_the_statement() -> None:
    assert kept("import a\n@a.x\ndef DDPM(): pass").endswith("@a.x\ndef DDPM(): pass")


def test_an_unfinished_last_line_costs_only_itself() -> None:
    result = plan(DEFS + "plt.plot(")
    assert result.defined == {"beta_schedule", "DDPM"}
    assert str(result.problems[0]).startswith("cell 1 has a syntax error")


def test_a_broken_copy_never_replaces_a_clean_definition() -> None:
    assert {s.cell for s in plan(DEFS, DEFS + "x = (").statements} == {1}


def test_an_open_string_makes_a_cell_ambiguous() -> None:
    assert not plan(DEFS + 's = """\n' + DEFS).statements


@pytest.mark.parametrize("source", ["x\0y", "(" * 5000, "-" * 100_000 + "1", "a" + ".b" * 50_000])
def test_hostile_source_is_a_problem_and_harms_no_other_cell(source: str) -> None:
    result = plan(source, DEFS)
    assert result.defined == {"beta_schedule", "DDPM"}


@pytest.mark.parametrize("magic", ["%%writefile s.py", "%%file ./s.py", "%%writefile -a s.py"])
def test_a_cell_that_writes_a_module_is_kept_if_the_notebook_imports_it(magic: str) -> None:
    cell = f"{magic}\nK = 3"
    assert cell in kept(cell, "from s import *", DEFS)
    assert cell not in kept(cell, "import t", DEFS)
    (left,) = plan(cell, DEFS).left_out
    assert str(left.reason) == "it writes a file that no definition needs"


def test_imports_are_named_wherever_they_stand() -> None:
    assert plan("def f():\n    import diffusers.x\n").imports == {"diffusers"}


def test_everything_overrides_right_after_the_student_sets_a_name() -> None:
    nb = new_notebook(cells=[new_code_cell("n_T = 400  # steps\nx = n_T\nif x:\n    n_feat = 128")])
    namespace: dict[str, object] = {}
    exec(plan_everything(nb).statements[0].source, namespace)
    assert (namespace["x"], namespace["n_feat"]) == (20, 8)


def test_notebooks_can_be_planned_at_the_same_time() -> None:
    """Also when a garbage collection in the middle of parsing lets another thread go on."""
    cell = DEFS + "\n".join(f"x{i} = [{i}, (f({i}),), {{'a': x ** {i}}}]" for i in range(50))

    def give_way(*_: object) -> None:
        time.sleep(0.0001)

    gc.callbacks.append(give_way)
    try:
        with ThreadPoolExecutor(4) as pool:
            plans = list(pool.map(lambda number: plan(f"# {number}\n{cell}"), range(60)))
    finally:
        gc.callbacks.remove(give_way)
    assert all("DDPM" in found.defined for found in plans)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80))
def test_no_text_makes_the_plan_raise(text: str) -> None:
    assert "DDPM" in plan(text, DEFS).defined


@pytest.mark.parametrize(
    ("definition", "plain"),
    [
        ("def beta_schedule(a, b=(1, -2), *c, d: float = None) -> list: return print(a)", True),
        ("def beta_schedule(a, b=print(1)): pass", False),
        ("def beta_schedule(a: print(1)): pass", False),
        ("@print\ndef beta_schedule(a): pass", False),
        ("beta_schedule = lambda a: a", False),
        ("class DDPM(nn.Module):\n    '''d'''\n    T = 3\n    def sample(self): return f()", True),
        ("class DDPM:\n    print(1)", False),
        ("class DDPM:\n    @print\n    def sample(self): pass", False),
        ("class DDPM(base()): pass", False),
        ("class DDPM(metaclass=M): pass", False),
        ("@print\nclass DDPM: pass", False),
        ("class DDPM(DDPM): pass", False),
        ("def beta_schedule(a, old=beta_schedule): pass", False),
    ],
)
def test_definitions_that_do_nothing_else_may_run_twice(definition: str, plain: bool) -> None:
    (statement,) = plan(definition).statements
    assert statement.repeatable is plain
