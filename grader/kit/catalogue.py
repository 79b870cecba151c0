"""Compiles the catalogue of translations for gettext. The sources hold no compiled file."""

import io
from collections.abc import Mapping
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po


def compiled(catalogue: Path, more: Mapping[str, str] | None = None) -> bytes:
    """A .po file as gettext reads it, with ``more`` texts by their English ones."""
    buffer = io.BytesIO()
    with catalogue.open("rb") as file:
        known = read_po(file)
    for english, text in (more or {}).items():
        known.add(english, text)
    write_mo(buffer, known)
    return buffer.getvalue()
