"""The cell of the schedules was deleted: loss and sampling are judged all the same."""

EXPECT = {"beta_schedule": "missing", "schedule_parameters": "missing"}


def edit(nb):
    nb.cells = [c for c in nb.cells if "def beta_schedule" not in c.source]
