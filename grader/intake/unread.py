"""Definitions that are there and do not run: in text, in comments, in cells that are no Python."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from nbformat import NotebookNode

from grader.assignment import TARGETS
from grader.intake.counts import NEVER_RAN, RAN_EARLIER
from grader.intake.expand import base, line_magic
from grader.intake.source import CellText, Piece
from grader.messages.message import Message, Said, say

COMMENTS, STRING = say("code.comments"), say("code.string")
MAX_TEXT = 2**20  # characters that are looked through
_DEFINED = re.compile(
    r"^[ \t>]*(?:async[ \t]+)?(?:def|class)[ \t]+(beta_schedule|ddpm_schedules|DDPM)\b"
    r"|^[ \t>]*def[ \t]+(sample)[ \t]*\([ \t]*self\b"
    r"|^[ \t>]*def[ \t]+(forward)[ \t]*\([ \t]*self[ \t]*,[ \t]*x[ \t]*,[ \t]*c\b",
    re.MULTILINE,
)
_COMMENT = re.compile(r"^[ \t]*#+[ \t]?", re.MULTILINE)
_STRING = re.compile(r"^[ \t]*[rRuU]?(?:\"\"\"|''')")


def unread_definitions(
    nb: NotebookNode,
    texts: Mapping[int, CellText],
    left: Iterable[tuple[Piece, Said]],
    bound: Collection[str],
    replaced: Mapping[str, tuple[int, int]],
) -> dict[str, Said]:
    """What is to be said of targets, of ``DDPM.forward`` and of ``DDPM.sample`` that stand
    somewhere without counting. ``left`` are the statements left out, and why; ``bound`` the names
    that the others bind; ``replaced`` the cells of definitions that others replace, and theirs.
    """
    found: dict[str, Said] = {}
    left = list(left)
    for piece, _ in left:
        name, argument = line_magic(piece.node)
        file = argument.split()[:1]
        for target in {*TARGETS} - {*bound} if name == "run" and file else ():
            where = {"file": base(file[0])[:60], "cell": piece.cell}
            found[target] = say("code.in_a_file", name=target, **where)
    for number, source, kind in _texts(nb, texts):
        for name in _defined(source):
            if kind not in (COMMENTS, STRING) or name not in bound:
                found[name] = say("code.in_text", cell=number, name=name, kind=kind)
    for name, (first, last) in replaced.items():
        found[name] = say("code.replaced", first=first, name=name, last=last)
    for piece, reason in left:
        for name in _defined(piece.source) if reason in (NEVER_RAN, RAN_EARLIER) else ():
            found[name] = say("code.left_out_too", cell=piece.cell, name=name, reason=reason)
    return found


def _defined(source: str) -> Iterator[str]:
    for match in _DEFINED.finditer(source):
        yield match[1] or f"DDPM.{match[2] or match[3]}"


def _texts(nb: NotebookNode, texts: Mapping[int, CellText]) -> Iterator[tuple[int, str, Message]]:
    """Texts that are not run, with their cells' numbers and what they are."""
    size = 0
    for number, cell in enumerate(nb.cells, 1):
        size += len(cell.source)
        text = texts.get(number)
        if size > MAX_TEXT:
            return
        if cell.cell_type == "markdown":
            yield number, cell.source, say("code.markdown")
        elif cell.cell_type == "raw":
            yield number, cell.source, say("code.raw")
        elif text is None or text.problem:
            continue
        elif text.magic and not text.writes:
            yield number, text.text, say("code.cell_of_magic", magic=text.magic.split()[0][:30])
        elif not text.pieces:
            yield number, _COMMENT.sub("", cell.source), COMMENTS
        elif len(text.pieces) == 1 and _STRING.match(text.text):
            yield number, text.text, STRING
