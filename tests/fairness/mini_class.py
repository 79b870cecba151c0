"""``python tests/fairness/mini_class.py``: builds the class that ``make demo`` grades.

A ``submissions.zip`` as Canvas gives it out, its members made of this corpus, and the class list;
the included example, which is whole and large, came by mail and stays a file of its own.
"""

import gzip
import io
import json
import sys
import tarfile
import zipfile
from pathlib import Path

from nbformat import NotebookNode

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from grader.kit.fill import DIFFUSION
from tests.fairness.grading import variant_notebook

FAIRNESS = Path(__file__).resolve().parent
EXAMPLES = FAIRNESS.parents[1] / "examples"
LONG_AGO = (2026, 5, 1, 12, 0, 0)

MEMBERS = {
    "leejiwoo_1002_5002_2023-20002.tar.gz": "bugs/sampling/noise_at_the_last_step.py",
    "parkseojun_1003_5003_2023-20003.tar.gz": "broken",
    "choiyuna_1004_5004_2023-20004.tar.gz": "hostile/os_exit_in_sample.py",
    "jungdoyun_LATE_1005_5005_2023-20005.tar.gz": "correct/schedules_in_numpy.py",
    "kanghaeun_1006_5006_2023-20006.tar.gz": "bugs/beta_schedule/cosine_without_clip.py",
    "kanghaeun_1006_5009_2023-20006-1.tar.gz": "correct/q_sample_p_sample.py",
    "yoonsiwoo_1007_5007_final.tar.gz": "correct/match_statements.py",
    "janghyun_1008_5008_2023-20008.tar.gz": "correct/match_statements.py",
    "songmina_1010_5010_2023-20010.tar.gz": "doubtful/loss/huber.py",
}
ROSTER = """학번,이름,submitted
2023-12345,Kim Minsu,2026-05-01 20:11
2023-20002,Lee Jiwoo,2026-05-01 22:40
2023-20003,Park Seojun,2026-05-01 23:58
2023-20004,Choi Yuna,2026-05-01 12:00
2023-20005,Jung Doyun,2026-05-03 09:30
2023-20006,Kang Haeun,2026-05-01 18:00
2023-20007,Yoon Siwoo,2026-05-01 21:00
2023-20008,Jang Hyun,2026-05-01 21:30
2023-20009,Han Sora,
2023-20010,Song Mina,2026-05-01 23:10
"""


def submission(member: str, kind: str) -> bytes:
    """The bytes that the student handed in."""
    if kind == "broken":
        return submission(member, "correct/match_statements.py")[:2000]
    folder = "2023-20007" if "final" in member else ""  # the one whose id stands only inside
    return packed(variant_notebook(FAIRNESS / kind), folder)


def packed(notebook: NotebookNode, folder: str) -> bytes:
    """A .tar.gz with notebook 2-1, the same bytes for the same notebook."""
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"  # nbformat makes up another one every time
    content = json.dumps(notebook, ensure_ascii=False).encode()
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        info = tarfile.TarInfo(str(Path(folder) / DIFFUSION))
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    return gzip.compress(plain.getvalue(), mtime=0)


def build(folder: Path) -> None:
    """Writes ``submissions.zip`` and ``roster.csv``."""
    with zipfile.ZipFile(folder / "submissions.zip", "w") as archive:
        for member, kind in MEMBERS.items():
            archive.writestr(zipfile.ZipInfo(member, LONG_AGO), submission(member, kind))
    (folder / "roster.csv").write_text(ROSTER, "utf-8")


if __name__ == "__main__":
    build(EXAMPLES)
