"""``python tests/fairness/mini_class.py``: builds the class that ``make demo`` grades.

A ``submissions.zip`` as Canvas gives it out, its members made of this corpus, and the class list;
the included example, which is whole and large, came by mail and stays a file of its own. To keep
the files small, members have no checkpoints, which the rubric forgives.
"""

import gzip
import io
import json
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from nbformat import NotebookNode
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from grader.kit.drawing import PALETTES
from grader.kit.example import painted, show_picture
from grader.kit.fill import DIFFUSION, PICTURE, TEXT_TO_IMAGE
from tests.fairness.grading import variant_notebook

FAIRNESS = Path(__file__).resolve().parent
ROOT = FAIRNESS.parents[1]
EXAMPLES = ROOT / "examples"
LONG_AGO = (2026, 5, 1, 12, 0, 0)
SETTINGS = ("epsilon_linear", "epsilon_cosine", "sample_linear", "sample_cosine")
TILE, GAP = 28, 2

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
    "ohsujin_1011_5011_2023-20011.tar.gz": "bugs/beta_schedule/cosine_clipped_at_half.py",
    "hwangjimin_1012_5012_2023-20012.tar.gz": "bugs/loss/coefficients_swapped.py",
    "baeyerin_1013_5013_2023-20013.tar.gz": "bugs/schedule_parameters/alphabar_of_roots.py",
    "shindongha_1014_5014_2023-20014.tar.gz": "correct/l35_einsum.py",
}
FORGOTTEN = {"2023-20008": ("sample_cosine",), "2023-20012": SETTINGS}
"""Settings that were not handed in, by what the member's name holds."""
BLURRED = {"2023-20010": 14, "2023-20014": 16}
"""How many of the hundred samples are no clear digits."""
CODE_ALONE = ("broken", "hostile/os_exit_in_sample.py")
ROSTER = """학번,이름,분반,submitted
2023-12345,Kim Minsu,1,2026-05-01 20:11
2023-20002,Lee Jiwoo,1,2026-05-01 22:40
2023-20003,Park Seojun,1,2026-05-01 23:58
2023-20004,Choi Yuna,1,2026-05-01 12:00
2023-20005,Jung Doyun,1,2026-05-03 09:30
2023-20006,Kang Haeun,1,2026-05-01 18:00
2023-20007,Yoon Siwoo,1,2026-05-01 21:00
2023-20008,Jang Hyun,2,2026-05-01 21:30
2023-20009,Han Sora,2,
2023-20010,Song Mina,2,2026-05-01 23:10
2023-20011,Oh Sujin,2,2026-05-01 16:25
2023-20012,Hwang Jimin,2,2026-05-01 23:55
2023-20013,Bae Yerin,2,2026-05-01 19:40
2023-20014,Shin Dongha,2,2026-05-01 23:31
"""


def submission(member: str, kind: str) -> bytes:
    """The bytes that the student handed in."""
    if kind == "broken":
        return submission(member, "correct/match_statements.py")[:2000]
    folder = "2023-20007" if "final" in member else ""  # the one whose id stands only inside
    return packed(variant_notebook(FAIRNESS / kind), folder, evidence_of(member, kind))


def evidence_of(member: str, kind: str) -> "Work | None":
    """What the student handed in beside the code."""
    if kind in CODE_ALONE:
        return None
    return Work(member, next((n for key, n in BLURRED.items() if key in member), 0), FORGOTTEN)


class Work:
    """Samples, result folders and notebook 2-2 of one student, another one for each ``name``."""

    def __init__(self, name: str, unclear: int, forgotten: Mapping[str, tuple[str, ...]]) -> None:
        self.draw = np.random.default_rng(list(name.encode()))
        self.unclear = unclear
        lacking = next((left for key, left in forgotten.items() if key in name), ())
        self.settings = [setting for setting in SETTINGS if setting not in lacking]
        self.palette = list(PALETTES)[int(self.draw.integers(len(PALETTES)))]

    def samples(self) -> bytes:
        """The hundred samples, some of them only noise."""
        tiles = self.digits("epsilon_linear", 10)
        for place in self.draw.choice(100, self.unclear, replace=False):
            tiles[place] = np.clip(self.draw.normal(0.3, 0.3, (TILE, TILE)), 0, 1)
        return png(grid(tiles))

    def files(self) -> dict[str, bytes]:
        """The result folders by path."""
        found = {}
        for setting in self.settings:
            own, real = self.digits(setting, 4), self.real()
            folder = f"results_{setting}"
            found[f"{folder}/image_final.png"] = png(grid(np.concatenate([own, real])))
            found[f"{folder}/gif_final.gif"] = self.animation(own)
        return found

    def text_to_image(self) -> NotebookNode:
        """Notebook 2-2 with the student's own picture."""
        prompt = f'"a linocut print of a lighthouse in a storm, {self.palette}"'
        seed = int(self.draw.integers(1000, 9999))
        return painted({**PICTURE, "prompt": prompt, "SEED": str(seed)}, self.palette)

    def digits(self, setting: str, rows: int) -> np.ndarray:
        """(10 x ``rows``, 28, 28): samples of the reference's, moved a little, so that no two
        students have the same."""
        pixels = np.asarray(Image.open(ROOT / f"reference/weights/{setting}.png").convert("L"))
        step = TILE + GAP
        found = []
        for place in range(10 * rows):
            row, column = int(self.draw.integers(10)), place % 10
            top, left = GAP + row * step, GAP + column * step
            tile = pixels[top : top + TILE, left : left + TILE] / 255.0
            angle = float(self.draw.uniform(-6, 6))
            turned = Image.fromarray(np.uint8(255 * tile)).rotate(angle, Image.Resampling.BICUBIC)
            moved = np.roll(np.asarray(turned), self.draw.integers(-1, 2, 2), (0, 1))
            found.append(moved / 255.0)
        return np.asarray(found)

    def real(self) -> np.ndarray:
        """(40, 28, 28) of MNIST."""
        pixels = np.asarray(Image.open(ROOT / "tests/digits/real_digits.png")) / 255.0
        digits = pixels.reshape(100, TILE, 10, TILE).transpose(0, 2, 1, 3)
        return digits[self.draw.integers(0, 100, 40), np.arange(40) % 10]

    def animation(self, own: np.ndarray) -> bytes:
        """From noise to these digits in four pictures of 16 grays."""
        noise = self.draw.normal(0.5, 0.5, own.shape)
        frames = [
            Image.fromarray(grid(np.clip(part * own + (1 - part) * noise, 0, 1))).quantize(16)
            for part in (0.0, 0.4, 0.8, 1.0)
        ]
        file = io.BytesIO()
        frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=300, loop=0)
        return file.getvalue()


def grid(tiles: np.ndarray) -> np.ndarray:
    """Ten columns of tiles, as ``make_grid`` lays them out, (H, W) bytes."""
    rows, step = len(tiles) // 10, TILE + GAP
    sheet = np.zeros((rows * step + GAP, 10 * step + GAP), np.uint8)
    for place, tile in enumerate(tiles):
        top, left = GAP + place // 10 * step, GAP + place % 10 * step
        sheet[top : top + TILE, left : left + TILE] = np.uint8(255 * tile)
    return sheet


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", optimize=True)
    return file.getvalue()


def packed(notebook: NotebookNode, folder: str, work: Work | None = None) -> bytes:
    """A .tar.gz with notebook 2-1, the same bytes for the same notebook, and the other work."""
    files: dict[str, bytes] = {}
    if work is not None:
        show_picture(notebook, "num_samples = 100", work.samples())
        files = {TEXT_TO_IMAGE: written(work.text_to_image()), **work.files()}
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        for name, content in {DIFFUSION: written(notebook), **files}.items():
            info = tarfile.TarInfo(str(Path(folder) / name))
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return gzip.compress(plain.getvalue(), mtime=0)


def written(notebook: NotebookNode) -> bytes:
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"  # nbformat makes up another one every time
    return json.dumps(notebook, ensure_ascii=False).encode()


def build(folder: Path) -> None:
    """Writes ``submissions.zip`` and ``roster.csv``."""
    with zipfile.ZipFile(folder / "submissions.zip", "w") as archive:
        for member, kind in MEMBERS.items():
            archive.writestr(zipfile.ZipInfo(member, LONG_AGO), submission(member, kind))
    (folder / "roster.csv").write_text(ROSTER, "utf-8")


if __name__ == "__main__":
    build(EXAMPLES)
