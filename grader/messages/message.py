"""A message is an id and values; its sentence is made where it is shown.

Each language has one catalogue: ``en.toml`` and ``ko.toml`` hold a template for every id, with
gaps such as ``{steps}`` for the values. In Korean, ``{what:이}`` adds the particle that fits.
"""

import string
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Self

from grader.messages.particles import with_particle

LANGUAGES = ("en", "ko")
_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Message:
    """``id`` is stable, such as ``loss.no_gradient``: translations and groups depend on it.
    ``values`` fill the gaps: plain JSON, or messages of their own."""

    id: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As ``from_json`` reads it."""
        values = {
            name: value.to_json() if isinstance(value, Message) else value
            for name, value in self.values.items()
        }
        return {"id": self.id, "values": values}

    @classmethod
    def from_json(cls, record: Any) -> Self:
        values = {
            name: cls.from_json(value) if isinstance(value, Mapping) else value
            for name, value in record["values"].items()
        }
        return cls(record["id"], values)


Said = Message | str
"""A message, or a sentence in English that has no id."""


def say(id: str, /, **values: Any) -> Message:
    """The message with these values. ``KeyError`` if no catalogue holds the id."""
    templates("en")[id]
    return Message(id, values)


def sentence(said: Said, language: str = "en", other: Callable[[str], str] = str) -> str:
    """The sentence in this language. ``other`` translates a text that has no id, and is asked for
    each text that fills a gap. An id that the catalogue does not hold, from another version, is
    shown as it is."""
    if isinstance(said, str):
        return other(said)
    template = templates(language).get(said.id)
    if template is None:
        return said.id
    filled = {
        name: _Filled(sentence(value, language, other) if isinstance(value, Said) else value)
        for name, value in said.values.items()
    }
    return template.format(**filled)


@cache
def templates(language: str) -> Mapping[str, str]:
    """Every template of a language by its id."""
    rooms = tomllib.loads((_HERE / f"{language}.toml").read_text("utf-8"))
    return {f"{room}.{name}": text for room, names in rooms.items() for name, text in names.items()}


def gaps(template: str) -> set[str]:
    """The names of what a template leaves open."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


@dataclass(frozen=True)
class _Filled:
    """What fills a gap: formatted as usual, or with a Korean particle behind it."""

    value: Any

    def __format__(self, how: str) -> str:
        if self.value is None:  # no finite number
            return "?"
        text = with_particle(str(self.value), how)
        return format(self.value, how) if text is None else text
