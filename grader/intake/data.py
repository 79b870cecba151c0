"""The range of the images that the notebook gives to ``DDPM``, read from its code.

Nothing of the data set runs here, so this is read: ``Normalize((0.5,), (0.5,))`` in a transform,
``x * 2 - 1`` in a lambda or in the training cell.
"""

import ast
from collections.abc import Iterator

from nbformat import NotebookNode

from grader.intake.source import FAILURES, read_cell

MODELS = ("ContextUnet", "DDPM")
MOST = 1000  # statements
DEEPEST = 6  # operations within operations
Space = tuple[float, float]


def data_spaces(nb: NotebookNode) -> frozenset[Space]:
    """Every (scale, shift) that code outside of the model's classes applies, to three decimals;
    most of it may have nothing to do with the data."""
    found: set[Space] = set()
    pieces = [
        piece.node
        for number, cell in enumerate(nb.cells, 1)
        if cell.cell_type == "code" and ("ormalize" in cell.source or "*" in cell.source)
        for piece in read_cell(number, cell.source).pieces
    ]
    for node in pieces[:MOST]:
        if not (isinstance(node, ast.ClassDef) and node.name in MODELS):
            try:
                found.update(spaces_in(node))
            except FAILURES:
                continue
    return frozenset(found)


def spaces_in(node: ast.AST) -> Iterator[Space]:
    for part in ast.walk(node):
        space = normalised(part) if isinstance(part, ast.Call) else None
        if isinstance(part, ast.BinOp):
            space = linear(part)
        if space is not None and space not in ((1.0, 0.0), (0.0, 0.0)):
            yield round(space[0], 3), round(space[1], 3)


def normalised(call: ast.Call) -> Space | None:
    """That of ``Normalize(mean, std)``."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name not in ("Normalize", "normalize"):
        return None
    values = [*call.args, *(keyword.value for keyword in call.keywords)]
    numbers = [first for value in values if (first := number(value)) is not None]
    if len(numbers) < 2 or not numbers[1]:
        return None
    return 1 / numbers[1], -numbers[0] / numbers[1]


def number(node: ast.AST) -> float | None:
    """A constant, or the first of a tuple or list of them."""
    if isinstance(node, ast.Tuple | ast.List) and node.elts:
        return number(node.elts[0])
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = number(node.operand)
        return None if inner is None else -inner
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return float(node.value)
    return None


def linear(node: ast.AST, depth: int = 0) -> Space | None:
    """(scale, shift) of an expression with one thing in it that is no number; None of others."""
    if (constant := number(node)) is not None:
        return 0.0, constant
    if depth > DEEPEST:
        return None
    if not isinstance(node, ast.BinOp):
        return (1.0, 0.0) if isinstance(node, ast.Name | ast.Attribute | ast.Call) else None
    left, right = linear(node.left, depth + 1), linear(node.right, depth + 1)
    if left is None or right is None or (left[0] and right[0]):
        return None
    match node.op:
        case ast.Add():
            return left[0] + right[0], left[1] + right[1]
        case ast.Sub():
            return left[0] - right[0], left[1] - right[1]
        case ast.Mult():
            return left[0] * right[1] + right[0] * left[1], left[1] * right[1]
        case ast.Div() if not right[0] and right[1]:
            return left[0] / right[1], left[1] / right[1]
    return None
