"""Changes of folder, copies to a drive and environment settings."""

from nbformat.v4 import new_code_cell


def edit(nb):
    nb.cells.insert(
        0,
        new_code_cell(
            "%cd /content/drive/MyDrive/dl_assignment2\n!cp -r ./data /content\n%env CUDA_VISIBLE_DEVICES=1"
        ),
    )
    nb.cells.append(
        new_code_cell("!cp -r ./results* '/content/drive/MyDrive/결과 폴더'\n%cd ..\n%ls")
    )
