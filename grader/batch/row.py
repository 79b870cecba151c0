"""What the gradebook holds of one student."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, cast

from grader.messages.message import Said, said_in, said_json
from grader.results import Result


class Row(TypedDict):
    """One student beside the decisions.

    ``owner``: what tells the sender from every other; ``owners``: of all attempts. ``stands``:
    whether the student id alone may stand for this work. ``section``: the part of the class.
    ``user``: Canvas's number of the sender; ``users``: those that may be meant. ``downloaded``:
    Canvas's name of a file to which feedback can be attached, None if an earlier version did not
    keep it. ``others``: attempts that do not count. ``late_open``: whether a person must look at
    lateness. ``notes``: what a person should know. ``state`` says why there is no ``result``.
    """

    label: str
    owner: str
    owners: Sequence[str]
    stands: bool
    student_id: str | None
    name: str
    section: str
    user: str | None
    users: Sequence[str]
    downloaded: str | None
    file: str
    others: Sequence[str]
    late: bool
    late_hours: float | None
    late_percent: float
    late_sure: bool
    late_open: bool
    notes: Sequence[Said]
    state: str
    result: Result | None


def row_of(known: Mapping[str, Any]) -> Row:
    """A whole row: what is not known of a student, or was not kept by an earlier version, is as it
    is for somebody of whom there is nothing to say."""
    nothing: Row = {
        "label": "",
        "owner": "",
        "owners": [],
        "stands": True,
        "student_id": None,
        "name": "",
        "section": "",
        "user": None,
        "users": [],
        "downloaded": None,
        "file": "",
        "others": [],
        "late": False,
        "late_hours": None,
        "late_percent": 0.0,
        "late_sure": True,
        "late_open": False,
        "notes": [],
        "state": "missing",
        "result": None,
    }
    return cast(Row, {**nothing, **known})


def row_json(row: Row) -> dict[str, Any]:
    """What ``row_from`` reads: plain JSON."""
    result, notes = row["result"], row["notes"]
    return {
        **row,
        "result": result.to_json() if result else None,
        "notes": [note if isinstance(note, str) else said_json(note) for note in notes],
    }


def row_from(record: Mapping[str, Any]) -> Row:
    """Raises ``KeyError``, ``TypeError`` or ``ValueError`` where it is no row."""
    result, notes = record.get("result"), record.get("notes", ())
    known = {
        "result": Result.from_json(result) if result else None,
        "notes": [note if isinstance(note, str) else said_in(note) for note in notes],
    }
    return row_of({**record, **known})
