"""Errors that end in one clear line for the person at the terminal."""

from grader.messages.message import Said

STOPPED = 130
"""The exit code after Ctrl-C, as shells have it."""


class GraderError(Exception):
    """Base of the errors whose text is written for people: a message, or a text without an id."""

    def __init__(self, said: Said = "") -> None:
        super().__init__(said)

    @property
    def said(self) -> Said:
        """What it says, for any language."""
        said: Said = self.args[0]
        return said


class Rejected(GraderError):
    """The submission cannot be read; the text is one sentence that says why.

    ``sha256`` is that of the archive, where it was read.
    """

    def __init__(self, said: Said, sha256: str | None = None) -> None:
        super().__init__(said)
        self.sha256 = sha256


class SandboxUnavailable(GraderError):
    """The sandbox that was asked for cannot run on this machine; the text says why."""


class RubricError(GraderError):
    """The rubric file is not valid; the text names the line and what is wrong with it."""


class UsageError(GraderError):
    """An input is missing or makes no sense; the text says which and why."""


class JournalError(GraderError):
    """The folder of grades cannot be used; the text says why, and what is kept."""


class NotRecorded(GraderError):
    """The right answer is not among those that were written down for public questions."""
