"""Grades made-up notebooks by the command itself, in this process."""

import importlib.util
import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from nbformat import NotebookNode

from grader.cli import cli
from grader.kit.fill import DIFFUSION, read_template, solve
from tests.fairness.variant import apply_variant

HERE = Path(__file__).parent
ITEMS = ("beta_schedule", "schedule_parameters", "loss", "sampling")


def solved_template() -> NotebookNode:
    return solve(read_template(DIFFUSION))


def variant_notebook(path: Path) -> NotebookNode:
    """The solved template with what the file changes."""
    return apply_variant(solved_template(), path.read_text("utf-8"))


def habit(path: Path) -> Any:
    """The module of a habit: ``edit(nb)``, and ``EXPECT`` where it loses something."""
    spec = importlib.util.spec_from_file_location(f"habit_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def habit_notebook(path: Path) -> NotebookNode:
    notebook = solved_template()
    habit(path).edit(notebook)
    return notebook


def grade_notebook(notebook: NotebookNode, folder: Path, *options: str) -> dict[str, Any]:
    """Writes a submission into ``folder`` and runs ``ddpm-grader grade`` on it."""
    submission = folder / "2023-12345"
    submission.mkdir()
    (submission / DIFFUSION).write_text(json.dumps(notebook), "utf-8")
    return grade_folder(submission, *options)


def grade_folder(submission: Path, *options: str) -> dict[str, Any]:
    outcome = CliRunner().invoke(cli, ["grade", str(submission), "--json", "-", *options])
    assert outcome.exit_code == 0, outcome.output
    result: dict[str, Any] = json.loads(outcome.stdout)
    assert faults(result) == []
    return result


def faults(result: dict[str, Any]) -> list[str]:
    """What the grader blames itself for: nothing that a student does may end so."""
    checks = [check for item in result["items"] for check in item["checks"]]
    return [f"{c['id']}: {c['message']}" for c in checks if c["status"] == "infra_error"]


def items_of(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The four items that code alone earns, by id."""
    return {item["id"]: item for item in result["items"] if item["id"] in ITEMS}


def lost(result: dict[str, Any]) -> dict[str, list[str]]:
    """For every item that lost points or waits for a person, what its checks say."""
    return {
        name: [
            f"{c['id']} {c['status']}: {c['message']}"
            for c in item["checks"]
            if c["status"] != "passed"
        ]
        for name, item in items_of(result).items()
        if item["status"] != "passed"
    }
