"""What intake hands on: the limits it keeps and the submission it found."""

from dataclasses import dataclass
from pathlib import Path

from grader.results import Flag


@dataclass(frozen=True)
class ArchiveLimits:
    """How much an archive may unpack to: bytes, members, and bytes out per byte in."""

    unpacked_bytes: int = 2 * 2**30
    members: int = 2000
    ratio: float = 200.0


@dataclass(frozen=True)
class Submission:
    """An unpacked submission. ``root`` holds plain files and folders only, never a link.

    ``diffusion`` is notebook 2-1 and ``text_to_image`` notebook 2-2, where they were found.
    """

    student_id: str | None
    file: str
    sha256: str
    root: Path
    diffusion: Path | None
    text_to_image: Path | None
    flags: tuple[Flag, ...]
