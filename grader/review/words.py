"""The workbench's words in the reviewer's language; the checks' sentences as students read them."""

import gettext
import io
from functools import lru_cache

from grader.kit.catalogue import compiled
from grader.review.korean import KOREAN, TOLD
from grader.selfcheck.words import CATALOGUES, pattern_of
from grader.selfcheck.words import Words as Sentences

LANGUAGES = ("en", "ko")
LONGEST = 1000  # letters of a message that is translated: what students wrote may stand in it


class Words:
    """``words(text)`` is the workbench's own text, ``words.sentence(text)`` a check's message,
    ``words.told(text)`` why something was not kept."""

    def __init__(self, language: str) -> None:
        self.language = language
        korean = language == "ko"
        self._own = KOREAN if korean else {}
        self._told = [(pattern_of(english), text) for english, text in TOLD.items() if korean]
        self._sentence = lru_cache(4096)(_sentences(language).sentence) if korean else str

    def __call__(self, text: str) -> str:
        return self._own.get(text, text)

    def sentence(self, text: str) -> str:
        return self._sentence(text) if len(text) <= LONGEST else text

    def told(self, text: str) -> str:
        for pattern, translated in self._told:
            if match := pattern.fullmatch(text):
                return translated.format(**match.groupdict())
        return text


def _sentences(language: str) -> Sentences:
    path = CATALOGUES / language / "LC_MESSAGES" / "selfcheck.po"
    return Sentences(language, gettext.GNUTranslations(io.BytesIO(compiled(path))))
