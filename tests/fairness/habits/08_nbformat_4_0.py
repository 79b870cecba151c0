"""nbformat 4.0: cell ids only in metadata, outputs and counts left out, source as a list of lines."""


def edit(nb):
    nb.nbformat, nb.nbformat_minor = 4, 0
    for number, cell in enumerate(nb.cells):
        cell.metadata["id"] = cell.pop("id", str(number))
        cell["source"] = cell["source"].splitlines(True)
        if cell["cell_type"] == "code":
            cell.pop("outputs", None)
            cell.pop("execution_count", None)
