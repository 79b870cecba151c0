"""What many submissions have in common is found out once.

Most made-up submissions are one example with a single change: the same notebook, or the same
pictures of four settings. What the grader itself found out is kept under the bytes of all that it
depends on, so that a case which changes any of them is examined anew.
"""

import copy
import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from nbformat import NotebookNode

from grader import pipeline
from grader.digits import figures, grid
from grader.pictures import decode
from grader.pipeline import Options
from grader.sandbox import KernelSession
from grader.settings import pictures
from grader.text_to_image import works

Array = Any
PICTURE = re.compile(r'(?<="image/png": ")[^"]*')  # an output's, which says nothing of the code


class Known:
    """What was found out, by the hash of what it was asked with."""

    def __init__(self) -> None:
        self.answers: dict[bytes, Any] = {}

    def once(
        self,
        asked: tuple[Any, ...],
        ask: Callable[[], Any],
        sure: Callable[[Any], bool] = lambda answer: True,
    ) -> Any:
        """A copy of what ``ask`` gave for the same; what is not ``sure`` is not kept."""
        key = hashlib.sha256(b"\0".join(map(as_bytes, asked))).digest()
        if key not in self.answers:
            answer = ask()
            if not sure(answer):
                return answer
            self.answers[key] = answer
        return copy.deepcopy(self.answers[key])


def as_bytes(part: Any) -> bytes:
    return part if isinstance(part, bytes) else repr(part).encode()


@pytest.fixture(scope="module")
def known() -> Known:
    return Known()


@pytest.fixture
def shared(known: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    """In this test equal notebooks are examined once, equal files decoded once, and equal pictures
    searched for grids once for all tests of the module that share so."""
    examine, read, search = pipeline.run_notebook, decode.decode, grid.search

    def run_notebook(
        notebook: NotebookNode, holds_both: bool, options: Options, seconds: float, *rest: Any
    ) -> Any:
        text = PICTURE.sub("", json.dumps(notebook))
        asked = (text.encode(), holds_both, options, seconds)
        return known.once(asked, lambda: examine(notebook, holds_both, options, seconds, *rest))

    def read_picture(session: KernelSession, data: bytes, *how: Any, **named: Any) -> Any:
        return known.once(
            (data, how, named),
            lambda: read(session, data, *how, **named),
            lambda decoded: decoded.pixels is not None,
        )

    def search_grids(picture: Array, *usual: Any) -> Any:
        asked = (picture.tobytes(), picture.shape, picture.dtype, usual)
        return known.once(asked, lambda: search(picture, *usual))

    monkeypatch.setattr(pipeline, "run_notebook", run_notebook)
    for module in (figures, pictures, works):
        monkeypatch.setattr(module, "decode", read_picture)
    monkeypatch.setattr(grid, "search", search_grids)
