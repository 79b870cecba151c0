"""``ddpm-grader correct``: decisions from the shell, one by one or from a table."""

from pathlib import Path

from grader.batch.deciding import accepted, decided
from grader.batch.decision_table import COLUMNS, decision_in, row_of
from grader.batch.decisions import Decision, Decisions
from grader.batch.gradebook import Gradebook, keys_of, read_gradebook, with_nothing
from grader.batch.journal import Journal
from grader.batch.people import login, whole_text
from grader.batch.tablefile import read_table, unquoted
from grader.errors import UsageError
from grader.report.publish import publish_decided

NOT_YET = "{0} has no result yet: run ddpm-grader batch SUBMISSIONS --out {1} first."


def correct(
    grades: Path,
    student: str,
    target: str,
    points: float | None,
    comment: str,
    who: str | None,
    *,
    accept: bool = False,
) -> str:
    """Decides on an item or a check: gives it points, withdraws what was decided if ``points`` is
    None, or with ``accept`` settles what is in doubt with the points that it has. Returns one line.

    ``student`` is a label, a name or the end of an id that only one has. What was given to somebody
    who goes by another name now, or for an item that the rubric has no more, can be withdrawn, too.
    Raises ``UsageError`` for any other unknown student or target, or too many points.
    """
    comment, who = whole_text(comment), whole_text(who or login())
    with Journal(grades) as journal:
        rows = journal.rows()
        gradebook = read_gradebook(journal, rows)
        withdraw = points is None and not accept
        stray = stray_decision(journal, gradebook, student, target) if withdraw else None
        if stray is not None:
            label = student
            made = [Decision(label, target, None, comment, who, stray.made, owner=stray.owner)]
        else:
            entry = with_nothing(gradebook.find(student), gradebook.items)
            if not entry.items:
                raise UsageError(NOT_YET.format(entry.label, grades))
            label = entry.label
            given = accepted(entry, target) if accept else {target: points}
            made = [decided(entry, name, value, comment, who) for name, value in given.items()]
        journal.decide(made)
        gradebook = publish_decided(journal, rows)
    after = next((entry for entry in gradebook.entries if entry.label == label), None)
    shown = "not known yet" if after is None or after.points is None else f"{after.points:g}"
    what = "accepted" if accept else "as graded" if points is None else f"{points:g}"
    return f"{label}: {target} {what}, total {shown}"


def stray_decision(
    journal: Journal, gradebook: Gradebook, label: str, target: str
) -> Decision | None:
    """One that was made under this name and fits nobody who goes by it now."""
    every = list(Decisions(journal.decisions()).every())
    for entry in gradebook.entries:
        if entry.label == label and Decisions(every).of(keys_of(label, entry.row)).get(target):
            return None
    made = [d for d in every if (d.label, d.target) == (label, target) and not d.withdrawn]
    return max(made, key=lambda decision: decision.number, default=None)


def correct_from(grades: Path, table: Path, who: str | None) -> list[str]:
    """Takes every decision of the table that does not stand already, all or none; lines about it.

    Needed are the columns student and target, and points or word; where the table does not say who
    decided, it is ``who``. Raises ``UsageError`` that names the row which cannot be.
    """
    rows = read_table(table, "table of decisions", COLUMNS).rows
    header = [name.strip().lower() for name in rows[0]] if rows else []
    if not {"student", "target"} <= set(header) or not {"points", "word"} & set(header):
        raise UsageError(
            f"The table of decisions {table} needs the columns student, target, points."
        )
    who = whole_text(who or login())
    with Journal(grades) as journal:
        known = journal.rows()
        gradebook = read_gradebook(journal, known)
        decisions = Decisions(journal.decisions())
        new = []
        for number, fields in enumerate(rows[1:], 2):
            row = dict(zip(header, map(unquoted, fields), strict=False))
            if not any(value.strip() for value in row.values()):
                continue
            try:
                entry = with_nothing(gradebook.find(row["student"]), gradebook.items)
                made = decision_in(entry, row, who)
            except (UsageError, ValueError) as error:
                reason = str(error) if isinstance(error, UsageError) else f"no number: {error}."
                raise UsageError(f"{table}, row {number}: {reason} Nothing was changed.") from None
            old = decisions.of(keys_of(entry.label, entry.row)).get(made.target)
            if old is None or row_of(entry.label, old) != row_of(entry.label, made):
                new.append(made)
        journal.decide(new)
        publish_decided(journal, known)
    stood = len([row for row in rows[1:] if any(row)]) - len(new)
    return [f"{len(new)} decisions taken over, {stood} stood already."]
