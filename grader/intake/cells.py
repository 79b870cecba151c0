"""Which statements of a notebook run, and why the others do not."""

import ast
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from nbformat import NotebookNode

from grader.intake.names import Effects, effects, imported_modules, root_name
from grader.intake.source import FAILURES, CellText, Piece, read_cell

TARGETS = ("beta_schedule", "ddpm_schedules", "ContextUnet", "DDPM")
PROVIDED = frozenset({"ddpm", "nn_model", "optim"})
"""Names that the grader sets itself before it probes."""
MODEL = frozenset({"ddpm", "nn_model"})
"""What of it the notebook makes itself where its trained weights are to be loaded."""
HYPER_PARAMETERS = frozenset(
    {"n_T", "device", "betas", "schedule", "prediction_type", "n_classes", "n_feat"}
)
OVERRIDES = {"n_epoch": "1", "n_T": "20", "n_feat": "8", "batch_size": "64", "device": "'cpu'"}
MAX_STATEMENTS = 5_000
MAX_SOURCE = 2**20
_DATA_CALLS = {"MNIST", "FashionMNIST", "CIFAR10", "DataLoader", "ImageFolder", "load_dataset"}
_OUTSIDE = {"subprocess", "urllib", "requests", "wget", "gdown", "drive", "files"}
_SIMPLE_CALLS = {"device", "is_available", "float", "int", "tuple", "list", "str"}


@dataclass(frozen=True)
class Statement:
    """A statement that runs: its cell and line (1-based), its text, the names it binds.

    ``repeatable``: an import or a plain constant, which may run together with its neighbours of
    this kind, and once more, without a difference.
    """

    cell: int
    line: int
    source: str
    binds: tuple[str, ...]
    repeatable: bool = False


@dataclass(frozen=True)
class LeftOut:
    """A statement that does not run, with the reason in plain words and its first line."""

    cell: int
    line: int
    reason: str
    what: str


@dataclass(frozen=True)
class Plan:
    """What runs and what does not; ``defined`` are the targets among what runs."""

    statements: tuple[Statement, ...]
    left_out: tuple[LeftOut, ...]
    defined: frozenset[str]
    imports: frozenset[str]
    problems: tuple[str, ...]


@dataclass(frozen=True)
class _Item:
    piece: Piece
    does: Effects


def plan_definitions(nb: NotebookNode) -> Plan:
    """Keep, in order, the four targets and everything they need; name a reason for the rest."""
    return _plan_for(nb, TARGETS, PROVIDED)


def plan_model(nb: NotebookNode) -> Plan:
    """As ``plan_definitions``, and the notebook makes its model itself, though it trains none."""
    return _plan_for(nb, (*TARGETS, *sorted(MODEL)), PROVIDED - MODEL)


def _plan_for(nb: NotebookNode, targets: tuple[str, ...], provided: frozenset[str]) -> Plan:
    texts, problems = _texts(nb)
    left: list[LeftOut] = []
    items: list[_Item] = []
    clean: set[str] = set()  # what cells without an error define; asked of only if one has
    if any(text.saved for text in texts.values()):
        clean = {name for text in texts.values() if not text.saved for name in _top_names(text)}
    for cell, text in texts.items():
        if text.magic:
            left.append(_leave(cell, 1, "a cell magic, not Python", text.magic))
        elif text.problem and not text.pieces:
            left.append(_leave(cell, 1, "the cell cannot be read", text.text.strip()))
        for piece in text.pieces:
            try:
                does = effects(piece)
            except FAILURES as error:
                problems.append(f"cell {cell} line {piece.line}: {type(error).__name__}")
                left.append(_leave(cell, piece.line, "it cannot be read", piece.source))
                continue
            if text.saved and does.binds & clean:
                reason = "its cell has a syntax error and another cell defines the same"
                left.append(_leave(cell, piece.line, reason, piece.source))
            else:
                items.append(_Item(piece, does))
    reasons = {i: reason for i, item in enumerate(items) if (reason := _banned(item, provided))}
    items = _with_calls(items, reasons)
    kept = _closure(items, reasons, targets, provided)
    for i, item in enumerate(items):
        if i not in kept:
            reason = reasons.get(i) or _unneeded(item)
            left.append(_leave(item.piece.cell, item.piece.line, reason, item.piece.source))
    statements = tuple(
        Statement(p.cell, p.line, p.source, tuple(sorted(items[i].does.binds)), _repeatable(p.node))
        for i in sorted(kept)
        for p in [items[i].piece]
    )
    return _plan(statements, left, texts, problems)


def _repeatable(node: ast.stmt) -> bool:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return True
    if not isinstance(node, ast.Assign) or not all(isinstance(t, ast.Name) for t in node.targets):
        return False
    return all(
        isinstance(part, ast.Constant | ast.Tuple | ast.UnaryOp | ast.unaryop | ast.expr_context)
        for part in ast.walk(node.value)
    )


def plan_everything(nb: NotebookNode) -> Plan:
    """Every code cell as one Statement, with the small hyper-parameters set after the student's."""
    texts, problems = _texts(nb)
    statements = []
    for cell, text in texts.items():
        names = tuple(sorted(_top_names(text)))
        raw = str(nb.cells[cell - 1].source)
        source = raw if text.problem or text.magic else _overridden(text)
        if source.strip():
            statements.append(Statement(cell, 1, source, names))
    return _plan(tuple(statements), [], texts, problems)


def _plan(
    statements: tuple[Statement, ...],
    left: list[LeftOut],
    texts: dict[int, CellText],
    problems: list[str],
) -> Plan:
    bound = {name for statement in statements for name in statement.binds}
    imports: set[str] = set()
    for text in texts.values():
        for piece in text.pieces:
            imports |= imported_modules(piece)
    left.sort(key=lambda item: (item.cell, item.line))
    return Plan(
        statements, tuple(left), frozenset(bound & {*TARGETS}), frozenset(imports), tuple(problems)
    )


def _texts(nb: NotebookNode) -> tuple[dict[int, CellText], list[str]]:
    texts: dict[int, CellText] = {}
    problems: list[str] = []
    size = count = 0
    for number, cell in enumerate(nb.cells, 1):
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        size += len(cell.source)
        if size > MAX_SOURCE or count > MAX_STATEMENTS:
            problems.append(f"the notebook is too long: cell {number} and later are not read")
            break
        text = texts[number] = read_cell(number, cell.source)
        count += len(text.pieces)
        if text.problem:
            problems.append(text.problem)
    return texts, problems


def _top_names(text: CellText) -> set[str]:
    names: set[str] = set()
    for piece in text.pieces:
        try:
            names |= effects(piece).binds
        except FAILURES:
            continue
    return names


def _with_calls(items: list[_Item], reasons: dict[int, str]) -> list[_Item]:
    """Credit a call of the notebook's own function with what that function does."""
    functions: dict[str, list[Effects]] = defaultdict(list)
    for item in items:
        if isinstance(item.piece.node, ast.FunctionDef | ast.AsyncFunctionDef):
            functions[item.piece.node.name].append(item.does)
    result = []
    for i, item in enumerate(items):
        fills = set(item.does.fills)
        for name in item.does.calls & functions.keys():
            for called in functions[name]:
                fills |= called.global_writes
                if called.trains_when_called:
                    reasons.setdefault(i, "it trains or samples")
                if called.fills_arguments:
                    fills |= _arguments(item.piece, name)
        does = Effects(**{**item.does.__dict__, "fills": frozenset(fills)})
        result.append(_Item(item.piece, does))
    return result


def _arguments(piece: Piece, function: str) -> set[str]:
    calls = [n for n in piece.outer_nodes if isinstance(n, ast.Call)]
    calls = [n for n in calls if isinstance(n.func, ast.Name) and n.func.id == function]
    return {a.id for call in calls for a in call.args if isinstance(a, ast.Name)}


def _closure(
    items: list[_Item],
    reasons: dict[int, str],
    targets: tuple[str, ...],
    provided: frozenset[str],
) -> set[int]:
    """Indices of the statements that the targets reach."""
    binders: dict[str, set[int]] = defaultdict(set)
    modules: set[str] = set()
    definitions: set[str] = set()
    for i, item in enumerate(items):
        if isinstance(item.piece.node, ast.Import | ast.ImportFrom):
            modules |= item.does.binds
        if isinstance(item.piece.node, ast.FunctionDef | ast.ClassDef):
            definitions |= item.does.binds
        for name in item.does.binds:
            binders[name].add(i)
    everything = set(binders)
    for i, item in enumerate(items):
        for name in item.does.fills - modules:
            binders[name].add(i)
        if _sets_default(item.piece.node):
            binders["torch"].add(i)
    kept: set[int] = set()
    seen: set[str] = set(provided)
    names = list(targets)
    waiting = [i for i, item in enumerate(items) if i not in reasons and _always(item)]
    while waiting or names:
        while waiting:
            i = waiting.pop()
            if i not in kept and i not in reasons:
                kept.add(i)
                names.extend(items[i].does.reads)
                names.extend(_named_in_strings(items[i].does, everything, definitions))
        while names:
            name = names.pop()
            if name not in seen:
                seen.add(name)
                waiting.extend(binders.get(name, ()))
    return kept


def _named_in_strings(does: Effects, bound: set[str], definitions: set[str]) -> Iterable[str]:
    """Names that ``globals()[...]``, ``getattr`` or ``eval`` may look up by text."""
    parts = [s for s in does.strings if 2 < len(s) < 200][:50]
    if not does.reads & {"globals", "eval", "vars", "locals", "exec", "getattr"}:
        return ()
    dynamic = definitions if does.reads & {"globals", "vars", "locals"} else set()
    return [
        name
        for name in bound
        if name in dynamic
        or any(name.startswith(s) or name.endswith(s) or name in s for s in parts)
    ] + [name for name in bound if name in does.strings]


def _always(item: _Item) -> bool:
    node = item.piece.node
    if isinstance(node, ast.ImportFrom):
        if node.module == "__future__":
            return True
        return node.names[0].name == "*" and not (node.module or "").startswith("google.colab")
    if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
        return False
    if not item.does.binds & HYPER_PARAMETERS or item.does.binds & PROVIDED:
        return False
    calls = [n.func for n in ast.walk(node.value) if isinstance(n, ast.Call)]
    names = [f.attr if isinstance(f, ast.Attribute) else getattr(f, "id", "") for f in calls]
    return all(name in _SIMPLE_CALLS for name in names)


def _sets_default(node: ast.stmt) -> bool:
    call = node.value if isinstance(node, ast.Expr) else None
    return (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr.startswith("set_default")
    )


def _banned(item: _Item, provided: frozenset[str]) -> str:
    """Why this statement may not run even where it binds something needed; empty if it may."""
    node, does = item.piece.node, item.does
    if any(isinstance(n, ast.Import | ast.ImportFrom) for n in item.piece.nodes):
        return ""  # `try: import x` with an install as the way out
    if isinstance(node, ast.Delete):
        return "it only cleans up"
    if does.trains:
        return "it trains or samples"
    if does.binds and does.binds <= provided:
        return "the grader makes its own model and optimiser"
    for n in item.piece.outer_nodes:
        if not isinstance(n, ast.Call):
            continue
        root = root_name(n.func)
        last = n.func.attr if isinstance(n.func, ast.Attribute) else root
        if "get_ipython" in does.reads:
            return "a shell line or a magic"
        if last in _DATA_CALLS:
            return "a data set or its loader, which the grader brings itself"
        if root in _OUTSIDE or (root == "os" and last in ("system", "popen")):
            return "a download or a command outside Python"
        if last in ("input", "_exit", "exit", "quit"):
            return "it waits for input or ends the program"
    return ""


def _unneeded(item: _Item) -> str:
    node, does = item.piece.node, item.does
    if isinstance(node, ast.Import | ast.ImportFrom):
        return "an import that no definition needs"
    if does.reads & {"plt", "matplotlib", "imshow", "FuncAnimation"}:
        return "a plot"
    if "print" in does.calls:
        return "it only prints"
    return "no definition needs it"


def _leave(cell: int, line: int, reason: str, source: str) -> LeftOut:
    first = source.strip().split("\n", 1)[0]
    return LeftOut(cell, line, reason, first if len(first) <= 60 else first[:57] + "...")


def _overridden(text: CellText) -> str:
    """The cell with an overriding assignment after each statement that sets such a name."""
    lines = [line.encode() for line in text.text.split("\n")]
    kinds = ast.Assign | ast.AnnAssign | ast.AugAssign
    compound = ast.For | ast.If | ast.With | ast.While | ast.Try
    for piece in reversed(text.pieces):
        node = piece.node
        if not isinstance(node, kinds | compound):
            continue
        names = sorted(effects(piece).binds & OVERRIDES.keys())
        new = "; ".join(f"{name} = {OVERRIDES[name]}" for name in names).encode()
        last, end = (node.end_lineno or 1) - 1, node.end_col_offset or 0
        if new and isinstance(node, compound):
            lines.insert(last + 1, new)
        elif new:  # on the same line, so that the student's line numbers stay
            lines[last] = lines[last][:end] + b"; " + new + lines[last][end:]
    return "\n" * text.offset + b"\n".join(lines).decode()
