"""The workbench's words in the reviewer's language, and messages in it."""

import re
from collections.abc import Callable, Mapping

from grader.checks.items import known_items
from grader.messages.message import Said, filled, sentence
from grader.review.korean import KOREAN, MEASURED, TOLD
from grader.review.korean_notes import NOTES

LANGUAGES = ("en", "ko")
LONGEST = 1000  # letters of a text that is translated: what students wrote may stand in it
_GAP = re.compile(r"\{\w*\}")


class Words:
    """``words(text)`` is the workbench's own text, ``words.sentence(said)`` what a check or a flag
    says, ``words.note(text)`` what a picture is, ``words.told(text)`` why
    something was not kept, ``words.measured(text)`` what a loss or sampler was measured to be."""

    def __init__(self, language: str) -> None:
        self.language = language
        korean = language == "ko"
        self._own = KOREAN if korean else {}
        self._told = _patterns(TOLD) if korean else []
        self._measured = _patterns(MEASURED) if korean else []
        self._notes = _patterns(NOTES) if korean else []

    def __call__(self, text: str) -> str:
        return self._own.get(text, text)

    def title(self, item: str) -> str:
        """What an item is called; its id if the rubric has it no more."""
        known = known_items().get(item)
        return item if known is None else known.title[self.language]

    def sentence(self, said: Said) -> str:
        """In this language; a sentence without an id, of an older result, stays as it is."""
        return sentence(said, self.language)

    def note(self, text: str) -> str:
        return _filled(self._notes, text, self.note) if len(text) <= LONGEST else text

    def told(self, text: str) -> str:
        return _filled(self._told, text, str)

    def measured(self, text: str) -> str:
        parts = text.split("; ", 9) if len(text) <= LONGEST else []
        known = [_filled(self._measured, part, self.measured) for part in parts]
        return "; ".join(known) if known else text


Patterns = list[tuple[re.Pattern[str], str]]


def _patterns(texts: Mapping[str, str]) -> Patterns:
    """In their order: the first that matches counts."""
    return [(pattern_of(english), text) for english, text in texts.items()]


def pattern_of(template: str) -> re.Pattern[str]:
    """Matches the template with anything in its gaps."""
    literal = _GAP.split(template)
    names = [gap[1:-1] for gap in _GAP.findall(template)]
    parts = [re.escape(literal[0])]
    for name, text in zip(names, literal[1:], strict=True):
        parts.append(f"(?P<{name}>.+?){re.escape(text)}")
    return re.compile("".join(parts), re.DOTALL)


def _filled(patterns: Patterns, text: str, fill: Callable[[str], str]) -> str:
    for pattern, translated in patterns:
        if match := pattern.fullmatch(text):
            values = {name: fill(value) for name, value in match.groupdict().items()}
            return filled(translated, values)
    return text
