"""The table that a person sees after ``grade``."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from grader.batch.telling import Telling
from grader.messages.message import Said, messages_in, say, sentence
from grader.results import ItemResult, Result
from grader.states import Flag, State

if TYPE_CHECKING:
    from grader.digits.clarity import Clarity

_STYLES = {
    State.PASSED: ("✓", "green"),
    State.PARTIAL: ("◐", "yellow"),
    State.NEEDS_REVIEW: ("?", "cyan"),
    State.INFRA_ERROR: ("!", "magenta"),
}
_STATUS_STYLE = {"graded": "green", "needs_review": "cyan", "rejected": "red"}


def render(result: Result) -> RenderableType:
    """Title, a row an item with the sentences of what did not pass, total, flags.

    What came from the student is only ever put into ``Text``, where markup has no meaning.
    """
    table = Table(title_justify="left", header_style="bold", expand=False)
    table.title = Text(f"{result.student_id or 'student unknown'}  {result.file}", style="bold")
    table.add_column("item", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("points", justify="right", no_wrap=True)
    table.add_column("why", overflow="fold")
    tell = Telling()
    for item in result.items if result.status != "rejected" else [_everything(result)]:
        mark, style = _STYLES.get(item.status, ("✗", "red"))
        state = Text(f"{mark} {item.status}", style=style)
        why = _why(item, tell)
        table.add_row(Text(item.id), state, _points(item.points, item.max_points), why)
    table.add_section()
    table.add_row(
        Text("total", style="bold"),
        Text(result.status, style=_STATUS_STYLE[result.status]),
        _points(result.points, result.max_points),
        Text(_total_note(result)),
    )
    return Group(table, *_flags(result))


def _everything(result: Result) -> ItemResult:
    """The items of what cannot be read, which all have the one reason."""
    (check, *_) = result.items[0].checks
    return ItemResult("everything", State.SKIPPED, 0.0, result.max_points, (check,))


def _points(points: float, max_points: float) -> Text:
    return Text(f"{points:g} / {max_points:g}")


def _why(item: ItemResult, tell: Telling) -> Text:
    """One line a sentence; equal sentences of several checks or items once."""
    names: dict[Said, list[str]] = {}
    for check in item.checks:
        if check.status is not State.PASSED:
            names.setdefault(check.said, []).append(check.id.split(".")[-1])
    if not names:
        return Text("all right", style="dim")
    single = len(item.checks) == 1
    told = {said: sentence(tell(item.id, said)) for said in names}
    lines = [told[m] if single else f"{', '.join(c)}: {told[m]}" for m, c in names.items()]
    return Text("\n".join(lines))


def _total_note(result: Result) -> str:
    waiting = [i for i in result.items if i.status in (State.NEEDS_REVIEW, State.INFRA_ERROR)]
    if not waiting:
        return ""
    judged = [i for i in result.items if i not in waiting]
    points, most = sum(i.points for i in judged), sum(i.max_points for i in judged)
    return f"{points:g} / {most:g} judged; {len(waiting)} items wait for a person"


def _flags(result: Result) -> list[Text]:
    left_out = sum(flag.id == "left_out" for flag in result.flags)
    checks = [check for item in result.items for check in item.checks]
    told: set[Said] = {message for check in checks for message in messages_in(check.said)}
    told |= {say("code.problem", problem=message) for message in told}  # by itself, as a flag
    told |= {check.said for check in checks}
    shown = [f for f in result.flags if f.id != "left_out" and f.said not in told]
    lines = [_flag(flag) for flag in shown]
    if left_out:
        text = f"{left_out} statements of the notebook were left out; result.json says why each."
        lines.append(Text(text, style="dim"))
    return lines


def _flag(flag: Flag) -> Text:
    return Text.assemble(("⚑ ", "yellow"), flag.message)


def print_result(result: Result, console: Console, seconds: float | None = None) -> None:
    """``seconds`` are those of the clock: stages go on beside one another, and add up to more."""
    console.print(render(result))
    if seconds is not None:
        console.print(Text(f"{math.floor(10 * seconds) / 10:.1f} s", style="dim"))


def print_clarity(clarity: "Clarity | None", seen: Sequence[Said], console: Console) -> None:
    """How many digits are clear and which are not; or why no grid was found."""
    if clarity is None:
        console.print(Text("No picture of samples was found that can be counted."))
        for line in seen:
            console.print(Text(str(line)))
        return
    rows, columns = clarity.grid.shape
    text = f"{clarity.clear} of {clarity.total} digits are clear"
    console.print(Text.assemble((text, "bold"), f"  ({rows} x {columns} tiles, {clarity.where})"))
    for digit, count in clarity.failing.items():
        console.print(Text(f"  {digit}: {count} not clear"))
    for note in clarity.notes:
        console.print(Text(str(note), style="dim"))
