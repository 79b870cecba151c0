"""The journal's tables, and how those of earlier versions become today's."""

import sqlite3
from pathlib import Path

from grader.errors import JournalError

FORMAT = 3
_TABLES = """
CREATE TABLE IF NOT EXISTS hashes (
    place TEXT PRIMARY KEY, stamp TEXT NOT NULL, sha256 TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS results (
    key TEXT PRIMARY KEY, sha256 TEXT NOT NULL, file TEXT NOT NULL, student_id TEXT,
    conditions TEXT NOT NULL, record TEXT NOT NULL, verdicts TEXT NOT NULL, overlay BLOB NOT NULL,
    prints TEXT NOT NULL, shown TEXT NOT NULL, failed INTEGER NOT NULL,
    stale INTEGER NOT NULL DEFAULT 0, finished TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS corrections (
    number INTEGER PRIMARY KEY AUTOINCREMENT, label TEXT NOT NULL, item TEXT NOT NULL,
    points REAL, comment TEXT NOT NULL, who TEXT NOT NULL, made TEXT NOT NULL, sha256 TEXT,
    owner TEXT);
CREATE TABLE IF NOT EXISTS gradebook (label TEXT PRIMARY KEY, row TEXT NOT NULL, key TEXT);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
_NAMES = {"hashes", "results", "corrections", "gradebook", "facts"}
_UPGRADES = {
    1: "ALTER TABLE corrections ADD COLUMN sha256 TEXT",
    2: "ALTER TABLE corrections ADD COLUMN owner TEXT",
}


def prepare(db: sqlite3.Connection, path: Path) -> None:
    """Makes the tables, or brings those of an earlier version up to date, in one transaction.

    Raises ``JournalError`` for a database of something else, which stays as it is.
    """
    found = db.execute("PRAGMA user_version").fetchone()[0]
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
    if found > FORMAT:
        raise JournalError(f"{path} was written by another version of the grader.")
    if (found and not tables >= _NAMES) or (tables and not found):
        raise JournalError(
            f"{path} is no journal of this grader, so nothing was changed: give another folder."
        )
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    if found == FORMAT:
        return
    upgrades = [_UPGRADES[old] for old in range(found, FORMAT)] if found else []
    db.execute("BEGIN IMMEDIATE")
    try:
        if db.execute("PRAGMA user_version").fetchone()[0] == found:  # nobody else was faster
            for statement in upgrades or _TABLES.split(";\n"):
                db.execute(statement)
            db.execute(f"PRAGMA user_version={FORMAT}")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
