"""When a submission was handed in, and what being late costs."""

import contextlib
import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from grader.errors import UsageError
from grader.messages.message import Said, say

_SHORT_HOUR = re.compile(r"([T ])([0-9]:)")  # 2026-05-01 9:05, as Excel saves it
_SECONDS = re.compile(r"[0-9]:[0-9]{2}:[0-9]{2}")
KST = timezone(timedelta(hours=9), "KST")


@dataclass(frozen=True)
class LateRule:
    """``percent_per_day`` of the points earned for each day begun after the grace; none by default.

    All of it together costs at most ``most_percent``.
    """

    percent_per_day: float = 0.0
    most_percent: float = 100.0
    grace_minutes: float = 0.0

    def percent(self, late_by: timedelta) -> float:
        """What so much delay costs, 0 to 100."""
        beyond = late_by - timedelta(minutes=self.grace_minutes)
        days = max(0, math.ceil(beyond / timedelta(days=1)))
        return min(days * self.percent_per_day, self.most_percent, 100.0)


@dataclass(frozen=True)
class Lateness:
    """``by`` is None where a submission is marked as late and nobody knows by how much; ``sure``
    where the time is that of the class list, not of a file, which may have been downloaded."""

    late: bool = False
    by: timedelta | None = None
    sure: bool = False

    def percent(self, rule: LateRule) -> float:
        """What it costs; a doubtful time costs nothing until a person settles it."""
        return rule.percent(self.by) if self.by is not None and self.sure else 0.0

    def note(self, rule: LateRule) -> Said:
        """What a person must settle; empty if nothing."""
        if not self.late or self.sure or not rule.percent_per_day:
            return ""
        if self.by is None:
            return say("note.late")
        return say("note.late_by", hours=f"{self.by / timedelta(hours=1):.1f}")


def parse_moment(text: str) -> datetime:
    """An ISO date and time; Korean time where no zone is given. Raises ``UsageError``, for a date
    alone, too: its midnight would make a whole day late."""
    with contextlib.suppress(ValueError):
        moment = datetime.fromisoformat(_SHORT_HOUR.sub(r"\g<1>0\g<2>", text.strip()))
        if len(text.strip()) > len("2026-05-01"):
            return moment if moment.tzinfo else moment.replace(tzinfo=KST)
    raise UsageError(
        f"{text!r} is no date and time like 2026-05-01T23:59 or 2026-05-01T23:59+09:00."
    )


def parse_deadline(text: str) -> datetime:
    """The same; 23:59 lasts to the end of its minute, as Canvas has it, 23:59:00 does not."""
    moment = parse_moment(text)
    return moment if _SECONDS.search(text) else moment + timedelta(minutes=1, microseconds=-1)


def whole_minute(moment: datetime) -> datetime:
    """To the end of its minute, where it is a full one: a spreadsheet adds seconds that nobody
    typed."""
    full = not moment.second and not moment.microsecond
    return moment + timedelta(minutes=1, microseconds=-1) if full else moment


def lateness(
    deadline: datetime | None, listed: datetime | None, modified: datetime | None, marked: bool
) -> Lateness:
    """By the time on the class list, else by that of the file; ``marked`` by Canvas as late."""
    known = listed or modified
    if deadline is None or known is None:
        return Lateness(marked)
    by = known - deadline
    return Lateness(True, by, listed is not None) if by > timedelta(0) else Lateness()
