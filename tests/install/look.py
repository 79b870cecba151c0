"""Run by a Python that has the project: shows what a submission sees in its sandbox, as JSON.

Arguments: ``bare``, a Python behind the walls, or ``warm``, a warm kernel; then folders that are
searched for files of the project, inside.
"""

import json
import subprocess
import sys

LOOK = """
OWN = {"history", "oracle.py", "closed_forms.py", "assignment2.toml", "judge.safetensors", "selfcheck.po"}
OWN |= {"Assignment2-1_diffusion.ipynb", "sample_cosine.safetensors", "CollectSubmission.sh"}

def look(roots):
    import importlib.util, os, sys
    named = ["torch", "torchvision", "numpy", "matplotlib", "ipykernel", "tqdm", "einops"]
    found, leaks, lists = [n for n in named if importlib.util.find_spec(n)], [], []
    for root in roots:
        for place, folders, files in os.walk(root):
            if place.endswith("-packages"):
                folders[:] = [f for f in folders if f in ("grader", "reference") or "ddpm" in f]
            paths = [os.path.join(place, name) for name in files if name in OWN or "ddpm_grader" in place]
            leaks += [path for path in paths if os.path.isfile(path) and os.path.getsize(path)]
    return {
        "found": found,
        "own": [n for n in ("grader.cli", "reference.ddpm") if attempt(importlib.util.find_spec, n)],
        "leaks": leaks,
        "executable": sys.executable,
        "prefix": sys.prefix,
    }

def attempt(action, *arguments):
    try:
        return action(*arguments)
    except ImportError:
        return None
"""


def main(kind: str, roots: list[str]) -> dict[str, object]:
    from grader import paths
    from grader.sandbox import bubblewrap, warm

    wrap = bubblewrap.find()
    nested = warm.find(wrap)
    where = {"package": str(paths.PACKAGE), "warm": nested is not None}
    return where | json.loads((in_kernel if kind == "warm" else behind_walls)(roots))


def behind_walls(roots: list[str]) -> str:
    from grader.sandbox import bubblewrap
    from grader.sandbox.limits import Limits

    wrap = bubblewrap.find()
    walls = [str(wrap.program), *wrap.walls(Limits()), *bubblewrap.closed(), "--chdir", "/", "--"]
    code = f"{LOOK}\nimport json\nprint(json.dumps(look({roots!r})))"
    done = subprocess.run([*walls, sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def in_kernel(roots: list[str]) -> str:
    from grader.sandbox import choose_sandbox
    from grader.sandbox.kernel import CellRaisedError
    from grader.sandbox.limits import Limits

    kernel = choose_sandbox("bubblewrap").start_kernel(Limits(), 0)
    try:
        kernel.run(f"{LOOK}\nimport json\nraise ValueError(json.dumps(look({roots!r})))", 60)
    except CellRaisedError as error:
        return error.value
    finally:
        kernel.close()
    raise AssertionError("the cell did not raise")


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2:])))
