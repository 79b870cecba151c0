"""The page of what the class got wrong, with a paragraph for the lecture."""

from collections.abc import Callable

from grader.batch.gradebook import Gradebook
from grader.batch.journal import Journal
from grader.messages.message import sentence
from grader.report.class_figures import BY_PERSON, ClassFigures, Figures, Mistake, class_figures
from grader.report.snippets import Snippets
from grader.report.templating import templates
from grader.report.words import LANGUAGES, Words

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
        aloud={
            language: aloud(figures, Words(language), snippets.hide)
            for language in LANGUAGES[gradebook.language]
        },
        snippets=code,
        hide=snippets.hide,
        out_words=OUT_WORDS,
        most=MOST,
        going_on=going_on,
    )


def aloud(figures: ClassFigures, words: Words, hide: Callable[[str], str] = str) -> list[str]:
    """What a lecturer reads to the class, a paragraph each. It tells only of mistakes about which
    several students were told the same, so that nobody is meant."""
    if figures.quartiles is None or figures.mean is None:
        return [words("aloud.nobody")]
    low, _, high = map(_points, figures.quartiles)
    count, most, mean = len(figures.totals), _points(figures.max_points), _points(figures.mean)
    who = "aloud.one" if count == 1 else "aloud.several"
    text = words(who, count=count, mean=mean, most=most, low=low, high=high)
    text = f"{text} {_ends(figures, words)}".strip()
    found = _read_out(figures)
    if not found:
        return [text, words("aloud.none", few=FEW)]
    return [text, *(_mistake(n, one, words, hide) for n, one in enumerate(found))]


def _ends(figures: ClassFigures, words: Words) -> str:
    """Which item was the easiest, and which the hardest."""
    known = [item.whole for item in figures.items if item.whole.share is not None]
    best, worst = (end(known, key=_earned, default=None) for end in (max, min))
    if best is None or worst is None or _earned(best) - _earned(worst) < APART:
        return ""
    easy, hard = words.item(best.id), words.item(worst.id)
    return words("aloud.ends", easy=easy, best=_percent(best), hard=hard, worst=_percent(worst))


def _read_out(figures: ClassFigures) -> list[Mistake]:
    """The commonest that cost something, each message once."""
    found: dict[str, Mistake] = {}
    for mistake in figures.mistakes:
        told_alike = mistake.shared >= FEW and mistake.key != BY_PERSON
        if told_alike and mistake.cost >= COSTLY:
            found.setdefault(mistake.key, mistake)
    return list(found.values())[:READ_OUT]


def _mistake(place: int, mistake: Mistake, words: Words, hide: Callable[[str], str]) -> str:
    checks = list(mistake.checks)
    where = words.full(checks[0]) if len(checks) == 1 else words.item(mistake.item)
    return words(
        "aloud.commonest" if place == 0 else "aloud.another",
        count=len(mistake.by_label),
        where=where,
        told=hide(sentence(mistake.said, words.language)),
    )


def _earned(item: Figures) -> float:
    return item.share or 0.0


def _percent(item: Figures) -> str:
    return f"{100 * _earned(item):.0f} %"


def _points(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
