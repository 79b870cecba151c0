"""What nbclient and ZeroMQ make of kernels that raise or end."""

import subprocess
import sys
from pathlib import Path

from grader.sandbox.client import QuietClient
from grader.sandbox.kernel import notebook


def test_the_traceback_is_kept_where_it_is_handed_on() -> None:
    client = QuietClient(notebook([]))
    reply = {"content": {"traceback": ["Traceback", "ValueError"]}}
    client.on_cell_error(cell=None, cell_index=0, execute_reply=reply)
    assert client.raised == "Traceback\nValueError"
    client.on_cell_error(cell=None, cell_index=0)  # before 0.7
    assert client.raised == ""


SENDS_AND_ENDS = """
import os, sys, time, zmq
socket = zmq.Context().socket(zmq.PUB)
socket.bind(sys.argv[1])
print("bound", flush=True)
sys.stdin.read(1)
socket.send_multipart([b"part"] * 150)
time.sleep(0.2)
os._exit(0)
"""
READS = f"""
import asyncio, subprocess, sys, zmq
from grader.sandbox.client import bounded_context
async def read():
    command = [sys.executable, "-c", {SENDS_AND_ENDS!r}, sys.argv[1]]
    sender = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    sender.stdout.readline()
    context = bounded_context()
    socket = context.socket(zmq.SUB)
    socket.subscribe(b"")
    socket.connect(sys.argv[1])
    await asyncio.sleep(0.5)
    sender.communicate(b".")
    parts = [await socket.recv() for _ in range(20)]
    await asyncio.sleep(0.5)
    while socket.getsockopt(zmq.RCVMORE):
        parts.append(await socket.recv())
    print(len(parts))
    context.destroy(linger=0)
asyncio.run(read())
"""


def test_a_message_is_read_to_its_end_though_its_kernel_has_ended(tmp_path: Path) -> None:
    command = [sys.executable, "-c", READS, f"ipc://{tmp_path}/s"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "150\n", "")
