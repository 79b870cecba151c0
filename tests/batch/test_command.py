"""What a batch tells the person who runs it."""

import io

from rich.console import Console

from grader.batch.command import summary
from grader.results import State
from tests.batch.fake import evidence
from tests.report.books import book, entry


def told(*entries: object) -> str:
    console = Console(file=io.StringIO(), width=200)
    summary(book(*entries), console)  # type: ignore[arg-type]
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert isinstance(text, str)
    return text


def test_everything_that_a_person_should_know_is_a_line() -> None:
    failed = entry("2023-00002", evidence(state=State.INFRA_ERROR, fraction=0.0))
    again = entry(
        "2023-00003", evidence(), others=["2023-00003.tar.gz"], notes=["Not on the roster."]
    )
    text = told(entry("2023-00001"), failed, again)
    assert "3 students: 1 graded, 1 missing, 1 needs_review" in text
    assert "The grader failed for 2023-00002: the same command grades them again." in text
    assert "2023-00003: Not on the roster." in text
    assert "2023-00003: earlier attempts, not graded: 2023-00003.tar.gz" in text
    assert "Nothing was handed in by: 2023-00001" in text
    assert "notes.txt is no .tar.gz." in text


def test_names_are_no_markup() -> None:
    odd = entry("2023-00001", evidence(), notes=["[red]file[/red] [link=x]"])
    assert "[red]file[/red] [link=x]" in told(odd)
