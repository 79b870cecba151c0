"""Which statements the graded definitions reach, and why others may not run."""

import ast
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from grader.intake.names import Effects, root_name
from grader.intake.source import Piece

PROVIDED = frozenset({"ddpm", "nn_model", "optim"})
"""Names that the grader sets itself before it probes."""
HYPER_PARAMETERS = frozenset(
    {"n_T", "device", "betas", "schedule", "prediction_type", "n_classes", "n_feat"}
)
_DATA_CALLS = {"MNIST", "FashionMNIST", "CIFAR10", "DataLoader", "ImageFolder", "load_dataset"}
_OUTSIDE = {"subprocess", "urllib", "requests", "wget", "gdown", "drive", "files"}
_SIMPLE_CALLS = {"device", "is_available", "float", "int", "tuple", "list", "str"}


@dataclass(frozen=True)
class Item:
    piece: Piece
    does: Effects


def with_calls(items: list[Item], reasons: dict[int, str]) -> list[Item]:
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
        result.append(Item(item.piece, does))
    return result


def _arguments(piece: Piece, function: str) -> set[str]:
    calls = [n for n in piece.outer_nodes if isinstance(n, ast.Call)]
    calls = [n for n in calls if isinstance(n.func, ast.Name) and n.func.id == function]
    return {a.id for call in calls for a in call.args if isinstance(a, ast.Name)}


def reached(
    items: list[Item],
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


def _always(item: Item) -> bool:
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


def banned(item: Item, provided: frozenset[str]) -> str:
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


def unneeded(item: Item) -> str:
    node, does = item.piece.node, item.does
    if isinstance(node, ast.Import | ast.ImportFrom):
        return "an import that no definition needs"
    if does.reads & {"plt", "matplotlib", "imshow", "FuncAnimation"}:
        return "a plot"
    if "print" in does.calls:
        return "it only prints"
    return "no definition needs it"
