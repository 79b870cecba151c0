"""nbclient's notebook client, for kernels that may say anything."""

import asyncio
from typing import Any

import psutil
import zmq
import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.session import Session
from jupyter_core.utils import ensure_async
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete
from nbformat import NotebookNode
from traitlets import Type

ANSWER = "application/vnd.ddpm-grader.answer+json"
ALIVE_SECONDS = 0.1
ANSWERS_KEPT = 4
JSON_BYTES = 16 * 2**20  # of a message; a probe's answer has at most half of that
MESSAGE_BYTES = 65 * 2**20  # of a part of a message: a probe's arrays, and room
QUEUED_MESSAGES = 16
NEVER_MILLISECONDS = 2**30  # twelve days, and as much again by chance
TAKEN_BYTES = 2**30  # by which this process may grow while a cell runs: messages wait in its memory


def bounded_context() -> zmq.asyncio.Context:
    """What connections to a kernel have in common: their messages take little memory, and they are
    made once, as the student may replace a socket by a link to another one.

    libzmq can be told not to connect again. It ends this process then, where a kernel ends while
    one of its messages is read (``Assertion failed: !_more``).
    """
    context = zmq.asyncio.Context()
    context.setsockopt(zmq.MAXMSGSIZE, MESSAGE_BYTES)
    context.setsockopt(zmq.RCVHWM, QUEUED_MESSAGES)
    context.setsockopt(zmq.LINGER, 0)
    context.setsockopt(zmq.RECONNECT_IVL, NEVER_MILLISECONDS)
    return context


class MessageTooLong(ValueError):
    """The kernel sent a message that is not to be parsed."""


class BoundedSession(Session):
    """Leaves out what a message says where parsing it could take gigabytes: mostly what is printed,
    as answers are shorter."""

    def deserialize(self, msg_list: list[Any], *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Raises ``MessageTooLong`` if the heads are too long, and what broken messages raise."""
        heads = msg_list[1:4]
        if sum(len(part) for part in heads) > JSON_BYTES:
            raise MessageTooLong
        if any(len(part) > JSON_BYTES for part in msg_list[4:5]):
            said = [*heads, b"{}"]
            msg_list = [self.sign(said), *said]
        return super().deserialize(msg_list, *args, **kwargs)


class CountingChannel(AsyncZMQSocketChannel):
    """``heard`` counts the messages that came."""

    heard = 0

    async def get_msg(  # type: ignore[override]  # as in its own class, which mypy misses
        self, timeout: float | None = None
    ) -> dict[str, Any]:
        """The next message. Raises ``queue.Empty`` if none comes in time."""
        message: dict[str, Any] = await super().get_msg(timeout)
        self.heard += 1
        return message


class KernelClient(AsyncKernelClient):
    """Cells that are not to be numbered, as those of probes, are not announced either."""

    iopub_channel_class = Type(CountingChannel)

    def execute(
        self, code: str, silent: bool = False, store_history: bool = True, *args: Any, **kwargs: Any
    ) -> Any:
        """Sends a cell; its message's id."""
        silent = silent or not store_history
        return super().execute(code, silent, store_history, *args, **kwargs)


class QuietClient(NotebookClient):
    """Runs cells and keeps nothing of what they print or show, except the answers to probes.

    ``raised`` is the last traceback; an answer is its JSON and the bytes of its arrays. ``ended``:
    the kernel said that the cell has ended, which it does after all else. ``overfull``: it sends
    one message without an end, which is kept in memory until it is whole.
    """

    def __init__(self, nb: NotebookNode, **kwargs: Any) -> None:
        super().__init__(
            nb, record_timing=False, coalesce_streams=False, allow_errors=False, **kwargs
        )
        self.raised = ""
        self.on_cell_error = self._keep_traceback
        self.answers: list[tuple[object, object]] = []
        self.ended = False
        self.overfull = False

    def process_message(self, msg: dict[str, Any], cell: NotebookNode, cell_index: int) -> None:
        """Drops every message but a probe's answer and the end of the cell."""
        content = msg.get("content")
        if not isinstance(content, dict):
            return
        kind = msg.get("msg_type")
        if kind == "status" and content.get("execution_state") == "idle":
            self.ended = True
            raise CellExecutionComplete()
        data = content.get("data")
        if kind != "display_data" or len(self.answers) >= ANSWERS_KEPT:
            return
        if isinstance(data, dict) and ANSWER in data:
            attached = msg.get("buffers")
            arrays = attached[0] if isinstance(attached, list) and attached else None
            self.answers.append((data[ANSWER], arrays))

    def _keep_traceback(self, execute_reply: dict[str, Any] | None = None, **_: Any) -> None:
        """nbclient before 0.7 does not hand on the reply."""
        lines = execute_reply["content"].get("traceback") if execute_reply else None
        self.raised = "\n".join(str(line) for line in lines) if isinstance(lines, list) else ""

    async def _async_poll_kernel_alive(self) -> None:
        """As nbclient's, but notices a dead kernel within a tenth of a second."""
        assert self.km is not None  # ours always has its manager
        most = resident_bytes() + TAKEN_BYTES
        while not self.overfull and await ensure_async(self.km.is_alive()):
            await asyncio.sleep(ALIVE_SECONDS)
            self.overfull = resident_bytes() > most
        if self.task_poll_for_reply is not None:
            self.task_poll_for_reply.cancel()


def resident_bytes() -> int:
    """Memory that this process has in use."""
    return int(psutil.Process().memory_info().rss)
