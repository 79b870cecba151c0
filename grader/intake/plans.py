"""The plan of a notebook: what runs, what does not, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from grader.messages.message import Said


@dataclass(frozen=True)
class Statement:
    """A statement that runs: its cell and line (1-based), its text, the names it binds.

    ``repeatable``: an import, a plain constant or a plain definition, which may run together with
    its neighbours of this kind, and once more, without a difference.
    """

    cell: int
    line: int
    source: str
    binds: tuple[str, ...]
    repeatable: bool = False


@dataclass(frozen=True)
class LeftOut:
    """A statement that does not run, with the reason in plain words and its first line."""

    cell: int
    line: int
    reason: Said
    what: str


@dataclass(frozen=True)
class Gone:
    """A name whose definition cannot be read, and why; ``ours``: by this Python, not by any."""

    why: Said
    cell: int
    ours: bool


@dataclass(frozen=True)
class Plan:
    """What runs and what does not; ``defined`` are the targets among what runs.

    ``unread`` says of targets, of ``DDPM.forward`` and of ``DDPM.sample`` where a definition stands
    that does not run: in text, in comments, in a cell that does not count. ``gone``: names that
    stand in code which cannot be read. ``withheld``: names that what runs reads, and that something
    which does not run sets or fills, with the reason why it does not; an attribute that it sets
    stands with a dot before it.
    """

    statements: tuple[Statement, ...]
    left_out: tuple[LeftOut, ...]
    defined: frozenset[str]
    imports: frozenset[str]
    problems: tuple[Said, ...]
    unread: Mapping[str, Said] = field(default_factory=dict)
    gone: Mapping[str, Gone] = field(default_factory=dict)
    withheld: Mapping[str, Said] = field(default_factory=dict)
