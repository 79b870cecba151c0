"""Jobs on a Dask scheduler whose workers are killed and which is started anew itself."""

import json
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

DRIVER = """
import json, subprocess, sys, time
from grader.batch.executors import Dask, dispatch

port = sys.argv[1]
address = f"tcp://127.0.0.1:{port}"


def start(module, *options):
    command = [sys.executable, "-m", f"distributed.cli.dask_{module}", *options, "--no-dashboard"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def scheduler():
    return start("scheduler", "--host", "127.0.0.1", "--port", port)


def worker():
    return start("worker", address, "--nthreads", "1", "--no-nanny", "--memory-limit", "0")


def slow(number):
    time.sleep(0.1)
    return 2 * number


running = [scheduler(), worker(), worker()]
answers = []
try:
    for count, answer in enumerate(dispatch(range(40), slow, Dask(address)), 1):
        answers.append(answer)
        if count == 5:
            running[1].kill()
        if count == 15:
            for process in running:
                process.kill()
                process.wait()
            running = [scheduler(), worker(), worker()]
finally:
    for process in running:
        process.kill()
print(json.dumps(answers))
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def test_every_job_once_though_a_worker_dies_and_the_scheduler_starts_anew() -> None:
    command = [sys.executable, "-c", DRIVER, str(free_port())]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    assert sorted(answers) == [[n, 2 * n] for n in range(40)]
