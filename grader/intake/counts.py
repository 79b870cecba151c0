"""Which of several definitions counts, by the numbers that a notebook's cells were run with."""

import ast
from collections import defaultdict
from collections.abc import Mapping, Sequence

from nbformat import NotebookNode

from grader.intake.reach import Item
from grader.messages.message import Said, say

NEVER_RAN, RAN_EARLIER = say("code.never_ran"), say("code.ran_earlier")
_DEFINES = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def superseded(nb: NotebookNode, items: Sequence[Item], targets: Sequence[str]) -> dict[int, Said]:
    """Statements that do not count, by their index, with the reason; none where no cell has a
    number, and the last definition counts."""
    counts = {n: _count(cell) for n, cell in enumerate(nb.cells, 1) if cell.cell_type == "code"}
    ran = {number for number, cell in enumerate(nb.cells, 1) if counts.get(number) or _shown(cell)}
    if not any(counts.values()):
        return {}
    found: dict[int, Said] = dict.fromkeys(_never_ran(items, ran), NEVER_RAN)
    numbered = [count for count in counts.values() if count]
    if len({*numbered}) == len(numbered):  # else they are of several sessions
        live = {i: item for i, item in enumerate(items) if i not in found}
        found |= dict.fromkeys(_ran_earlier(live, counts, targets), RAN_EARLIER)
    return found


def _count(cell: NotebookNode) -> int:
    """0 if it has none."""
    return cell.get("execution_count") or 0


def _shown(cell: NotebookNode) -> bool:
    return bool(cell.get("outputs"))


def _never_ran(items: Sequence[Item], ran: set[int]) -> list[int]:
    """Those of cells that never ran which define or change what one that ran defines."""
    kinds = ast.Import | ast.ImportFrom
    names = {
        name
        for item in items
        if item.piece.cell in ran and not isinstance(item.piece.node, kinds)
        for name in item.does.binds
    }
    return [
        i
        for i, item in enumerate(items)
        if item.piece.cell not in ran
        and not isinstance(item.piece.node, kinds)
        and names & (item.does.binds or item.does.fills)
    ]


def _ran_earlier(
    items: Mapping[int, Item], counts: Mapping[int, int], targets: Sequence[str]
) -> list[int]:
    """Definitions that stand below the one which was there when the notebook last used it."""
    definitions: dict[str, list[int]] = defaultdict(list)
    used = 0
    for i, item in items.items():
        node, count = item.piece.node, counts.get(item.piece.cell, 0)
        if isinstance(node, _DEFINES):
            definitions[node.name].append(i)
        elif item.does.trains or item.does.reads & {*targets}:
            used = max(used, count)
    late = []
    for name, places in definitions.items():
        by_count = {i: counts.get(items[i].piece.cell, 0) for i in places}
        whole = not any(_builds_on(items[i], name) for i in places)
        known = [i for i, count in by_count.items() if 0 < count <= used]
        if len({items[i].piece.cell for i in places}) > 1 and whole and known:
            counting = max(known, key=lambda i: (by_count[i], i))
            late += [i for i in places if i > counting]
    return late


def _builds_on(item: Item, name: str) -> bool:
    """Whether it needs what had this name before, as ``class DDPM(DDPM)`` does."""
    return any(isinstance(n, ast.Name) and n.id == name for n in item.piece.outer_nodes)
