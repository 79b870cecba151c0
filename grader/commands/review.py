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
    help="The port on this machine. If it is in use, the next free one is taken.",
)
@click.option(
    "--reviewer",
    metavar="NAME",
    help="The name of the TA who decides. Each named TA gets a share of the doubts. Without this "
    "option your login name decides and you get all doubts.",
)
@click.option("--anonymous", is_flag=True, help="Hide names, ids and file names.")
@click.option(
    "--requests",
    metavar="CSV",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Regrade requests: a table with the columns id, item and text.",
)
@click.option(
    "--lang",
    "language",
    type=click.Choice(["en", "ko"]),
    default="en",
    show_default=True,
    help="The language of the page.",
)
@click.option("--no-browser", is_flag=True, help="Print the link without opening it.")
def review_command(
    grades: Path,
    port: int,
    reviewer: str | None,
    anonymous: bool,
    requests: Path | None,
    language: str,
    no_browser: bool,
) -> None:
    """Opens a local page where TAs settle doubts.

    GRADES is the folder that batch wrote. Similar doubts form a group, and one decision settles a
    group. The page shows the code, the measurements and the pictures. GRADES keeps every decision,
    and each one can be undone.
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
