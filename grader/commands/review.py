"""``review``: the local page on which doubts are settled."""

from pathlib import Path

import click

from grader.commands.options import grades_argument

PORT = 8017


@click.command("review")
@grades_argument
@click.option(
    "--port",
    type=click.IntRange(1024, 65535),
    default=PORT,
    show_default=True,
    help="Of this machine; the next free one if it is taken.",
)
@click.option(
    "--reviewer",
    metavar="NAME",
    help="Who decides; the queue is shared out among all who were ever named. Without it your "
    "login name decides, and everything is yours.",
)
@click.option("--anonymous", is_flag=True, help="Names, ids and file names are hidden.")
@click.option(
    "--requests",
    metavar="CSV",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Regrade requests, a form's export with the columns id, item, text.",
)
@click.option(
    "--lang",
    "language",
    type=click.Choice(["en", "ko"]),
    default="en",
    show_default=True,
    help="The page's language.",
)
@click.option("--no-browser", is_flag=True, help="The link is printed and not opened.")
def review_command(
    grades: Path,
    port: int,
    reviewer: str | None,
    anonymous: bool,
    requests: Path | None,
    language: str,
    no_browser: bool,
) -> None:
    """Settles what the grader is in doubt about, on a page of this machine.

    Doubts that are alike are decided once for all who have them, with code, numbers and pictures in
    sight. Every decision is kept in the journal of GRADES and can be undone.
    """
    from grader.review.start import review

    review(
        grades,
        port,
        reviewer,
        requests,
        anonymous=anonymous,
        language=language,
        browser=not no_browser,
        say=click.echo,
    )
