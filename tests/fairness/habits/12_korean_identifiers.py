"""Korean identifiers, comments and strings, in helpers and in the class."""

from nbformat.v4 import new_code_cell


def edit(nb):
    cell = next(c for c in nb.cells if "class DDPM" in c.source)
    helper = "배경 = '검정'\n\ndef 노이즈_만들기(그림):\n    '''표준 정규분포'''\n    return torch.randn_like(그림)  # ε ~ N(0, I)"
    nb.cells.insert(0, new_code_cell(helper))
    cell.source = "# 문제 2: 학습과 샘플링\n" + cell.source.replace(
        "torch.randn_like(x)", "노이즈_만들기(x)"
    )
