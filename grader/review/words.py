"""The workbench's words in the reviewer's language; the checks' sentences as students read them."""

from grader.review.korean import KOREAN
from grader.selfcheck.words import Words as Sentences

LANGUAGES = ("en", "ko")


class Words:
    """``words(text)`` is the workbench's own text, ``words.sentence(text)`` a check's message."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._own = KOREAN if language == "ko" else {}
        self._sentences = Sentences(language)

    def __call__(self, text: str) -> str:
        return self._own.get(text, text)

    def sentence(self, text: str) -> str:
        return self._sentences.sentence(text) if self.language != "en" else text
