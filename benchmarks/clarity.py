"""The clear digits: agreement with eyes, how much the drawing matters, and how long it takes."""

import time

import numpy as np
from rich.table import Table
from sklearn.metrics import roc_auc_score

from benchmarks.show import Samples, ratio, spread
from grader.arrays import Array
from grader.digits.clarity import CLEAR, WANTED, is_hundred, judged
from grader.digits.grid import Grid, find_grid
from grader.digits.judge import judge
from grader.digits.labelled import SURE, Part, labelled_tiles, second_look, sheets
from tests.digits.matrix import matrix as ways
from tests.digits.renderings import all_renderings

PARTS: tuple[Part, ...] = ("held_out", "held_out_twice", "second")


def agreement(_: int) -> Table:
    """The judge beside the labels of the sheets that nothing was trained or tuned on."""
    table = Table(
        "held-out sheet", "clear", "ambiguous", "unclear", "judge", "differ", title="by eye"
    )
    for sheet in (sheet for part in PARTS for sheet in sheets(part)):
        grid = Grid(sheet.ink, np.zeros((*sheet.labels.shape, 4)))
        clear = np.array([reading.clear for reading in judged(grid).readings])
        labels = sheet.labels.ravel()
        differ = np.sum(clear[labels == "u"]) + np.sum(~clear[labels == "c"])
        by_eye = (str(int(np.sum(labels == label))) for label in "cau")
        name = f"{sheet.name}, {len(sheet.looks)} looks" if len(sheet.looks) > 1 else sheet.name
        table.add_row(name, *by_eye, str(int(clear.sum())), str(int(differ)))
    found = {part: read(part) for part in PARTS}
    twice = [
        np.concatenate(both) for both in zip(found["held_out_twice"], found["second"], strict=True)
    ]
    table.caption = "\n".join(
        f"{name}: {len(clear)} unambiguous tiles, "
        f"{np.mean((probability >= CLEAR) == clear):.1%} agree, "
        f"area under ROC {roc_auc_score(clear, probability):.4f}"
        for name, (clear, probability) in {**found, "both sets, looked at twice": twice}.items()
    )
    table.caption += each_look()
    tiles, looked = second_look()
    probability = judge().clear_probability(tiles.ink, tiles.column)
    table.caption += (
        f"\n{len(looked)} held-out tiles looked at again: area of the second look "
        f"{roc_auc_score(tiles.clear, looked):.4f}, of the judge "
        f"{roc_auc_score(tiles.clear, probability):.4f}"
    )
    return table


def read(part: Part) -> tuple[Array, Array]:
    """Which of the unambiguous tiles are clear by eye, and how likely by the judge."""
    tiles = labelled_tiles(part)
    return tiles.clear, judge().clear_probability(tiles.ink, tiles.column)


def each_look() -> str:
    """Judge and other look beside each of the two looks at all held-out tiles, and the judge beside
    their mean, for which one sure look is enough."""
    found = sheets("held_out_twice")
    ink = np.concatenate([sheet.ink.reshape(-1, 28, 28) for sheet in found])
    probability = judge().clear_probability(ink, np.arange(len(ink)) % 10)
    first, second = (
        np.array([SURE[label] for sheet in found for label in sheet.looks[look].ravel().tolist()])
        for look in (0, 1)
    )
    said = f"\n{np.mean(first == second):.1%} of {len(ink)} labels are the same in both looks"
    both = (first + second) / 2
    for name, look, other in (
        ("first look alone", first, second),
        ("second look alone", second, first),
        ("one sure look", both, None),
    ):
        sure = look != SURE["a"]
        clear = look[sure] > SURE["a"]
        said += (
            f"\n{name}: {len(clear)} unambiguous tiles, "
            f"{np.mean((probability[sure] >= CLEAR) == clear):.1%} agree, area of the judge "
            f"{roc_auc_score(clear, probability[sure]):.4f}"
        )
        if other is not None:
            said += f", of the other look {roc_auc_score(clear, other[sure]):.4f}"
    return said


def matrix(_: int) -> Table:
    """Every way of drawing the same samples: whether its tiles are found, or asked about."""
    samples = next(s.ink for s in sheets("held_out") if s.ink.shape[0] == WANTED // 10)
    tiles = samples.reshape(WANTED, 28, 28)
    plain = judged(Grid(samples, np.zeros((10, 10, 4)))).clear
    table = Table("way", "outcome", title="ways of drawing that a person is asked about, or wrong")
    outcomes: list[str] = []
    for name, draw in ways():
        columns = 20 if "20 columns" in name else 5 if "5 columns" in name else 10
        grid = find_grid(draw(tiles))
        if grid is None or grid.doubt or not is_hundred(grid):
            outcome = "asked"
        elif grid.shape != (WANTED // columns, columns):
            outcome = f"wrong: {grid.shape[0]} x {grid.shape[1]}"
        else:
            away = abs(judged(grid).clear - plain)
            outcome = "right" if away <= 2 else f"right places, {away} digits away"
        outcomes.append(outcome)
        if outcome != "right":
            table.add_row(name, outcome)
    right = sum(outcome.startswith("right") for outcome in outcomes)
    near = outcomes.count("right")
    table.caption = (
        f"{len(outcomes)} ways: {right} in the right places, {near} of them within 2 digits of "
        f"{plain}, {outcomes.count('asked')} asked"
    )
    return table


def invariance(rounds: int) -> Table:
    """The same hundred samples in every drawing: the count, and the time to find and to read."""
    tiles = np.concatenate([s.ink.reshape(-1, 28, 28) for s in sheets("held_out")])[:100]
    plain = judged(Grid(tiles.reshape(10, 10, 28, 28), np.zeros((10, 10, 4)))).clear
    counts, samples, lost = [], Samples(), 0
    for _, draw in all_renderings():
        picture = draw(tiles)
        for _ in range(rounds):
            start = time.perf_counter()
            grid = find_grid(picture)
            samples.add("find the grid", time.perf_counter() - start)
            if grid is not None:
                start = time.perf_counter()
                found = judged(grid)
                samples.add("read 100 tiles", time.perf_counter() - start)
        if grid is None or grid.shape != (10, 10):
            lost += 1
        else:
            counts.append(found.clear)
    table = Table("", "", title="the same hundred samples, drawn in many ways")
    table.add_row("drawings", str(len(counts) + lost))
    table.add_row("grid not found", str(lost))
    table.add_row("clear, tiles as they are", str(plain))
    table.add_row("clear, drawn", spread(counts, 0))
    for name, values in samples.items():
        table.add_row(name, f"{spread(values, 3)} s")
    table.add_row("reading, of finding", ratio(samples["read 100 tiles"], samples["find the grid"]))
    return table
