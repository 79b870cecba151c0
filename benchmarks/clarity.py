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
from grader.digits.labelled import Part, Tiles, labelled_tiles, second_look, sheets
from tests.digits.matrix import matrix as ways
from tests.digits.renderings import all_renderings

PARTS: tuple[Part, ...] = ("held_out", "second")


def agreement(_: int) -> Table:
    """The judge beside the labels of the sheets that nothing was trained or tuned on."""
    table = Table(
        "held-out sheet", "clear", "ambiguous", "unclear", "judge", "differ", title="by eye"
    )
    for sheet in (*sheets("held_out"), *sheets("second")):
        grid = Grid(sheet.ink, np.zeros((*sheet.labels.shape, 4)))
        clear = np.array([reading.clear for reading in judged(grid).readings])
        labels = sheet.labels.ravel()
        differ = np.sum(clear[labels == "u"]) + np.sum(~clear[labels == "c"])
        by_eye = (str(int(np.sum(labels == label))) for label in "cau")
        table.add_row(sheet.name, *by_eye, str(int(clear.sum())), str(int(differ)))
    table.caption = "\n".join(
        f"{part}: {len(tiles.ink)} unambiguous tiles, "
        f"{np.mean((probability >= CLEAR) == tiles.clear):.1%} agree, "
        f"area under ROC {roc_auc_score(tiles.clear, probability):.4f}"
        for part, tiles, probability in map(read, PARTS)
    )
    tiles, looked = second_look()
    probability = judge().clear_probability(tiles.ink, tiles.column)
    table.caption += (
        f"\n{len(looked)} held-out tiles looked at again: area of the second look "
        f"{roc_auc_score(tiles.clear, looked):.4f}, of the judge "
        f"{roc_auc_score(tiles.clear, probability):.4f}"
    )
    return table


def read(part: Part) -> tuple[str, Tiles, Array]:
    tiles = labelled_tiles(part)
    return part, tiles, judge().clear_probability(tiles.ink, tiles.column)


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
