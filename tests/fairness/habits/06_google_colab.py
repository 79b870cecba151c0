"""Colab's drive is mounted in the cell of imports, and a file is downloaded at the end."""

from nbformat.v4 import new_code_cell


def edit(nb):
    cell = next(c for c in nb.cells if "import os" in c.source)
    cell.source = (
        "from google.colab import drive, files\ndrive.mount('/content/drive')\n"
        "import sys\nsys.path.append('/content/drive/MyDrive')\n" + cell.source
    )
    nb.cells.append(new_code_cell("files.download('2023-12345.tar.gz')"))
    nb.metadata = {
        "colab": {"provenance": [], "gpuType": "T4"},
        "accelerator": "GPU",
        "kernelspec": nb.metadata["kernelspec"],
    }
