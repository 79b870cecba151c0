"""The names of the folders of grades: the student id, where no other sender has more right to it.

If two senders claim one id, both keep it in the results and a TA decides. Only one of them can have
the folder. The earlier owner keeps it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grader.batch.choose import Claim, Handed, Sure
from grader.intake.paths import printable
from grader.messages.message import Said, say

MOST_NAMED = 3  # other claimants


@dataclass(frozen=True)
class Standing:
    """A sender among the others. ``stands`` says whether the student id alone may stand for this
    work where Canvas's number of the user does not tell; ``notes`` name the other claimants."""

    label: str
    student_id: str | None
    stands: bool = True
    notes: Sequence[Said] = ()


def standings(
    handed: Sequence[Handed], inside: Mapping[str, str], held: Mapping[str, str]
) -> dict[str, Standing]:
    """By owner. ``inside`` are the ids that were found inside, ``held`` the owners of folders of
    earlier runs by student id."""
    claims = {entry.owner: claim for entry in handed if (claim := claim_of(entry, inside))}
    rivals: dict[str, list[Handed]] = {}
    for entry in handed:
        if entry.owner in claims:
            rivals.setdefault(claims[entry.owner].student_id, []).append(entry)
    found: dict[str, Standing] = {}
    used: dict[str, int] = {}
    for entry in handed:
        claim = claims.get(entry.owner)
        if claim is None:
            label, standing = _nameless(entry), Standing("", None)
        else:
            others = [other for other in rivals[claim.student_id] if other is not entry]
            holder = _holder(claim.student_id, rivals[claim.student_id], claims, held)
            label = claim.student_id if entry is holder else _other_label(entry, claim)
            standing = _among(entry, claim, others, claims)
        used[label] = used.get(label, 0) + 1
        label += f"~{used[label]}" if used[label] > 1 else ""
        found[entry.owner] = Standing(label, standing.student_id, standing.stands, standing.notes)
    return found


def claim_of(entry: Handed, inside: Mapping[str, str]) -> Claim | None:
    """What the names say, else what stands inside; nothing where the names carry several ids."""
    if entry.claim or entry.counts.ids or entry.owner not in inside:
        return entry.claim
    return Claim(inside[entry.owner], Sure.HINTED)


def _among(
    entry: Handed, claim: Claim, others: Sequence[Handed], claims: Mapping[str, Claim]
) -> Standing:
    most = max((claims[other.owner].sure for other in others), default=-1)
    named = claim.sure is Sure.NAMED and not entry.counts.readings
    stands = most < claim.sure or named
    notes: list[Said] = []
    if others and claim.sure is not Sure.KNOWN:
        shown = [_shown(other) for other in others[:MOST_NAMED]]
        more = [f"{len(others) - MOST_NAMED} more"] if len(others) > MOST_NAMED else []
        said = "note.another" if len(others) == 1 else "note.others"
        notes = [say(said, id=claim.student_id, others="; ".join([*shown, *more]))]
    return Standing("", claim.student_id, stands, notes)


def _shown(entry: Handed) -> str:
    by = f" of Canvas's user {entry.counts.user}" if entry.counts.user else ""
    return f"{printable(entry.counts.file)}{by}"


def _holder(
    student_id: str,
    rivals: Sequence[Handed],
    claims: Mapping[str, Claim],
    held: Mapping[str, str],
) -> Handed:
    def right(entry: Handed) -> tuple[Sure, bool, bool]:
        by_file = not entry.counts.readings
        return claims[entry.owner].sure, held.get(student_id) in entry.owners, by_file

    return max(rivals, key=right)  # the first of equals


def _other_label(entry: Handed, claim: Claim) -> str:
    """Of one who claims an id that another holds."""
    if claim.sure is Sure.HINTED and not entry.counts.readings:
        return _nameless(entry)
    return f"{claim.student_id}_{_sender(entry)}"


def _nameless(entry: Handed) -> str:
    return _sender(entry) if entry.counts.user else f"unnamed_{_sender(entry)}"


def _sender(entry: Handed) -> str:
    user = entry.counts.user
    if user:
        return user if user.startswith("anon_") else f"user_{user}"
    kind, _, name = entry.owner.partition(" ")
    return name if kind == "file" else hashlib.sha256(entry.owner.encode()).hexdigest()[:8]
