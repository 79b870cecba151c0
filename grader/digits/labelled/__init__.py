"""Tiles that diffusion models made, each labelled by eye before any judge had seen it.

``README.md`` has the rule in words; ``labels.toml`` and ``second.toml`` the labels and where each
sheet comes from; ``held_out_whole.toml`` a second look at every held-out tile, and
``held_out_again.toml`` an earlier one at some.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image

from grader.arrays import Array

FOLDER = Path(__file__).parent
SURE = {"c": 1.0, "a": 0.5, "u": 0.0}  # that a tile shows the digit of its column
TILE, COLUMNS = 28, 10
Part = Literal["training", "calibration", "held_out", "held_out_twice", "second"]


@dataclass(frozen=True)
class Sheet:
    """Rows of ten tiles, one digit a column. ``labels``: (rows, 10) of "c", "u" and "a".

    What two looks at a sheet disagree on is ambiguous. ``looks`` are the labels of each.
    """

    name: str
    part: str
    ink: Array  # (rows, 10, 28, 28), 0 to 1
    labels: Array
    looks: Sequence[Array]


@dataclass(frozen=True)
class Tiles:
    """The unambiguous tiles of some sheets: ``ink`` (N, 28, 28), ``column`` and ``clear`` (N,)."""

    ink: Array
    column: Array
    clear: Array


def sheets(part: Part) -> list[Sheet]:
    """The sheets of one part: what was trained on, calibrated with, or held out; the second set is
    held out, too. ``held_out`` is as its first look has it, ``held_out_twice`` as both looks do."""
    entries = read("second.toml" if part == "second" else "labels.toml")["sheets"]
    if part == "held_out_twice":
        again = read("held_out_whole.toml")
        held_out = [entry for entry in entries if entry["part"] == "held_out"]
        entries = [{**entry, "part": part, "again": again[entry["name"]]} for entry in held_out]
    return [read_sheet(entry) for entry in entries if entry["part"] == part]


def read(file: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / file).read_text("utf-8"))


def read_sheet(entry: dict[str, str]) -> Sheet:
    pixels = np.asarray(Image.open(FOLDER / f"{entry['name']}.png").convert("L"))
    rows = pixels.shape[0] // TILE
    ink = pixels.reshape(rows, TILE, COLUMNS, TILE).transpose(0, 2, 1, 3) / np.float32(255)
    written = [entry[look] for look in ("labels", "again") if look in entry]
    looks = [np.array([list(line) for line in look.split()]) for look in written]
    for look in looks:
        if look.shape != (rows, COLUMNS) or not np.isin(look, list("cua")).all():
            raise ValueError(f"the labels of {entry['name']} do not fit its {rows} rows")
    labels = np.where(looks[0] == looks[-1], looks[0], "a")
    return Sheet(entry["name"], entry["part"], ink, labels, looks)


def labelled_tiles(part: Part) -> Tiles:
    """The tiles of a part that are not ambiguous."""
    found = sheets(part)
    ink = np.concatenate([sheet.ink.reshape(-1, TILE, TILE) for sheet in found])
    labels = np.concatenate([sheet.labels.ravel() for sheet in found])
    column = np.tile(np.arange(COLUMNS), len(ink) // COLUMNS)
    sure = labels != "a"
    return Tiles(ink[sure], column[sure], labels[sure] == "c")


def second_look() -> tuple[Tiles, Array]:
    """Unambiguous held-out tiles that were looked at again, and how sure the second look is."""
    again = read("held_out_again.toml")
    looks = "".join("".join(again[sheet.name].split()) for sheet in sheets("held_out"))
    firsts = np.concatenate([sheet.labels.ravel() for sheet in sheets("held_out")])
    of_sure = np.array(list(looks))[firsts != "a"]
    seen = of_sure != "."
    tiles = labelled_tiles("held_out")
    sure = np.array([SURE[look] for look in of_sure[seen].tolist()])
    return Tiles(tiles.ink[seen], tiles.column[seen], tiles.clear[seen]), sure
