"""The kernel on a student's own machine."""

from pathlib import Path

from grader.sandbox import Limits
from grader.selfcheck.machine import OwnMachine


def test_it_sees_what_the_grader_sees(tmp_path: Path) -> None:
    """With a GPU in sight ``is_available()`` is true, and code runs that the grader never runs."""
    launch = OwnMachine().launch(["python"], tmp_path, Limits())
    assert launch.env["CUDA_VISIBLE_DEVICES"] == "-1"
    assert Path(launch.env["IPYTHONDIR"]).is_relative_to(tmp_path)
    assert launch.cwd.is_relative_to(tmp_path)
