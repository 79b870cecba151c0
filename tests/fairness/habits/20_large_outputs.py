"""Outputs of several MB: pictures, progress bars as stderr, widgets, an error."""

from nbformat.v4 import new_output


def edit(nb):
    cells = [c for c in nb.cells if c.cell_type == "code"]
    bar = "".join(f"\r{i}%|████      | {i}/100 [00:01<00:02]" for i in range(20000))
    cells[-2].outputs = [new_output("stream", name="stderr", text=bar)]
    cells[-1].outputs = [new_output("display_data", data={"image/png": "iVBORw0KGgo=" * 200000})]
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "abc", "version_major": 2}}
    cells[3].outputs = [new_output("display_data", data={**view, "text/plain": "0%"})]
    cells[4].outputs = [
        new_output("error", ename="KeyboardInterrupt", evalue="", traceback=["\x1b[0;31m---"])
    ]
    nb.metadata["widgets"] = {
        "application/vnd.jupyter.widget-state+json": {"state": {}, "version_major": 2}
    }
