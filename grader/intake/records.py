"""What intake hands on: the limits it keeps, and the submission and its two parts."""

from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from grader.messages.message import Said
from grader.states import Flag


@dataclass(frozen=True)
class ArchiveLimits:
    """How much an archive may unpack to: bytes, members, and bytes out per byte in."""

    unpacked_bytes: int = 2 * 2**30
    members: int = 2000
    ratio: float = 200.0


@dataclass(frozen=True)
class Unread:
    """Something that was handed in and cannot be read here. ``reason`` is a sentence.

    ``whole``: an archive of which nobody knows what else it holds. ``altered``: some of its bytes
    are not as they were packed, so that what was read may differ, too.
    """

    path: str
    reason: Said
    whole: bool = False
    altered: bool = False


@dataclass(frozen=True)
class Notebook:
    """A notebook as it was read. ``name`` is safe to show.

    ``content`` is valid nbformat 4.5; None if ``problem``, a sentence, says why it cannot be read.
    ``notes``: sentences on what was mended without a doubt. ``lost``: what of its cells could not
    be read, ``lost_outputs``: what of its outputs; ``doubt``: why it may not be what the student
    ran. All are sentences, empty where there is nothing to say. ``both``: both parts stand in it.
    """

    name: str
    content: NotebookNode | None = None
    problem: Said = ""
    notes: tuple[Said, ...] = ()
    lost: Said = ""
    lost_outputs: Said = ""
    doubt: Said = ""
    both: bool = False


@dataclass(frozen=True)
class Submission:
    """An unpacked submission. ``root`` holds plain files and folders only, never a link.

    ``diffusion`` is notebook 2-1 and ``text_to_image`` notebook 2-2, where they were found; both
    are one where the student wrote one. ``unread``: what could not be read at all. ``tensors``:
    hashes of those in checkpoints, where they were asked for.
    """

    student_id: str | None
    file: str
    sha256: str
    root: Path
    diffusion: Notebook | None
    text_to_image: Notebook | None
    flags: tuple[Flag, ...]
    unread: tuple[Unread, ...] = ()
    tensors: frozenset[str] = frozenset()
