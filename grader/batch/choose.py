"""Whose attempts they are, and which one counts: the last."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from grader.batch.gather import Attempt

_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Handed:
    """What one student handed in: ``counts`` is graded, ``others`` are only listed.

    ``label`` is the name of the student's folder of grades: the student id where it is the only
    one of that id. ``note`` says what a person should know about it.
    """

    label: str
    counts: Attempt
    others: Sequence[Attempt]
    student_id: str | None
    notes: Sequence[str]


def choose(attempts: Sequence[Attempt]) -> list[Handed]:
    """One entry a student, by label. Two Canvas users with one student id stay two entries."""
    groups = _groups(attempts)
    ids = [_id_of(group) for group in groups]
    handed: list[Handed] = []
    for group, student_id in zip(groups, ids, strict=True):
        ordered = sorted(group, key=_order(group))
        counts = ordered[-1]
        notes = []
        if len({a.student_id for a in group if a.student_id}) > 1:
            notes.append("The attempts carry different student ids.")
        collides = student_id is not None and ids.count(student_id) > 1
        if collides:
            notes.append(f"Another Canvas user handed in under {student_id}, too.")
        label = _label(student_id, counts, collides)
        used = sum(entry.label.split("~")[0] == label for entry in handed)
        label += f"~{used + 1}" if used else ""
        handed.append(Handed(label, counts, ordered[:-1], student_id, notes))
    return sorted(handed, key=lambda entry: entry.label)


def _groups(attempts: Sequence[Attempt]) -> list[list[Attempt]]:
    """By Canvas user; without one by student id, which joins the only user of that id."""
    users: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        if attempt.user:
            users.setdefault(attempt.user, []).append(attempt)
    groups = dict(users)
    for attempt in attempts:
        if attempt.user:
            continue
        student_id = attempt.student_id
        owners = [u for u, group in users.items() if student_id and student_id == _id_of(group)]
        key = owners[0] if len(owners) == 1 else f"id {student_id}"
        groups.setdefault(key if student_id else f"file {attempt.place}", []).append(attempt)
    return list(groups.values())


def _id_of(group: Sequence[Attempt]) -> str | None:
    """That of the last attempt that carries one."""
    carrying = [a for a in sorted(group, key=_order(group)) if a.student_id]
    return carrying[-1].student_id if carrying else None


def _order(group: Sequence[Attempt]) -> Callable[[Attempt], tuple[bool, int, int, datetime, str]]:
    """Earlier before later: by Canvas's numbers of files where all have one; tarballs win."""
    by_number = all(a.attachment for a in group)

    def key(attempt: Attempt) -> tuple[bool, int, int, datetime, str]:
        number = attempt.attachment if by_number else 0
        when = attempt.modified or _LONG_AGO
        return attempt.is_tarball, number, attempt.again, when, attempt.file

    return key


def _label(student_id: str | None, attempt: Attempt, collides: bool) -> str:
    owner = attempt.user or ""
    user = owner if owner.startswith("anon_") else f"user_{owner}"
    if student_id is None and not owner:
        name = attempt.file.encode("utf-8", "surrogateescape")  # any bytes that a disk may hold
        return f"unnamed_{hashlib.sha256(name).hexdigest()[:8]}"
    if student_id is None:
        return user
    return f"{student_id}_{user}" if collides and owner else student_id
