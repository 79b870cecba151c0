"""``python tests/fairness/show.py [--habit] FILE...``: how the grader judges fairness files."""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.fairness.grading import grade_notebook, habit_notebook, items_of, lost, variant_notebook


def main() -> None:
    files = [Path(name) for name in sys.argv[1:] if not name.startswith("--")]
    build = habit_notebook if "--habit" in sys.argv else variant_notebook
    for path in files:
        try:
            notebook = build(path)
        except Exception as error:
            print(f"{path.name}: the file itself is broken: {error!r}")
            continue
        with tempfile.TemporaryDirectory() as folder:
            result = grade_notebook(notebook, Path(folder))
        points = {name: item["points"] for name, item in items_of(result).items()}
        print(f"{path.parent.name}/{path.name}: {points}")
        for messages in lost(result).values():
            for message in messages:
                print(f"    {message}")


if __name__ == "__main__":
    main()
