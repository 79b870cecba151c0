"""try: import google.colab, and an install where it is missing, before the rest."""

from nbformat.v4 import new_code_cell


def edit(nb):
    nb.cells.insert(
        0,
        new_code_cell(
            "try:\n    import google.colab\n    IN_COLAB = True\nexcept ImportError:\n    IN_COLAB = False\n"
            "if IN_COLAB:\n    !pip install einops\n"
            "try:\n    import torch\nexcept ImportError:\n    !pip install torch\n    import torch"
        ),
    )
