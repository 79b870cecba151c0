"""Notebook 2-2 really runs, from top to bottom on the CPU, and what it leaves earns its points."""

import pytest
from nbformat import NotebookNode

from grader.checks.text_to_image import judge
from grader.errors import GraderError
from grader.kit.fill import TEXT_TO_IMAGE, read_template
from grader.kit.run_pictures import adapted, run_quickly
from grader.pictures.decode import decoding_session
from grader.results import State
from grader.sandbox import Limits, choose_sandbox
from grader.text_to_image.works import find_works


@pytest.fixture(scope="module")
def ran() -> NotebookNode:
    return run_quickly(read_template(TEXT_TO_IMAGE))


def test_every_cell_ran_and_both_grids_are_there(ran: NotebookNode) -> None:
    code = [cell for cell in ran.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code if cell.source[:1] != "!")
    outputs = [output for cell in code for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error"]
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(pictures) == 2
    assert next(cell.source for cell in code if cell.source[:1] == "!") == "!nvidia-smi"


def test_its_pictures_earn_their_points(ran: NotebookNode) -> None:
    with decoding_session(choose_sandbox("bubblewrap"), Limits()) as session:
        verdicts, flags = judge(find_works(session, ran))
    assert [v.state for v in verdicts] == [State.PASSED] * 3, verdicts
    assert flags == []


def test_a_name_that_is_not_set_is_named() -> None:
    with pytest.raises(GraderError, match="does not set SIZE"):
        adapted(read_template(TEXT_TO_IMAGE), {"SIZE": "1"})
