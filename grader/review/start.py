"""``ddpm-grader review``: opens the grades, starts the server, prints the link."""

import errno
import socket
import webbrowser
from collections.abc import Callable
from pathlib import Path

import uvicorn

from grader.batch.journal import Journal
from grader.batch.people import login, whole_text
from grader.batch.requests import take_in
from grader.errors import JournalError, UsageError
from grader.review.app import make_app
from grader.review.bench import REVIEWERS, Asked, Workbench
from grader.review.saving import Writer
from grader.review.security import Keys

HOST = "127.0.0.1"
TRIED = 50  # ports after the one that is taken


def review(
    grades: Path,
    port: int,
    reviewer: str | None,
    requests: Path | None,
    *,
    anonymous: bool,
    language: str,
    browser: bool,
    say: Callable[[str], None],
) -> None:
    """Serves until Ctrl-C. Raises ``GraderError``."""
    with Journal(grades) as journal, Writer(grades) as writer:
        if not journal.fact("items", []):
            raise UsageError(
                f"There is no gradebook in {grades} yet: run ddpm-grader batch SUBMISSIONS "
                f"--out {grades} first."
            )
        if requests is not None:
            say(f"{take_in(journal, requests)} new regrade requests.")
        if reviewer is not None:
            try:
                join(journal, whole_text(reviewer))
            except JournalError as error:  # what may only be read can be looked at
                say(str(error))
        with free_socket(port) as bound:
            found = bound.getsockname()[1]
            if found != port:
                say(f"Port {port} is taken: {found} is used.")
            keys = Keys()
            asked = Asked(
                whole_text(reviewer or login()), reviewer is not None, anonymous, language
            )
            bench = Workbench(journal, writer, asked, keys, found)
            writer.show(bench.room.gradebook, bench.room.seen)  # what was killed before
            link = f"http://{HOST}:{found}/enter?token={keys.token}"
            say(f"Review the class at {link}")
            say("The link works once, in one browser on this machine. Ctrl-C ends.")
            if browser:
                webbrowser.open(link)
            config = uvicorn.Config(
                make_app(bench),
                log_level="warning",
                access_log=False,
                server_header=False,
                lifespan="off",
            )
            uvicorn.Server(config).run([bound])


def join(journal: Journal, reviewer: str) -> None:
    """Notes a reviewer, so that the queue is shared out among all of them."""
    known = journal.fact(REVIEWERS, [])
    if reviewer not in known:
        journal.note({REVIEWERS: [*known, reviewer]})


def free_socket(port: int) -> socket.socket:
    """Bound to this port of this machine alone, or to the next one that is free."""
    for tried in range(port, min(port + TRIED, 65536)):
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((HOST, tried))
            bound.listen(64)
        except OSError as error:
            bound.close()
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
        else:
            return bound
    raise UsageError(f"The ports from {port} on are taken: give another one by --port.")
