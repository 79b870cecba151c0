"""The clear digits: agreement with eyes, how much the drawing matters, and how long it takes."""

import time

import numpy as np
from rich.table import Table
from sklearn.metrics import roc_auc_score

from benchmarks.show import Samples, ratio, spread
from grader.digits.clarity import judged
from grader.digits.grid import Grid, find_grid
from grader.digits.judge import judge
from grader.digits.labelled import labelled_tiles, sheets
from tests.digits.renderings import all_renderings


def agreement(_: int) -> Table:
    """The judge beside the labels of the sheets that nothing was trained or tuned on."""
    table = Table(
        "held-out sheet", "clear", "ambiguous", "unclear", "judge", "differ", title="by eye"
    )
    for sheet in sheets("held_out"):
        grid = Grid(sheet.ink, np.zeros((*sheet.labels.shape, 4)))
        clear = np.array([reading.clear for reading in judged(grid).readings])
        labels = sheet.labels.ravel()
        differ = np.sum(clear[labels == "u"]) + np.sum(~clear[labels == "c"])
        by_eye = (str(int(np.sum(labels == label))) for label in "cau")
        table.add_row(sheet.name, *by_eye, str(int(clear.sum())), str(int(differ)))
    tiles = labelled_tiles("held_out")
    probability = judge().clear_probability(tiles.ink, tiles.column)
    right = np.mean((probability >= 0.5) == tiles.clear)
    area = roc_auc_score(tiles.clear, probability)
    table.caption = (
        f"{len(tiles.ink)} unambiguous tiles: {right:.1%} agree, area under ROC {area:.4f}"
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
