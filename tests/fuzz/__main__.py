"""``python -m tests.fuzz MINUTES [TARGET…]``: fuzzes each target for so many minutes.

By atheris where it is installed (``pip install '.[fuzz]'``), which looks for new ways through the
code; else by changes at random. What does harm is written into ``corpus``, to be tried for ever.
"""

import hashlib
import importlib.util
import random
import subprocess
import sys
import time
import traceback
import warnings

from tests.fuzz.changes import changed
from tests.fuzz.targets import CORPUS, TARGETS, seeds_of, tried

GUIDED = "--guided"


def keep(name: str, data: bytes) -> None:
    """Adds an input to the corpus, and says why it is there."""
    path = CORPUS / name / hashlib.sha256(data).hexdigest()[:16]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    traceback.print_exc()
    print(f"{name}: {path}", flush=True)


def fuzz(name: str, seconds: float) -> int:
    """Changes at random; how many inputs did harm."""
    seeds, words, seed = seeds_of(name), TARGETS[name].words, time.time_ns()
    rng, end, count, found = random.Random(seed), time.monotonic() + seconds, 0, 0
    while time.monotonic() < end:
        data = changed(rng, seeds, words)
        count += 1
        try:
            tried(TARGETS[name], data)
        except Exception:
            keep(name, data)
            found += 1
    print(f"{name}: {count} inputs, {found} did harm", flush=True)
    return found


def guided(name: str, seconds: int) -> None:
    """By atheris, in this process, which ends with it at the first input that does harm."""
    import atheris

    seeds = CORPUS.parent / ".seeds" / name
    seeds.mkdir(parents=True, exist_ok=True)
    for data in seeds_of(name):
        (seeds / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)

    def try_one(data: bytes) -> None:
        try:
            tried(TARGETS[name], data)
        except Exception:
            keep(name, data)
            raise

    atheris.instrument_all()
    options = [f"-max_total_time={seconds}", "-timeout=60", "-rss_limit_mb=4096", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={seeds}/", str(seeds)], try_one)
    atheris.Fuzz()


def main(minutes: float, names: list[str]) -> int:
    """The number of targets that are not sound."""
    warnings.simplefilter("ignore")
    by_atheris = importlib.util.find_spec("atheris") is not None
    if not by_atheris:
        print("atheris is not installed: inputs are changed at random only.", flush=True)
    bad = 0
    for name in names or TARGETS:
        seconds = 60 * minutes
        if by_atheris:
            command = [sys.executable, "-m", "tests.fuzz", GUIDED, name, str(int(seconds / 2))]
            bad += bool(subprocess.run(command).returncode)
            seconds /= 2
        bad += bool(fuzz(name, seconds))
    return bad


if __name__ == "__main__":
    if sys.argv[1] == GUIDED:
        guided(sys.argv[2], int(sys.argv[3]))
    else:
        sys.exit(main(float(sys.argv[1]), sys.argv[2:]))
