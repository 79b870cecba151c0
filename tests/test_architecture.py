"""Import rules: who may know what."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
STANDARD_FOR_PROBES = {"numpy", "torch", "PIL"}


def imports_of(path: Path) -> set[str]:
    """Every module that a file imports, wherever in it, by full dotted name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def top_levels(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports_of(path)}


LAYERS = (
    "paths memory messages arrays assignment",
    "errors squashing",
    "scratch lateness bounded probes",
    "sandbox",
    "states",
    "intake",
    "pictures",
    "digits",
    "settings text_to_image",
    "checks",
    "results",
    "rubric",
    "pipeline",
    "batch",
    "report selfcheck",
    "gradescope kit",
    "review",
    "commands",
    "cli",
    "__main__",
)
"""The rooms of ``grader``, from bottom to top: each imports from rows below its own alone. The
lazy table of commands in ``cli.py`` names modules, and imports none."""

GRADER_FILES = sorted((ROOT / "grader").rglob("*.py"))
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in GRADER_FILES
}


def known_to(module: str) -> set[str]:
    """The modules of the grader that a module imports, at its top or later."""
    names = {n for n in imports_of(MODULES[module]) if n.split(".")[0] == "grader"}
    return {n if n in MODULES else n.rpartition(".")[0] for n in names} & set(MODULES)


@pytest.mark.parametrize("path", GRADER_FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_only_the_oracle_imports_the_reference(path: Path) -> None:
    if path != ROOT / "grader" / "checks" / "oracle.py":
        assert "reference" not in top_levels(path)


@pytest.mark.parametrize("path", sorted((ROOT / "reference").rglob("*.py")), ids=lambda p: p.name)
def test_the_reference_does_not_know_the_grader(path: Path) -> None:
    assert "grader" not in top_levels(path)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "grader/probes").glob("*.py")), ids=lambda p: p.name
)
def test_probes_import_what_notebooks_need_and_the_standard_library_only(path: Path) -> None:
    import sys

    allowed = STANDARD_FOR_PROBES | set(sys.stdlib_module_names)
    parts = {name for name in imports_of(path) if name.startswith("grader.probes.")}
    for_types = [
        ast.unparse(node)
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    assert all(any(name.split(".")[2] in text for text in for_types) for name in parts)
    assert {name.split(".")[0] for name in imports_of(path) - parts} <= allowed


def test_rooms_import_only_what_is_below_them() -> None:
    layer = {room: number for number, row in enumerate(LAYERS) for room in row.split()}
    rooms = {module: module.split(".")[1] for module in MODULES if module != "grader"}
    assert set(rooms.values()) == set(layer)
    backwards = [
        f"{module} imports {known}"
        for module, room in rooms.items()
        for known in known_to(module) - {"grader"}
        if rooms[known] != room and layer[rooms[known]] >= layer[room]
    ]
    assert backwards == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    TopologicalSorter({module: known_to(module) for module in MODULES}).prepare()


READERS = {"checks/answers.py", "pictures/decode.py"} | {
    f"settings/{name}.py" for name in ("checkpoint", "evidence", "looks", "resample")
}
"""Who makes a record of what a probe answers."""


def test_only_readers_know_the_keys_of_a_probe_s_answer() -> None:
    known = {
        str(path.relative_to(ROOT / "grader"))
        for path in GRADER_FILES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("arrays", "facts")
    }
    assert {
        name for name in known if name.split("/")[0] not in ("probes", "sandbox")
    } == READERS | {
        "checks/schedule_in_use.py"  # how much came back
    }


def test_parts_of_one_probe_share_no_name() -> None:
    """In the kernel they are one source, in which the later of two definitions would win."""
    from grader.sandbox.sources import PARTS, PROBES

    for probe, parts in PARTS.items():
        owners: dict[str, str] = {}
        for part in parts:
            for node in ast.parse((PROBES / f"{part}.py").read_text("utf-8")).body:
                if isinstance(node, ast.FunctionDef | ast.ClassDef):
                    assert node.name not in owners, (probe, node.name, owners[node.name], part)
                    owners[node.name] = part


def test_what_is_given_out_holds_no_solution() -> None:
    solutions = (ROOT / "reference" / "schedules.py").read_text("utf-8")
    solutions += (ROOT / "reference" / "ddpm.py").read_text("utf-8")
    inside, telling = False, set()
    for line in solutions.splitlines():
        if "[solution]" in line or "[/solution]" in line:
            inside = "[/solution]" not in line
        elif inside and len(line.split("#")[0].strip()) > 25:
            telling.add("".join(line.split("#")[0].split()))
    assert len(telling) > 10
    for path in sorted((ROOT / "student_template").iterdir()):
        notebook = nbformat.read(path, as_version=4)
        given = {
            "".join(line.split("#")[0].split())
            for c in notebook.cells
            for line in c.source.splitlines()
        }
        assert not (telling - {""}) & given
        assert "reference" not in path.read_text("utf-8")


def test_a_batch_without_work_needs_neither_torch_nor_the_checks_that_do() -> None:
    import subprocess
    import sys

    code = "import sys, grader.commands.run_batch, grader.report.pages, grader.commands.export; "
    code += "print([m for m in ('torch', 'sklearn', 'scipy', 'distributed') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_the_recorded_answers_have_the_oracle_s_interface() -> None:
    import inspect

    from grader.checks import oracle
    from grader.selfcheck import recorded

    for name in oracle.__all__:
        live, other = getattr(oracle, name), getattr(recorded, name)
        if name == "Reverse":
            shared = [m for m in vars(other) if not m.startswith("_") and callable(vars(other)[m])]
            assert shared == ["posterior", "variances", "ddim"]
            for method in shared:
                own = inspect.signature(getattr(live, method))
                assert own == inspect.signature(getattr(other, method))
        elif callable(live):
            parameters = inspect.signature(live).parameters
            assert list(parameters) == list(inspect.signature(other).parameters), name
        else:
            assert live == other, name
