"""Decisions as a table: what ``export --to decisions`` writes and ``correct --from`` takes."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace

from grader.batch.deciding import decide_by_word, decided
from grader.batch.decisions import NOTHING, Decision, Decisions
from grader.batch.gradebook import Entry, Gradebook, keys_of
from grader.batch.journal import Journal
from grader.batch.tablefile import quoted
from grader.errors import UsageError

COLUMNS = (
    *("student", "target", "points", "out_of", "word", "comment", "who", "made"),
    *("sha256", "group", "act"),
)
_NUMBERS = ("points", "out_of")


def decisions_csv(journal: Journal, gradebook: Gradebook) -> str:
    """All decisions that stand, as ``correct --from`` takes them."""
    decisions = Decisions(journal.decisions())
    rows: list[Sequence[str]] = [COLUMNS]
    for entry in gradebook.entries:
        found = decisions.of(keys_of(entry.label, entry.row)).values()
        rows += [row_of(entry.label, made) for made in sorted(found, key=lambda d: d.target)]
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def row_of(label: str, made: Decision) -> list[str]:
    numbers = ["" if n is None else repr(n) for n in (made.points, made.out_of)]
    texts = [made.word, made.comment, made.who, made.made]
    seen = "-" if made.sha256 is None else made.sha256 or "nothing"
    fields = [label, made.target, *numbers, *texts, seen, made.group, made.act]
    return list(map(quoted, fields))


def decision_in(entry: Entry, row: Mapping[str, str], who: str) -> Decision:
    """The decision that a row tells of. Raises ``UsageError``, and ``ValueError`` for no number."""
    points, out_of = (float(row[n]) if row.get(n, "").strip() else None for n in _NUMBERS)
    target, word = row["target"], row.get("word", "")
    comment, by = row.get("comment", ""), row.get("who") or who
    if word:
        made = decide_by_word(entry, target, word, comment, by)
    elif points is None:
        raise UsageError(f"{target} has neither points nor a word.")
    else:
        made = decided(entry, target, points, comment, by, worth=out_of)
    seen = row.get("sha256", "")
    sha256 = {"": made.sha256, "-": None, "nothing": NOTHING}.get(seen, seen)
    group, act = row.get("group", ""), row.get("act", "")
    return replace(
        made, made=row.get("made") or made.made, sha256=sha256, group=group, act=act, points=points
    )
