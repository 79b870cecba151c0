"""Files are written where their folders are missing, and found again; nothing else is different."""

import pytest

from grader.sandbox import KernelSession, Limits, Sandbox
from tests.sandbox.helpers import Cell

IMPORTS = (
    "import os, pathlib\nimport numpy as np\nimport torch\nfrom torchvision.utils import save_image"
)
WORKS = """
os.makedirs("/content/drive/MyDrive/a/b", exist_ok=True); os.makedirs("/content/drive/MyDrive/a/b", exist_ok=True); assert os.path.isdir("/content/drive/MyDrive/a")
open("/content/drive/MyDrive/a/b/x.txt", "w").write("hi"); assert open("/content/drive/MyDrive/a/b/x.txt").read() == "hi" and os.listdir("/content/drive/MyDrive/a") == ["b"]
os.remove("/content/drive/MyDrive/a/b/x.txt"); assert not os.path.exists("/content/drive/MyDrive/a/b/x.txt")
import shutil; shutil.rmtree("/content/drive"); assert not os.path.exists("/content/drive")
save_image(torch.zeros(1, 3, 8, 8), "/kaggle/working/x.png"); from PIL import Image; assert Image.open("/kaggle/working/x.png").size
save_image(torch.zeros(1, 3, 8, 8), "./results_epsilon_linear/step/x.png"); assert os.path.exists("results_epsilon_linear/step")
torch.save({"a": torch.zeros(1)}, "/home/kim/dl/x.pth"); torch.load("/home/kim/dl/x.pth"); torch.save(torch.zeros(1), pathlib.Path("ckpt/a.pth")); torch.load("ckpt/a.pth")
pathlib.Path("/data2/x/y").mkdir(parents=True, exist_ok=True); pathlib.Path("/data2/x/y/z.txt").write_text("a"); assert pathlib.Path("/data2/x/y/z.txt").exists()
pathlib.Path("~/out/k").expanduser().mkdir(parents=True); np.save("/workspace/a.npy", np.zeros(2)); np.load("/workspace/a.npy"); os.mkdir("/content/new"); os.mkdir("nothere/sub")
import matplotlib.pyplot as plt; plt.plot([1]); plt.savefig("figures/a.png"); plt.savefig("/content/b.png")
import glob; assert glob.glob("/content/*.png") and {e.name for e in os.scandir("/content")} == {"b.png", "new"}
import logging; logging.basicConfig(filename="logs/x.log", force=True); logging.warning("a"); assert os.path.exists("logs/x.log")
os.system("mkdir -p sys/a 'sys/b c'"); assert sorted(os.listdir("sys")) == ["a", "b c"]
name = "shell"; get_ipython().system("mkdir -p {name}/x $name/y"); assert sorted(os.listdir("shell")) == ["x", "y"]
open("lib/mod_a.py", "w").write("K = 3"); import mod_a; assert mod_a.K == 3
pathlib.Path("/content/proj/src/mod_b.py").write_text("K = 4"); from src.mod_b import K; assert K == 4
import tempfile; tempfile.TemporaryDirectory().cleanup(); tempfile.mkdtemp(dir=".")
import argparse; p = argparse.ArgumentParser(); p.add_argument("-f"); p.parse_args(); p.parse_known_args()
assert os.stat(".") and os.listdir() and os.path.samefile(".", os.getcwd())
"""
RAISES = {
    "open('not_there.txt')": "FileNotFoundError: [Errno 2] No such file or directory: 'not_there.txt'",
    "open('/content/other.txt')": "FileNotFoundError",
    "os.listdir('/nowhere')": "FileNotFoundError: [Errno 2] No such file or directory: '/nowhere'",
    "open('/usr/x', 'w')": "OSError: [Errno 30] Read-only file system: '/usr/x'",
    "os.mkdir('/usr/x')": "OSError: [Errno 30] Read-only file system: '/usr/x'",
    "os.mkdir('lib')": "FileExistsError",
    "os.makedirs('/content')": "FileExistsError: [Errno 17] File exists: '/content'",
    "os.remove('gone')": "FileNotFoundError",
    "open('lib', 'w')": "IsADirectoryError",
    "open(b'nothing/x', 'w')": "FileNotFoundError",
    "open(3.5)": "TypeError",
}


def test_files_can_be_written_where_folders_are_missing(bubblewrap: Sandbox) -> None:
    lines = WORKS.strip().splitlines()
    sources = (IMPORTS, *lines, *RAISES)
    statements = [Cell(source, number) for number, source in enumerate(sources, 1)]
    with KernelSession(statements, sandbox=bubblewrap, limits=Limits(), seed=1) as session:
        failed = session.prepare()
    messages = {statements[i].source: outcome.message for i, outcome in failed.items()}
    assert {source: m for source, m in messages.items() if source not in RAISES} == {}
    for source, expected in RAISES.items():
        assert messages.get(source, "nothing").startswith(expected), source


@pytest.mark.parametrize("folder", ["/content", "/kaggle", "/home/kim"])
def test_a_folder_of_another_machine_is_not_there_before(folder: str, bubblewrap: Sandbox) -> None:
    statements = [Cell("import os"), Cell(f"assert not os.path.exists({folder!r})", 2)]
    with KernelSession(statements, sandbox=bubblewrap, limits=Limits(), seed=1) as session:
        assert session.prepare() == {}
