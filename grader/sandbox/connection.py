"""The connection to a kernel: until it accepts one and answers, and whether it has ended."""

import asyncio
import contextlib
import queue
import socket
import time
from typing import Any

import zmq

from grader.messages.message import say
from grader.sandbox.client import QUEUED_MESSAGES
from grader.sandbox.limits import InfraError

START_SECONDS = 120
ANSWER_SECONDS = 0.05
PATIENCE_SECONDS = 5
SOCKETS = ("shell_port", "iopub_port")
LOCAL_SOCKETS = hasattr(socket, "AF_UNIX")  # Python on Windows has none


class Connection:
    """The sockets to one kernel; ``client`` is jupyter_client's, which reads and writes them."""

    def __init__(self, manager: Any, context: Any) -> None:
        self._manager, self._context = manager, context
        self._accepting: set[str] = set()
        self._ends: list[tuple[Any, Any]] = []  # sockets, and what tells that they have ended
        self.client: Any = None

    async def open(self) -> None:
        """Waits until the kernel can be reached, and hears from it. Raises ``InfraError`` if it
        ends before that, or needs more than ``START_SECONDS``."""
        deadline = time.monotonic() + START_SECONDS
        while not self._listening():
            if not await self._manager.is_alive():
                raise InfraError(say("sandbox.process_ended"))
            if time.monotonic() > deadline:
                raise InfraError(say("sandbox.not_ready", seconds=START_SECONDS))
            await asyncio.sleep(0.005)
        client = self.client = self._manager.client(context=self._context)
        client.allow_stdin = False
        client.start_channels(shell=True, iopub=True, stdin=False, hb=False, control=False)
        for channel in (client.shell_channel, client.iopub_channel):
            end = channel.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
            self._ends.append((channel.socket, end))
        await self.hear(deadline)

    async def hear(self, deadline: float) -> None:
        """Asks until an answer comes on IOPub, whose subscription takes a moment to be known.
        Raises ``InfraError`` if the kernel ends before that, or it is later than ``deadline``.

        jupyter_client's own way waits another 0.2 seconds to be sure that no more will come.
        """
        asked: set[str] = set()  # on a busy machine the answer to an earlier one comes later
        patience = ANSWER_SECONDS
        while time.monotonic() < deadline:
            asked.add(self.client.kernel_info())
            patience = min(2 * patience, PATIENCE_SECONDS)
            until = min(time.monotonic() + patience, deadline)
            with contextlib.suppress(queue.Empty):
                while (left := until - time.monotonic()) > 0:
                    message = await self.client.get_iopub_msg(timeout=left)
                    state = message["content"].get("execution_state")
                    if message["parent_header"].get("msg_id") in asked and state == "idle":
                        return
            if not await self._manager.is_alive():
                raise InfraError(say("sandbox.process_ended"))
        raise InfraError(say("sandbox.no_answer_in_time", seconds=START_SECONDS))

    @property
    def hung_up(self) -> bool:
        """Whether the kernel has closed a socket."""
        return any(end.getsockopt(zmq.EVENTS) & zmq.POLLIN for _, end in self._ends)

    def count_anew(self) -> None:
        """Forgets how many messages came, before a cell runs."""
        self.client.iopub_channel.heard = 0

    @property
    def flooded(self) -> bool:
        """Whether more messages came than are kept: then some of them are lost."""
        return bool(self.client.iopub_channel.heard > QUEUED_MESSAGES)

    def close(self) -> None:
        """Closes the sockets; may be called again."""
        for connection, end in self._ends:
            connection.disable_monitor()  # libzmq waits for ever to tell a socket that is closed
            end.close(linger=0)
        self._ends = []
        if self.client is not None:
            self.client.stop_channels()
            self.client = None

    def _listening(self) -> bool:
        """Whether the kernel accepts connections on the sockets that are used. Each is tried until
        it does, and no more: connections that wait to be accepted keep others out."""
        for name in set(SOCKETS) - self._accepting:
            ip, port = self._manager.ip, getattr(self._manager, name)
            with socket.socket(socket.AF_UNIX if LOCAL_SOCKETS else socket.AF_INET) as trial:
                try:
                    trial.connect(f"{ip}-{port}" if LOCAL_SOCKETS else (ip, port))
                    self._accepting.add(name)
                except OSError:
                    return False
        return True
