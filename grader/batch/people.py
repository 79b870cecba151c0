"""Who is at the terminal, and what they typed."""

import getpass
import os


def login() -> str:
    """Of the person at the terminal; a container may have no name for them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def whole_text(text: str) -> str:
    """What was no text at the terminal, such as a byte of another encoding, as its number."""
    return text.encode("utf-8", "backslashreplace").decode()
