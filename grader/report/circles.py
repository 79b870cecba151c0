"""Pairs that are alike, for the index: a crowd that copied from one source is one entry there.

Sixty copies of one solution are 1,770 pairs, among which nobody would find another two.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FEW = 10  # pairs, those of five copies; of more the members' pages tell


@dataclass(frozen=True)
class Circle:
    """Students of whom each is alike to another in ``what``, and the pairs, most alike first."""

    what: str
    members: Sequence[str]
    pairs: Sequence[Mapping[str, Any]]

    @property
    def is_crowd(self) -> bool:
        return len(self.pairs) > FEW


def circles(pairs: Sequence[Mapping[str, Any]]) -> list[Circle]:
    """Every pair is in one of them; they come in the order of the first pair of each."""
    of: dict[tuple[str, str], set[str]] = {}
    for pair in pairs:
        what, first, second = pair["what"], pair["first"], pair["second"]
        joined = of.get((what, first), {first}) | of.get((what, second), {second})
        of.update({(what, member): joined for member in joined})
    together: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for pair in pairs:
        what = pair["what"]
        together.setdefault((what, min(of[what, pair["first"]])), []).append(pair)
    return [
        Circle(what, sorted(of[what, member]), found) for (what, member), found in together.items()
    ]
