"""The workbench's words in the reviewer's language; the checks' sentences as students read them."""

import gettext
import io
import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from grader.checks.items import known_items
from grader.kit.catalogue import compiled
from grader.review.korean import KOREAN, MEASURED, TOLD
from grader.review.korean_notes import NOTES
from grader.selfcheck.words import CATALOGUES, pattern_of
from grader.selfcheck.words import Words as Sentences

LANGUAGES = ("en", "ko")
LONGEST = 1000  # letters of a message that is translated: what students wrote may stand in it


class Words:
    """``words(text)`` is the workbench's own text, ``words.sentence(text)`` a check's message or a
    note on a submission, ``words.told(text)`` why something was not kept, ``words.measured(text)``
    what a loss or sampler was measured to be."""

    def __init__(self, language: str) -> None:
        self.language = language
        korean = language == "ko"
        self._own = KOREAN if korean else {}
        self._told = _patterns(TOLD) if korean else []
        self._measured = _patterns(MEASURED) if korean else []
        self._sentence = lru_cache(4096)(_sentences(language).sentence) if korean else str

    def __call__(self, text: str) -> str:
        return self._own.get(text, text)

    def title(self, item: str) -> str:
        """What an item is called; its id if the rubric has it no more."""
        known = known_items().get(item)
        return item if known is None else known.title[self.language]

    def sentence(self, text: str) -> str:
        return self._sentence(text) if len(text) <= LONGEST else text

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


def _filled(patterns: Patterns, text: str, fill: Callable[[str], str]) -> str:
    for pattern, translated in patterns:
        if match := pattern.fullmatch(text):
            filled = {name: fill(value) for name, value in match.groupdict().items()}
            return translated.format(**filled)
    return text


def _sentences(language: str) -> Sentences:
    path = CATALOGUES / language / "LC_MESSAGES" / "selfcheck.po"
    texts = compiled(path, NOTES if language == "ko" else None)
    return Sentences(language, gettext.GNUTranslations(io.BytesIO(texts)))
