"""Whose attempts they are, and which one counts: the last.

The owner follows from the attempts' own names and from the class list alone. Other students' files
and their names never change it.
"""

import hashlib
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import PurePath

from grader.batch.canvas import shortened
from grader.batch.gather import Attempt
from grader.batch.places import Place
from grader.batch.roster import Roster, Student
from grader.intake.paths import printable
from grader.messages.message import Said, say
from grader.states import Flag

_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


class Sure(IntEnum):
    """How well it is known that a student id is the sender's."""

    HINTED = 0  # it stands inside, or is written in another way
    NAMED = 1  # the file is named so
    CONFIRMED = 2  # and Canvas calls the sender as the class list does who has that id
    KNOWN = 3  # Canvas's gradebook says so


@dataclass(frozen=True)
class Claim:
    """That a student id is the sender's."""

    student_id: str
    sure: Sure


@dataclass(frozen=True)
class Handed:
    """What one sender handed in: ``counts`` is graded, ``others`` are only listed.

    ``owner`` tells the sender from every other, whatever these call their files: Canvas's number of
    the user, else the id in the files' names, else the one file. ``owners`` are all names under
    which a person may have corrected this work before. ``notes`` say what a person should know
    about it, ``flags`` what is settled already.
    """

    owner: str
    owners: Sequence[str]
    counts: Attempt
    others: Sequence[Attempt]
    claim: Claim | None
    notes: Sequence[Said] = ()
    flags: Sequence[Flag] = ()

    @property
    def downloaded(self) -> str:
        """The name that Canvas gave to a file of the current submission, to which feedback can be
        attached; empty if there is none.

        Of the attachments the highest is of the current submission, and one zip is one download.
        """
        attached = [a for a in (*self.others, self.counts) if a.attachment]
        if not attached:
            return ""
        last = max(attached, key=lambda attempt: attempt.attachment)
        beside = self.counts.attachment and self.counts.place.path == last.place.path
        return (self.counts if beside else last).readings[0].build()


def path_of(attempt: Attempt) -> str:
    """What tells a file that names nobody from others, where its bytes are not known."""
    return f"{attempt.place.path}:{attempt.place.member}"


def choose(
    attempts: Sequence[Attempt],
    roster: Roster | None = None,
    identity: Callable[[Attempt], str] = path_of,
) -> list[Handed]:
    """One entry a sender, in a fixed order. ``identity`` is asked of files that name nobody."""
    register = Register(roster or {})
    settled = [register.settle(attempt) for attempt in attempts]
    groups: dict[str, list[Attempt]] = {}
    for attempt in settled:
        if attempt.readings:
            groups.setdefault(_canvas_owner(attempt), []).append(attempt)
    confirmed = {
        owner: claim.student_id
        for owner, group in groups.items()
        if (claim := register.claim(group)[0]) and claim.sure is Sure.CONFIRMED
    }
    for attempt in settled:
        if not attempt.readings:
            owner = _plain_owner(attempt, register, confirmed) or nameless(identity(attempt))
            groups.setdefault(owner, []).append(attempt)
    return [_handed(owner, groups[owner], register) for owner in sorted(groups)]


def _handed(owner: str, group: Sequence[Attempt], register: "Register") -> Handed:
    ordered = sorted(group, key=_order(group))
    claim, notes, flags = register.claim(group)
    loose = _loose(ordered)
    if loose:
        counts, others = _together(loose), [a for a in ordered if a not in loose]
        said = say("handed_in.loose", count=len(loose))
        flags = [*flags, *([Flag("files_loose", said)] if len(loose) > 1 else [])]
    else:
        *others, counts = ordered
    beside = [printable(a.file) for a in others if a.is_results and not counts.is_results]
    if beside:
        notes = [*notes, say("note.beside", files=", ".join(beside))]
    if len({a.student_id for a in group if a.student_id}) > 1 and not _is_known(claim):
        notes = [*notes, say("note.different_ids")]
    if len(counts.readings) > 1:
        users = " or ".join(reading.user for reading in counts.readings)
        notes = [*notes, say("note.users", users=users)]
    owners = [owner]
    ids = {a.student_id for a in group if a.student_id and not a.readings}
    if claim and claim.sure >= Sure.CONFIRMED:
        ids.add(claim.student_id)
    owners += [name for i in sorted(ids) if (name := f"id {i}") != owner]
    return Handed(owner, owners, counts, others, claim, notes, flags)


def _loose(ordered: Sequence[Attempt]) -> list[Attempt]:
    """Notebooks that came without an archive round them, and what came beside them."""
    files = [a for a in ordered if a.kind == "file"]
    whole = any(
        a.is_archive and not a.is_results and (a.is_tarball or a.ids or a.hint) for a in files
    )
    return files if any(a.is_notebook for a in files) and not whole else []


def _together(loose: Sequence[Attempt]) -> Attempt:
    """Files as one attempt; of two that have the same name the later one counts."""
    parts = {PurePath(printable(a.file)).name or "file": a.place for a in loose}
    place = Place(loose[-1].place.path, None, tuple(parts.items()))
    return replace(loose[-1], place=place, file=" + ".join(parts))


def _is_known(claim: Claim | None) -> bool:
    return claim is not None and claim.sure is Sure.KNOWN


def _canvas_owner(attempt: Attempt) -> str:
    users = [attempt.user] if attempt.user else [reading.user for reading in attempt.readings]
    return f"user {' or '.join(users)}"


def _plain_owner(attempt: Attempt, register: "Register", confirmed: dict[str, str]) -> str | None:
    """A file that did not come by Canvas joins the user there whose id it carries, if it is sure
    that it is that user's id; for a file of the same name may be another's."""
    student_id = attempt.student_id
    if student_id is None:
        return None
    listed = register.roster.get(student_id)
    if listed and listed.user:
        return f"user {listed.user}"
    users = [owner for owner, claimed in confirmed.items() if claimed == student_id]
    return users[0] if len(users) == 1 else f"id {student_id}"


def nameless(identity: str) -> str:
    """The owner of a file that names nobody."""
    return f"file {hashlib.sha256(identity.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"


def _order(group: Sequence[Attempt]) -> Callable[[Attempt], tuple[int, int, int, datetime, str]]:
    """Earlier before later: by Canvas's numbers of files where all have one; archives win, those of
    results alone only over other files, and what was typed into Canvas counts last."""
    by_number = all(a.attachment for a in group)

    def key(attempt: Attempt) -> tuple[int, int, int, datetime, str]:
        kind = (2 + (not attempt.is_results)) if attempt.is_archive else attempt.kind == "file"
        number = attempt.attachment if by_number else 0
        when = attempt.modified or _LONG_AGO
        return kind, number, attempt.again, when, attempt.file

    return key


class Register:
    """What the class list tells of senders."""

    def __init__(self, roster: Roster) -> None:
        self.roster = roster
        self.by_user = {s.user: s for s in roster.values() if s.user}
        self.by_name: dict[str, list[Student]] = {}
        for student in roster.values():
            self.by_name.setdefault(letters(student.name), []).append(student)

    def settle(self, attempt: Attempt) -> Attempt:
        """With the one meaning of Canvas's name that the gradebook knows, where there are more."""
        if len(attempt.readings) < 2:
            return attempt
        known = [reading for reading in attempt.readings if reading.user in self.by_user]
        same = [r for r in known if letters(r.name) == letters(self.by_user[r.user].name)]
        fitting = known if len(known) == 1 else same
        return attempt.read_as(fitting[0]) if len(fitting) == 1 else attempt

    def claim(self, group: Sequence[Attempt]) -> tuple[Claim | None, list[Said], list[Flag]]:
        """The id that a group of attempts has by its names, with notes for a person, and flags."""
        ordered = sorted(group, key=_order(group))
        user = next((a.user for a in ordered if a.user), None)
        named = next((a for a in reversed(ordered) if a.student_id), None)
        last = named.student_id if named else None
        if known := self.by_user.get(user or ""):
            return Claim(known.id, Sure.KNOWN), [], _mistyped(known, last, user)
        if last is None:
            return self._hinted(ordered)
        if notes := self.refuted(last, group):
            return None, notes, []
        listed, name = self.roster.get(last), _name(group)
        if name and listed and letters(name) == letters(listed.name):
            return Claim(last, Sure.CONFIRMED), [], []
        return Claim(last, Sure.NAMED), self.namesake(name, last), []

    def _hinted(self, ordered: Sequence[Attempt]) -> tuple[Claim | None, list[Said], list[Flag]]:
        several = next((a.ids for a in reversed(ordered) if len(a.ids) > 1), ())
        if several:
            said = say("note.several_ids", ids=", ".join(several[:5]))
            return None, [said], []
        hint = next((a.hint for a in reversed(ordered) if a.hint), None)
        if hint is None:
            return None, [], []
        if notes := self.refuted(hint, ordered):
            return None, notes, []
        said = say("student_id.written_otherwise", id=hint)
        return Claim(hint, Sure.HINTED), [], [Flag("student_id_written_otherwise", said)]

    def refuted(self, student_id: str, group: Sequence[Attempt]) -> list[Said]:
        """A note where the gradebook says that a user with another number has this id."""
        listed = self.roster.get(student_id)
        readings = [reading for a in group for reading in a.readings]
        if not (listed and listed.user and readings) or any(r.anonymous for r in readings):
            return []
        users = {"user": listed.user, "sender": readings[0].user}
        return [say("note.refuted", id=student_id, **users)]

    def namesake(self, name: str, claimed: str | None) -> list[Said]:
        """A note where the sender has the name of one other student on the list."""
        found = self.by_name.get(letters(name), []) if name else []
        if len(found) != 1 or found[0].id == claimed:
            return []
        return [say("note.namesake", name=repr(printable(name)), id=found[0].id)]


def _mistyped(known: Student, named: str | None, user: str | None) -> list[Flag]:
    if named in (None, known.id):
        return []
    said = say("student_id.mistyped", named=named, user=user, id=known.id)
    return [Flag("student_id_mistyped", said)]


def _name(group: Sequence[Attempt]) -> str:
    return next((a.name for a in group if a.name), "")


def letters(name: str) -> str:
    """Equal for names that differ only in the order of their parts and in what is no letter."""
    return "".join(sorted(unicodedata.normalize("NFKC", shortened(name))))
