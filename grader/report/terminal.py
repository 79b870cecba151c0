"""The table that a person sees after ``grade``."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from grader.results import Flag, ItemResult, Result, State

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
    for item in result.items:
        mark, style = _STYLES.get(item.status, ("✗", "red"))
        state = Text(f"{mark} {item.status}", style=style)
        table.add_row(Text(item.id), state, _points(item.points, item.max_points), _why(item))
    table.add_section()
    table.add_row(
        Text("total", style="bold"),
        Text(result.status, style=_STATUS_STYLE[result.status]),
        _points(result.points, result.max_points),
        Text(_total_note(result)),
    )
    return Group(table, *_flags(result))


def _points(points: float, max_points: float) -> Text:
    return Text(f"{points:g} / {max_points:g}")


def _why(item: ItemResult) -> Text:
    """One line a sentence; equal sentences of several checks once."""
    names: dict[str, list[str]] = {}
    for check in item.checks:
        if check.status is not State.PASSED:
            names.setdefault(check.message, []).append(check.id.split(".")[-1])
    if not names:
        return Text("all right", style="dim")
    single = len(item.checks) == 1
    lines = [m if single else f"{', '.join(checks)}: {m}" for m, checks in names.items()]
    return Text("\n".join(lines))


def _total_note(result: Result) -> str:
    waiting = [i for i in result.items if i.status in (State.NEEDS_REVIEW, State.INFRA_ERROR)]
    if not waiting:
        return ""
    judged = [i for i in result.items if i not in waiting]
    points, most = sum(i.points for i in judged), sum(i.max_points for i in judged)
    return f"{points:g} / {most:g} judged; {len(waiting)} items wait for a person"


def _flags(result: Result) -> list[Text]:
    shown = [flag for flag in result.flags if flag.id != "left_out"]
    left_out = len(result.flags) - len(shown)
    lines = [_flag(flag) for flag in shown]
    if left_out:
        text = f"{left_out} statements of the notebook were left out; result.json says why each."
        lines.append(Text(text, style="dim"))
    return lines


def _flag(flag: Flag) -> Text:
    return Text.assemble(("⚑ ", "yellow"), flag.message)


def print_result(result: Result, console: Console) -> None:
    console.print(render(result))
    if result.seconds:
        total = sum(result.seconds.values())
        console.print(Text(f"{total:.1f} s", style="dim"))


def print_clarity(clarity: "Clarity | None", seen: Sequence[str], console: Console) -> None:
    """How many digits are clear and which are not; or why no grid was found."""
    if clarity is None:
        console.print(Text("No picture of samples was found that can be counted."))
        for line in seen:
            console.print(Text(line))
        return
    rows, columns = clarity.grid.shape
    text = f"{clarity.clear} of {clarity.total} digits are clear"
    console.print(Text.assemble((text, "bold"), f"  ({rows} x {columns} tiles, {clarity.where})"))
    for digit, count in clarity.failing.items():
        console.print(Text(f"  {digit}: {count} not clear"))
    for note in clarity.notes:
        console.print(Text(note, style="dim"))
