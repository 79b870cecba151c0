"""nbclient's hook for a cell that raised, in the releases that students have."""

from grader.sandbox.client import QuietClient
from grader.sandbox.kernel import notebook


def test_the_traceback_is_kept_where_it_is_handed_on() -> None:
    client = QuietClient(notebook([]))
    reply = {"content": {"traceback": ["Traceback", "ValueError"]}}
    client.on_cell_error(cell=None, cell_index=0, execute_reply=reply)
    assert client.raised == "Traceback\nValueError"
    client.on_cell_error(cell=None, cell_index=0)  # before 0.7
    assert client.raised == ""
