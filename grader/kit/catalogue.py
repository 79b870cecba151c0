"""Compiles the catalogue of translations for gettext. The sources hold no compiled file."""

import io
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po


def compiled(catalogue: Path) -> bytes:
    """A .po file as gettext reads it."""
    buffer = io.BytesIO()
    with catalogue.open("rb") as file:
        known = read_po(file)
    write_mo(buffer, known)
    return buffer.getvalue()
