"""Old attempts kept in Markdown and raw cells, in comments and in a string: none of them counts."""

from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell

WRONG = "def beta_schedule(beta1, beta2, T, schedule='linear'):\n    return torch.zeros(T)\n"


def edit(nb):
    commented = "".join(f"# {line}\n" for line in WRONG.splitlines())
    nb.cells += [
        new_raw_cell(WRONG),
        new_markdown_cell(f"```python\n{WRONG}```"),
        new_code_cell(commented),
        new_code_cell(f"'''\n{WRONG}\nclass DDPM: pass\n'''"),
    ]
