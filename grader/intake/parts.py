"""The two parts of the assignment, each from the notebook, or the notebooks, where it stands."""

import copy
import re
from dataclasses import replace

import nbformat
from nbformat import NotebookNode

from grader.assignment import TARGETS
from grader.intake.candidates import KINDS, Candidate, Unreadable, about
from grader.intake.records import Notebook
from grader.messages.message import say, together
from grader.states import Flag

_DDPM = re.compile(r"^[ \t]*class\s+DDPM\b", re.MULTILINE)
_PICTURES = ("image/png", "image/jpeg", "image/gif", "text/html")


def parts_of(
    readable: list[Candidate], not_read: list[Unreadable]
) -> tuple[Notebook | None, Notebook | None, list[Flag]]:
    """Notebooks 2-1 and 2-2, None for one that is not there in any form, and what a TA should
    know of the choice."""
    flags = [Flag("notebook_damaged", it.notebook.problem) for it in not_read]
    taken = {kind: best for kind in KINDS if (best := _best(kind, readable, flags)) is not None}
    others = [c for c in readable if not c.kind and not c.hidden and c not in taken.values()]
    for kind in KINDS:
        if kind not in taken and len(taken) == 1 and len(others) == 1:
            taken[kind] = others[0]
            said = say("notebook.only_one", name=others[0].name, kind=kind)
            flags.append(Flag("notebook_name", said))
    both = taken.get("2-1") is not None and taken.get("2-1") is taken.get("2-2")
    parts: list[Notebook | None] = []
    for kind in KINDS:
        if kind in taken:
            part = _composed(kind, taken[kind], readable, flags)
            parts.append(_view(kind, part) if both else part)
            continue
        lost = [it for it in not_read if it.kind == kind] or [it for it in not_read if not it.kind]
        parts.append(lost[0].notebook if lost else None)
        if not lost:
            flags.append(Flag("notebook_missing", say("notebook.not_found", kind=kind)))
    return parts[0], parts[1], flags


def _best(kind: str, readable: list[Candidate], flags: list[Flag]) -> Candidate | None:
    """The candidate that is taken for this part."""
    fitting = sorted((c for c in readable if c.holds(kind)), key=lambda c: c.rank(kind))
    if not fitting:
        return None
    best = fitting[-1]
    rivals = [c for c in fitting if c.kind == kind and not c.hidden]
    if len(rivals) > 1:
        said = say("notebook.several", count=len(rivals), kind=kind, name=best.name)
        flags.append(Flag("notebook_candidates", said))
    if best.kind == kind and best.by_name not in ("", kind):
        said = say("notebook.by_content", name=best.name, kind=kind)
        flags.append(Flag("notebook_name", said))
    if best.kind != kind:
        said = say("notebook.holds_both", name=best.name, kind=kind)
        flags.append(Flag("notebook_name", said))
    return best


def _composed(kind: str, best: Candidate, readable: list[Candidate], flags: list[Flag]) -> Notebook:
    """The part as it is judged, with what other notebooks of the student's add to it."""
    part = best.notebook()
    if best.hidden:
        said = say("notebook.editors_copy", name=part.name)
        part = replace(part, doubt=together(part.doubt, said))
    before, after = _additions(best, readable) if kind == "2-1" else ([], [])
    if before or after:
        part = _joined(part, before, after, flags)
    flags += [Flag("notebook_mended", note) for note in part.notes]
    flags += [
        Flag("notebook_doubt", text) for text in (part.doubt, part.lost, part.lost_outputs) if text
    ]
    return part


def _additions(best: Candidate, readable: list[Candidate]) -> tuple[list[Notebook], list[Notebook]]:
    """Notebooks that define what the best one lacks, and those that only show pictures."""
    lacking = {*TARGETS} - best.targets
    before: list[Notebook] = []
    for other in sorted(readable, key=lambda c: c.rank("2-1"), reverse=True):
        if other is not best and not other.hidden and other.targets & lacking:
            before.insert(0, other.notebook())
            lacking -= other.targets
    showing = [
        c
        for c in readable
        if c is not best and c.kind == "2-1" and not c.targets and c.outputs and not c.hidden
    ]
    return before, [c.notebook() for c in sorted(showing, key=lambda c: c.rank("2-1"))]


def _joined(
    part: Notebook, before: list[Notebook], after: list[Notebook], flags: list[Flag]
) -> Notebook:
    """One notebook of several: definitions first; pictures alone stand where a later one of the
    best notebook still counts as the last."""
    own = _cells(part)
    place = 1 + max((n for n, cell in enumerate(own) if _DDPM.search(cell.source)), default=-1)
    pieces = [(book.name, _cells(book)) for book in before]
    pieces.append((part.name, own[:place]))
    pieces += [(book.name, _only_shown(_cells(book))) for book in after]
    pieces.append((part.name, own[place:]))
    cells: list[NotebookNode] = []
    for name, new in pieces:
        if new:
            first, last = len(cells) + 1, len(cells) + len(new)
            said = say("notebook.cells_of", first=first, last=last, name=name)
            flags.append(Flag("notebook_parts", said))
            cells += new
    books = [*before, part, *after]
    return Notebook(
        part.name,
        nbformat.v4.new_notebook(cells=_numbered(cells)),
        notes=tuple(note for book in books for note in book.notes),
        lost=together(*(book.lost for book in books)),
        lost_outputs=together(*(book.lost_outputs for book in books)),
        doubt=together(*(book.doubt for book in books)),
    )


def _cells(book: Notebook) -> list[NotebookNode]:
    assert book.content is not None
    return list(book.content.cells)


def _only_shown(cells: list[NotebookNode]) -> list[NotebookNode]:
    """The cells that show pictures, without their code: it is not what is judged."""
    shown = []
    for cell in cells:
        outputs = cell.get("outputs", [])
        if any(kind in output.get("data", {}) for output in outputs for kind in _PICTURES):
            shown.append(nbformat.from_dict({**cell, "source": ""}))
    return shown


def _numbered(cells: list[NotebookNode]) -> list[NotebookNode]:
    return [
        nbformat.from_dict({**cell, "id": f"cell-{number}"}) for number, cell in enumerate(cells, 1)
    ]


def _view(kind: str, part: Notebook) -> Notebook:
    """One part of a notebook that holds both: what cells of the other part show is not its own."""
    assert part.content is not None
    content, now = copy.copy(part.content), ""
    cells = []
    for cell in content.cells:
        now = about(cell.source) or now
        others = now not in ("", kind) and cell.get("outputs")
        cells.append(nbformat.from_dict({**cell, "outputs": []}) if others else cell)
    content["cells"] = cells
    return replace(part, content=content, both=True)
