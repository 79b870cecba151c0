"""Which statements the graded definitions reach, and why others may not run."""

import ast
import builtins
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from grader.intake.files import ENVIRONMENT
from grader.intake.names import Effects, root_name
from grader.intake.namespace import called, constants
from grader.intake.source import Piece
from grader.messages.message import Said, say

PROVIDED = frozenset({"ddpm", "nn_model", "optim"})
"""Names that the grader sets itself before it probes."""
HYPER_PARAMETERS = frozenset(
    {"n_T", "device", "betas", "schedule", "prediction_type", "n_classes", "n_feat"}
)
_DATA_CALLS = {"MNIST", "FashionMNIST", "CIFAR10", "DataLoader", "ImageFolder", "load_dataset"}
_OUTSIDE = {"subprocess", "urllib", "requests", "wget", "gdown", "drive", "files"}
_SHELL = ("system", "getoutput", "run_line_magic", "run_cell_magic", "run_cell", "magic")
_SMI = "nvidia-smi"  # which is there, too
_WORD = re.compile(r"\w+")
_MOST_STRINGS = 300  # that are compared with all names
_SIMPLE_CALLS = {"device", "is_available", "float", "int", "tuple", "list", "str"}


@dataclass(frozen=True)
class Item:
    piece: Piece
    does: Effects


def with_calls(items: list[Item], reasons: dict[int, Said]) -> list[Item]:
    """Credit a call of the notebook's own function with what that function does."""
    writes: dict[str, set[str]] = defaultdict(set)
    training, filling = set[str](), set[str]()
    for item in items:
        if isinstance(item.piece.node, ast.FunctionDef | ast.AsyncFunctionDef):
            name = item.piece.node.name
            writes[name] |= item.does.global_writes
            training |= {name} if item.does.trains_when_called else set()
            filling |= {name} if item.does.fills_arguments else set()
    result = []
    for i, item in enumerate(items):
        fills = set(item.does.fills)
        for name in item.does.calls & writes.keys():
            fills |= writes[name]
            if name in training:
                reasons.setdefault(i, say("code.trains"))
            if name in filling:
                fills |= _arguments(item.piece, name)
        result.append(Item(item.piece, replace(item.does, fills=frozenset(fills))))
    return result


def _arguments(piece: Piece, function: str) -> set[str]:
    calls = [n for n in piece.outer_nodes if isinstance(n, ast.Call)]
    calls = [n for n in calls if isinstance(n.func, ast.Name) and n.func.id == function]
    return {a.id for call in calls for a in call.args if isinstance(a, ast.Name)}


def reached(
    items: list[Item],
    reasons: dict[int, Said],
    targets: tuple[str, ...],
    provided: frozenset[str],
) -> set[int]:
    """Indices of the statements that the targets reach."""
    binders = _binders(items)
    strings = _Strings(items, set(binders))
    for name, i in _fillers(items):
        binders[name].add(i)
    wild = [i for i, item in enumerate(items) if item.does.wild]
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
                names.extend(strings.named_in(items[i].does))
        while names:
            name = names.pop()
            if name not in seen:
                seen.add(name)
                waiting.extend(binders.get(name, ()))
                if name not in binders and name.isidentifier() and not hasattr(builtins, name):
                    waiting.extend(wild)
                    wild = []
    return kept


def _binders(items: Sequence[Item]) -> dict[str, set[int]]:
    """Which statements bind a name."""
    binders: dict[str, set[int]] = defaultdict(set)
    for i, item in enumerate(items):
        for name in item.does.binds:
            binders[name].add(i)
    return binders


def _fillers(items: Sequence[Item]) -> Iterator[tuple[str, int]]:
    """Which statements change what a name stands for."""
    modules: set[str] = set()
    for item in items:
        if isinstance(item.piece.node, ast.Import | ast.ImportFrom):
            modules |= item.does.binds
    for i, item in enumerate(items):
        for name in item.does.fills - modules:
            yield name, i
        if _sets_default(item.piece.node):
            yield "torch", i
    yield from _registered(items)


def _registered(items: Sequence[Item]) -> Iterator[tuple[str, int]]:
    """Subclasses that their base comes to know of: by ``__init_subclass__``, a metaclass, or when
    ``__subclasses__`` is asked for."""
    classes = [
        (i, n) for i, item in enumerate(items) if isinstance(n := item.piece.node, ast.ClassDef)
    ]
    asked = any(
        isinstance(n, ast.Attribute) and n.attr == "__subclasses__"
        for item in items
        for n in item.piece.nodes
    )
    writes = {node.name: items[i].does.global_writes for i, node in classes}
    knowing: dict[str, frozenset[str]] = {}  # classes by whose code they hear of their subclasses
    for i, node in classes:
        bases = [base for base in map(root_name, node.bases) if base]
        runs = frozenset().union(*(knowing.get(base, ()) for base in bases))
        runs |= {root_name(k.value) for k in node.keywords if k.arg == "metaclass"}
        for base in bases:
            if asked or base in knowing:
                yield base, i
        for name in runs:
            yield from ((written, i) for written in writes.get(name, ()))
        members = {getattr(member, "name", "") for member in node.body}
        if "__init_subclass__" in members:
            runs |= {node.name}
        if runs:
            knowing[node.name] = runs


class _Strings:
    """Names that ``globals()[...]``, ``getattr`` or ``eval`` may look up by text."""

    def __init__(self, items: Sequence[Item], bound: set[str]) -> None:
        self.bound, self.compared, self.whole = bound, set[str](), False
        kinds = ast.FunctionDef | ast.ClassDef
        defining = (item for item in items if isinstance(item.piece.node, kinds))
        self.definitions = {name for item in defining for name in item.does.binds}

    def named_in(self, does: Effects) -> Iterable[str]:
        """Each string is compared once, and not more of them than is usual."""
        if not does.reads & {"globals", "eval", "vars", "locals", "exec", "getattr"}:
            return
        yield from does.strings & self.bound
        if does.reads & {"globals", "vars", "locals"} and not self.whole:
            self.whole = True
            yield from self.definitions
        parts = {s for s in does.strings if 2 < len(s) < 200} - self.compared
        for part in sorted(parts)[: max(_MOST_STRINGS - len(self.compared), 0)]:
            self.compared.add(part)
            words = set(_WORD.findall(part.replace("%s", " ")))  # of code, or of a list of names
            evaluated = does.reads & {"eval", "exec"}  # code put together, such as "_betas(T)"
            cut = [word for word in words if evaluated and word.strip("_") not in ("", word)]
            ends = (part, *cut)
            for name in self.bound:
                if name.startswith(ends) or name.endswith(ends) or name in words:
                    yield name


def _always(item: Item) -> bool:
    node = item.piece.node
    if item.does.only_folders and not any(map(str.isidentifier, item.does.fills)):
        return True
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


def banned(item: Item, provided: frozenset[str]) -> Said:
    """Why this statement may not run even where it binds something needed; empty if it may."""
    node, does = item.piece.node, item.does
    if isinstance(node, ast.Delete):
        return say("code.cleans_up")
    if does.trains:
        return say("code.trains")
    if any(isinstance(n, ast.Import | ast.ImportFrom) for n in item.piece.nodes):
        return ""  # `try: import x` with an install as the way out
    if does.binds and does.binds <= provided:
        return say("code.own_model")
    if does.only_folders or ENVIRONMENT in does.fills:
        return ""
    for n in item.piece.outer_nodes:
        if not isinstance(n, ast.Call) or _asks_for_card(n):
            continue
        root = root_name(n.func)
        last = n.func.attr if isinstance(n.func, ast.Attribute) else root
        owner = n.func.value if isinstance(n.func, ast.Attribute) else None
        if last in _SHELL and owner is not None and called(owner) == "get_ipython":
            return say("code.shell")
        if last in _DATA_CALLS:
            return say("code.data_set")
        if root in _OUTSIDE or (root == "os" and last in ("system", "popen")):
            return say("code.outside")
        if last in ("input", "_exit", "exit", "quit"):
            return say("code.waits")
    return ""


def _asks_for_card(call: ast.Call) -> bool:
    """Whether it runs ``nvidia-smi``, as a line of the shell or a list of words."""
    lists = [a.elts for a in call.args if isinstance(a, ast.List | ast.Tuple)]
    words = constants([*call.args, *(word for words in lists for word in words)])
    return next(words, "").startswith(_SMI)


def unneeded(item: Item) -> Said:
    node, does = item.piece.node, item.does
    if item.piece.source.startswith("%%"):
        return say("code.writes_file")
    if does.only_folders:
        return say("code.makes_folders")
    if isinstance(node, ast.Import | ast.ImportFrom):
        return say("code.unneeded_import")
    if does.reads & {"plt", "matplotlib", "imshow", "FuncAnimation"}:
        return say("code.plot")
    if "print" in does.calls:
        return say("code.prints")
    return say("code.unneeded")
