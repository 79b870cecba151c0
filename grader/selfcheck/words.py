"""The student's language: the program's own words, and the checks' messages."""

import gettext
from pathlib import Path

from grader.messages.message import Said, sentence

CATALOGUES = Path(__file__).with_name("locale")
LANGUAGES = ("en", "ko")


class Words:
    """``words(text)`` is the program's own text, ``words.sentence(said)`` a check's message.

    The texts of ``language`` are in ``catalogue``, or else in the compiled ones beside this file.
    """

    def __init__(self, language: str, catalogue: gettext.NullTranslations | None = None) -> None:
        self._language = language
        self._catalogue = catalogue or gettext.translation(
            "selfcheck", CATALOGUES, languages=[language], fallback=True
        )

    def __call__(self, text: str) -> str:
        return self._catalogue.gettext(text)

    def sentence(self, said: Said) -> str:
        """The message in this language; a text without an id stays as it is."""
        return sentence(said, self._language)
