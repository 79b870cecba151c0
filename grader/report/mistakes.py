"""The page of what the class got wrong, with a paragraph for the lecture."""

from collections.abc import Callable

from grader.batch.gradebook import Gradebook
from grader.batch.journal import Journal
from grader.report.class_figures import BY_PERSON, ClassFigures, Figures, Mistake, class_figures
from grader.report.snippets import Snippets
from grader.report.templating import templates
from grader.report.titles import full_title, item_title

FEW = 3  # students; a mistake of fewer is not read out, for it would point at somebody
READ_OUT = 3  # mistakes
COSTLY = 0.2  # part of a check's points from which on a mistake is worth the class's time
APART = 0.05  # part of the points by which the easiest and the hardest item must differ
MOST = 6  # mistakes of a check that are shown
OUT_WORDS = {
    "needs_review": "as a person must still look",
    "rejected": "as the work could not be read",
    "unreadable": "as the file could not be opened",
    "missing": "as nothing was handed in",
    "waiting": "as they are not graded yet",
}


def mistakes_page(journal: Journal, gradebook: Gradebook, *, going_on: bool = False) -> str:
    """The whole class. Pieces of code and quoted sentences name nobody; students stand behind
    links, folded."""
    figures = class_figures(gradebook)
    snippets = Snippets(journal, gradebook.entries)
    code = {
        (mistake.item, mistake.key): snippets.of(mistake.item, mistake.students)
        for item in figures.items
        for mistake in item.mistakes[:MOST]
    }
    page = templates().get_template("mistakes.html")
    return page.render(
        title=gradebook.title,
        figures=figures,
        aloud=aloud(figures, snippets.hide),
        snippets=code,
        hide=snippets.hide,
        out_words=OUT_WORDS,
        most=MOST,
        going_on=going_on,
    )


def aloud(figures: ClassFigures, hide: Callable[[str], str] = str) -> list[str]:
    """What a lecturer reads to the class, a paragraph each. It tells only of mistakes about which
    several students were told the same, so that nobody is meant."""
    if figures.quartiles is None or figures.mean is None:
        return ["Nobody has final points yet."]
    low, _, high = map(_points, figures.quartiles)
    count, most = len(figures.totals), _points(figures.max_points)
    who = "One of you has" if count == 1 else f"{count} of you have"
    text = f"{who} final points. The mean is {_points(figures.mean)} of {most}, and "
    text += f"half of you have between {low} and {high}. {_ends(figures)}"
    found = _read_out(figures)
    if not found:
        return [text.strip(), f"No mistake was made by {FEW} or more of you in the same way."]
    return [text.strip(), *(_mistake(n, one, hide) for n, one in enumerate(found))]


def _ends(figures: ClassFigures) -> str:
    """Which item was the easiest, and which the hardest."""
    known = [item.whole for item in figures.items if item.whole.share is not None]
    best, worst = (end(known, key=_earned, default=None) for end in (max, min))
    if best is None or worst is None or _earned(best) - _earned(worst) < APART:
        return ""
    easy, hard = item_title(best.id), item_title(worst.id)
    return (
        f"You earned most of the points for “{easy}”: {_percent(best)} of them. "
        f"The hardest was “{hard}”: there you earned {_percent(worst)}."
    )


def _read_out(figures: ClassFigures) -> list[Mistake]:
    """The commonest that cost something, each message once."""
    found: dict[str, Mistake] = {}
    for mistake in figures.mistakes:
        told_alike = mistake.shared >= FEW and mistake.key != BY_PERSON
        if told_alike and mistake.cost >= COSTLY:
            found.setdefault(mistake.key, mistake)
    return list(found.values())[:READ_OUT]


def _mistake(place: int, mistake: Mistake, hide: Callable[[str], str]) -> str:
    lead = "The commonest mistake" if place == 0 else "Another common mistake"
    checks = list(mistake.checks)
    where = full_title(checks[0]) if len(checks) == 1 else item_title(mistake.item)
    told = hide(mistake.sentence).rstrip(".")
    return f"{lead}, made by {len(mistake.by_label)} of you, is in “{where}”: {told}."


def _earned(item: Figures) -> float:
    return item.share or 0.0


def _percent(item: Figures) -> str:
    return f"{100 * _earned(item):.0f} %"


def _points(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
