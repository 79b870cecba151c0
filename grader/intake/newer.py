"""Cells that are written for a newer Python than the one that grades."""

import ast
import json
import re
import subprocess
import sys

OURS = f"{sys.version_info.major}.{sys.version_info.minor}"
SECONDS = 5
MOST_BYTES = 2**16
DEEPEST = 2  # f-strings in f-strings, as there are two kinds of triple quotes
_ADDED = re.compile(
    r"^(?:Cannot use )?(.*?) on Python [\d.]+ \(syntax was added in Python ([\d.]+)\)"
)
_STRING = re.compile(r"#[^\n]*|(?:(?<!\w)([rRbBuUfF]{1,2}))?(\"\"\"|'''|\"|')")
_WORD = re.compile(r"\w+(?!['\"])")
_OUTSIDE = re.compile(r"^[ \t]*[!%?][^\n]*", re.MULTILINE)


def newer_syntax(source: str) -> str:
    """What of a newer Python a cell uses, as ``Python 3.12 (`type` alias statement)``; empty if it
    is wrong in every Python that is known here, or if that cannot be told.

    Ruff tells, in a process of its own, as what it reads may be hostile.
    """
    if len(source) > MOST_BYTES:
        return ""
    cell = {"cell_type": "code", "source": source, "metadata": {}, "outputs": []}
    cells = [{**cell, "execution_count": None}]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache"]
    command += ["--select", "E902", "--target-version", f"py{OURS.replace('.', '')}"]
    command += ["--output-format", "json", "--stdin-filename", "cell.ipynb", "-"]
    try:
        done = subprocess.run(
            command, input=json.dumps(notebook).encode(), capture_output=True, timeout=SECONDS
        )
        said = [str(found["message"]) for found in json.loads(done.stdout)]
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError):
        return ""
    added = [_ADDED.match(message) for message in said]
    known = [match for match in added if match]
    if not known or len(known) < len(added):
        return ""
    newest = max(known, key=lambda match: [int(part) for part in match[2].split(".")])
    return f"Python {newest[2]} ({newest[1]})"


class _GiveUp(Exception):
    """This cannot be written in the older way."""


def with_older_strings(text: str) -> str | None:
    """The same code with f-strings as Python before 3.12 reads them; None if that cannot be done.

    ``text`` is known to be right for a newer Python. Lines stay where they are.
    """
    try:
        return _Rewriter(text).code()
    except (_GiveUp, IndexError, ValueError, SyntaxError, RecursionError):
        return None


class _Rewriter:
    """Reads the text once, from its start to its end."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.outer = ""  # the quotes of the f-string that is read

    def code(self) -> str:
        out: list[str] = []
        while self.at < len(self.text):
            magic = _OUTSIDE.match(self.text, self.at) if self.starts_line() else None
            if magic:
                out.append(self.upto(magic.end()))
                continue
            found = _STRING.search(self.text, self.at)
            line_end = self.text.find("\n", self.at) + 1 or len(self.text)
            if found is None or found.start() >= line_end:
                out.append(self.upto(line_end))
                continue
            out.append(self.upto(found.start()))
            out.append(self.string(found, 0))
        return "".join(out)

    def starts_line(self) -> bool:
        return self.at == 0 or self.text[self.at - 1] == "\n"

    def upto(self, end: int) -> str:
        part, self.at = self.text[self.at : end], end
        return part

    def string(self, found: re.Match[str], depth: int) -> str:
        """A comment or a string; ``depth``: in how many f-strings it stands."""
        prefix, quote = found[1] or "", found[2]
        if quote is None:
            self.at = found.end()
            return "" if depth else found[0]
        if "f" not in prefix.lower():
            return self.plain(found, depth)
        self.at = found.end()
        return self.formatted(prefix, quote, depth)

    def plain(self, found: re.Match[str], depth: int) -> str:
        self.at, quote = found.end(), found[2]
        while not self.text.startswith(quote, self.at):
            if self.at >= len(self.text):
                raise _GiveUp
            self.at += 2 if self.text[self.at] == "\\" else 1
        self.at += len(quote)
        token = self.text[found.start() : self.at]
        if not depth or "\\" not in token:
            return token
        value = ast.literal_eval(token)
        beside = self.text[: found.start()].rstrip()[-1:] + self.text[self.at :].lstrip()[:1]
        if not isinstance(value, str) or "'" in beside or '"' in beside:
            raise _GiveUp
        return f"str().join(map(chr, {[ord(c) for c in value]}))"

    def formatted(self, prefix: str, quote: str, depth: int) -> str:
        if depth >= DEEPEST:
            raise _GiveUp
        own = quote if len(quote) == 3 else 3 * quote
        if depth:  # of the other kind than the f-string round it
            own = {'"': "'''", "'": '"""'}[self.outer]
        else:
            self.outer = own[0]
        inside = self.literal(quote, depth)
        if depth and own in inside:
            raise _GiveUp
        return f"{prefix}{own}{inside}{own}"

    def literal(self, quote: str, depth: int) -> str:
        """What stands between quotes, and the end of it."""
        out: list[str] = []
        while not self.text.startswith(quote, self.at):
            two = self.text[self.at : self.at + 2]
            if two in ("{{", "}}"):
                out.append(self.upto(self.at + 2))
            elif two == "\\N":
                out.append(self.upto(self.text.index("}", self.at) + 1))
            elif two[0] == "\\" and two[1] not in "{}":
                out.append(self.upto(self.at + 2))
            elif two[0] == "{":
                out.append(self.field(depth))
            else:
                out.append(self.upto(self.at + 1))
        self.at += len(quote)
        return "".join(out)

    def field(self, depth: int, level: int = 0) -> str:
        """A replacement field, with its format; ``level``: in how many formats it stands."""
        if level > DEEPEST:
            raise _GiveUp
        out, brackets = [self.upto(self.at + 1)], 0
        while True:
            found = _STRING.match(self.text, self.at)
            here = self.text[self.at]
            if found:
                out.append(self.string(found, depth + 1))
                continue
            if here == "}" and not brackets:
                out.append(self.upto(self.at + 1))
                return "".join(out)
            if here == ":" and not brackets:
                out.append(self.format(depth, level + 1))
                continue
            brackets += (here in "([{") - (here in ")]}")
            word = _WORD.match(self.text, self.at)
            out.append(self.upto(word.end() if word else self.at + 1))

    def format(self, depth: int, level: int) -> str:
        out = []
        while self.text[self.at] != "}":
            inner = self.text[self.at] == "{"
            out.append(self.field(depth, level) if inner else self.upto(self.at + 1))
        return "".join(out)
