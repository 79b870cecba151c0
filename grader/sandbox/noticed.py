"""What a kernel noticed of code that tampers with what examines it, as messages."""

from collections.abc import Iterable

from grader.messages.message import Message, Said, say

_KNOWN = {
    "looks at the calls above its own": say("tampering.frames"),
    "searches all objects of the process": say("tampering.objects"),
    "traces all calls": say("tampering.traces"),
    "listens to Python's audit events": say("tampering.audit"),
    "gives functions of others another code": say("tampering.code"),
    "starts a thread": say("tampering.thread"),
    "opens files of the grader's, or the memory": say("tampering.files"),
    "reads or writes memory by its address": say("tampering.memory"),
    "keeps questions or answers from arriving as they are": say("tampering.exchange"),
}
"""What the guard of a kernel calls them."""
_CHANGES, _HOOKS = "changes ", "has IPython call it at every "


def noticed_in_words(noticed: Iterable[str]) -> Said:
    """What the code does, a part of a sentence that begins with it."""
    whole: Said = ""
    for known in sorted(noticed):
        one = _said(known)
        whole = say("tampering.both", first=whole, second=one) if whole else one
    return whole


def _said(known: str) -> Message | str:
    if known.startswith(_CHANGES):
        return say("tampering.changes", what=known.removeprefix(_CHANGES))
    if known.startswith(_HOOKS):
        return say("tampering.hook", event=known.removeprefix(_HOOKS))
    return _KNOWN.get(known, known)
