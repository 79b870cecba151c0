"""A crowd that copied from one source is one entry of the index, and hides nobody."""

from itertools import combinations
from typing import Any

from grader.batch.likeness import Pair
from grader.report.circles import circles
from grader.report.index import index_page
from tests.batch.fake import evidence
from tests.report.books import book, entry

CROWD = [f"2023-0000{number}" for number in range(6)]


def pair(first: str, second: str, what: str = "code", likeness: float = 1.0) -> dict[str, Any]:
    lines = [f"line of {first} and {second}"]
    return Pair(first, second, what, likeness, "alike.", lines).to_json()


def test_a_crowd_is_one_entry_and_two_others_are_still_seen() -> None:
    found = [pair(*two) for two in combinations(CROWD, 2)]
    found += [pair("2023-00007", "2023-00008", likeness=0.8), pair(*CROWD[:2], what="samples")]
    crowd, two, samples = circles(found)
    assert (crowd.is_crowd, crowd.members, len(crowd.pairs)) == (True, CROWD, 15)
    assert (two.is_crowd, two.members) == (False, ["2023-00007", "2023-00008"])
    assert (samples.what, samples.members) == ("samples", CROWD[:2])
    shown = book(*(entry(label, evidence()) for label in CROWD))
    page = index_page(type(shown)(shown.title, shown.items, shown.entries, shown.lines, found))
    assert "6 submissions, code: 15 pairs of them are alike, to at least 100 %." in page
    assert "line of 2023-00007 and 2023-00008" in page
    assert "line of 2023-00000 and 2023-00005" not in page


def test_a_chain_is_one_circle_and_its_pairs_are_shown() -> None:
    (chain,) = circles([pair("b", "c"), pair("d", "e", likeness=0.9), pair("c", "d", likeness=0.8)])
    assert chain.members == ["b", "c", "d", "e"]
    assert not chain.is_crowd
    assert circles([]) == []
