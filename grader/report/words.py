"""What a student's page and Gradescope say, in the language of the class."""

from collections.abc import Mapping
from typing import Any

from grader.messages.message import Message, Said, sentence
from grader.report.templating import number
from grader.report.titles import check_title, full_title, item_title

LANGUAGES: Mapping[str, tuple[str, ...]] = {"en": ("en",), "ko": ("ko",), "both": ("ko", "en")}
"""In which languages messages are told; the first is that of the page's own words."""


class Words:
    """``words("page.items")`` is a text of the page's own. ``language`` is one of ``LANGUAGES``."""

    def __init__(self, language: str) -> None:
        self.languages = LANGUAGES[language]
        self.language = self.languages[0]

    def __call__(self, id: str, /, **values: Any) -> str:
        return sentence(Message(id, values), self.language)

    def each(self, said: Said) -> list[str]:
        """A message in every language; a text that has no id once."""
        return list(dict.fromkeys(sentence(said, language) for language in self.languages))

    def said(self, said: Said) -> str:
        """The same as one text."""
        return " / ".join(self.each(said))

    def state(self, name: str) -> str:
        """How something ended."""
        return self(f"state.{name}")

    def item(self, item: str) -> str:
        return item_title(item, self.language)

    def check(self, check: str) -> str:
        return check_title(check, self.language)

    def full(self, check: str) -> str:
        return full_title(check, self.language)

    def duration(self, hours: float) -> str:
        """In the unit in which a person would say it."""
        minutes = round(60 * hours)
        if minutes < 1:
            return self("page.under_a_minute")
        if minutes == 1:
            return self("page.one_minute")
        if minutes < 120:
            return self("page.minutes", count=minutes)
        return self("page.hours", count=f"{hours:.1f}".removesuffix(".0"))

    def of(self, points: float | None, most: float) -> str:
        """Such as ``5 of 10``."""
        return self("page.of", points=number(points), most=number(most))
