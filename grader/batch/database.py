"""The SQLite file of a folder of grades: opened, locked, and its errors as lines for a person.

WAL and ``synchronous=FULL``: what a method that writes returned from survives the end of the
process and of the machine's power. Texts are kept as JSON in ASCII, for a student's may hold halves
of characters.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Self

from grader.batch.schema import prepare
from grader.errors import JournalError, UsageError
from grader.lateness import KST
from grader.messages.message import say
from grader.sandbox.text import one_line

FILE, LOCK = "journal.sqlite", "journal.lock"
WAIT_SECONDS = 30


class Database:
    """The database of a folder of grades; a context manager, for one thread.

    Every error ends as ``JournalError`` with one line for the person at the terminal.
    """

    def __init__(self, grades: Path, *, create: bool = False) -> None:
        self.grades, self._lock = grades, -1
        path = grades / FILE
        if not create and not path.is_file():
            raise UsageError(
                f"There are no grades in {grades}: {FILE} is missing. "
                f"ddpm-grader batch SUBMISSIONS --out {grades} makes them."
            )
        with self._clear():
            grades.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(
                _address(path), timeout=WAIT_SECONDS, isolation_level=None, uri=True
            )
        try:
            with self._clear():
                prepare(self._db, path)
        except BaseException:
            self._db.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ended: object) -> None:
        self._db.close()
        if self._lock >= 0:
            os.close(self._lock)

    @contextmanager
    def _clear(self) -> Iterator[None]:
        """Turns the errors of files and SQLite into one clear line."""
        try:
            yield
        except (OSError, sqlite3.OperationalError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise JournalError(
                say("journal.unusable", folder=str(self.grades), reason=reason)
            ) from error
        except sqlite3.Error as error:
            raise self._damaged(error) from error

    @contextmanager
    def _parsing(self) -> Iterator[None]:
        """The same for what is read from it, which may be damaged in itself."""
        with self._clear():
            try:
                yield
            except (ValueError, KeyError, TypeError, IndexError) as error:
                raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> JournalError:
        why = one_line(str(error))
        return JournalError(say("journal.damaged", file=str(self.grades / FILE), why=why))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._clear():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # a full disk may have ended it already
                    self._db.execute("ROLLBACK")
                raise

    def lock(self) -> None:
        """Keeps other batches out until this journal is closed, or its process ends."""
        with self._clear():
            self._lock = os.open(self.grades / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise JournalError(
                    f"Another batch is at work in {self.grades}; nothing was changed."
                ) from None

    @contextmanager
    def one_at_a_time(self) -> Iterator[None]:
        """Waits for others to leave. What a slower process read before would else be written over
        what a faster one wrote later, such as pages with a correction."""
        with self._clear():
            folder = os.open(self.grades, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            with suppress(OSError):  # a file system without locks
                fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)


def _address(path: Path) -> str:
    """As SQLite takes it. In a folder that may only be read WAL has no place for its files; what is
    all in the journal itself can be read without them."""
    wal = path.with_name(f"{path.name}-wal")
    settled = not wal.exists() or wal.stat().st_size == 0
    frozen = path.is_file() and not os.access(path.parent, os.W_OK) and settled
    return path.absolute().as_uri() + ("?immutable=1" if frozen else "")


def now() -> str:
    """The moment, for a person; nothing is ordered by it, for clocks are set back."""
    return datetime.now(KST).isoformat(timespec="seconds")
