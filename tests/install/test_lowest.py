"""With the lowest versions that ``pyproject.toml`` allows, beside the torch that is here."""

import importlib.metadata
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.install.machine import Machine
from tests.install.places import ROOT, clean_environment, new_environment

HEAVY = {"torch", "torchvision"}
EXAMPLES = ROOT / "examples"


def bounds() -> dict[str, str]:
    """Lowest version by name, of all that is needed on Linux, and of a cluster."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["cluster"]]
    found = (re.fullmatch(r"([\w.-]+)>=([\d.]+)(;.*)?", text) for text in needed)
    return {match[1]: match[2] for match in found if match is not None}


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def torch_and_its_own(light: set[str]) -> Iterator[importlib.metadata.Distribution]:
    """The installed distributions of torch and torchvision and of all that they need."""
    waiting, seen = [*HEAVY], {*HEAVY}
    while waiting:
        try:
            found = importlib.metadata.distribution(waiting.pop())
        except importlib.metadata.PackageNotFoundError:  # for another system
            continue
        yield found
        for text in found.requires or ():
            name = re.match(r"[\w.-]+", text)
            if name and "extra ==" not in text and plain(name[0]) not in light | seen:
                seen.add(plain(name[0]))
                waiting.append(name[0])


def link_torch(folder: Path, light: set[str]) -> Path:
    """A folder in which of all packages here only torch, and what it needs, is seen."""
    folder.mkdir()
    for distribution in torch_and_its_own(light):
        tops = {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}
        for top in tops:
            if not top.endswith(".pth") and not (folder / top).exists():
                (folder / top).symlink_to(Path(str(distribution.locate_file(top))))
    return folder


def test_every_bound_is_a_plain_lowest_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert len(bounds()) == len(project["dependencies"]) + 1
    assert set(bounds()) >= HEAVY


@pytest.fixture(scope="module")
def lowest(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """The wheel beside exactly the lowest versions, and what those need."""
    if sys.version_info[:2] != (3, 11):
        pytest.skip("the lowest versions of numpy and others are built for Python 3.11, not newer")
    folder = tmp_path_factory.mktemp("lowest")
    packages = new_environment(folder / "venv")
    light = {plain(name): version for name, version in bounds().items() if name not in HEAVY}
    exact = [f"{name}=={version}" for name, version in light.items()]
    pip = [sys.executable, "-m", "pip", "--python", folder / "venv/bin/python", "install", "-q"]
    for command in (
        [*pip, "--only-binary", ":all:", *exact],
        [*pip, "--no-deps", "--no-index", wheel],
    ):
        done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    torch = link_torch(folder / "torch", set(light))
    (packages / "torch.pth").write_text(f"{torch}\n", "utf-8")
    (folder / "home").mkdir()
    return Machine(folder / "venv", folder / "home")


@pytest.mark.slow
@pytest.mark.lowest
def test_the_lowest_versions_are_those_that_are_used(lowest: Machine) -> None:
    code = "import importlib.metadata as m, json, sys"
    code += "; print(json.dumps({name: m.version(name) for name in sys.argv[1:]}))"
    light = {name: version for name, version in bounds().items() if name not in HEAVY}
    found = json.loads(lowest.run("python", "-c", code, *light))
    for name, version in light.items():
        assert found[name].split(".")[: version.count(".") + 1] == version.split("."), name
        assert set(found[name].split(".")[version.count(".") + 1 :]) <= {"0"}, name


@pytest.mark.slow
@pytest.mark.lowest
def test_every_command_helps(lowest: Machine) -> None:
    text = lowest.run("ddpm-grader", "--help")
    for command in re.findall(r"^  ([a-z]+)  ", text, re.MULTILINE):
        assert "Usage: ddpm-grader" in lowest.run("ddpm-grader", command, "--help")


@pytest.mark.slow
@pytest.mark.lowest
def test_the_example_and_the_class_are_graded(lowest: Machine) -> None:
    example = EXAMPLES / "2023-12345.tar.gz"
    lowest.run("ddpm-grader", "grade", example, "--out", "graded")
    result = json.loads((lowest.home / "graded" / "result.json").read_text("utf-8"))
    assert result["points"] == 99.9
    assert result["status"] == "graded"
    lowest.run("ddpm-grader", "batch", EXAMPLES / "submissions.zip", "--out", "grades")
    assert (lowest.home / "grades" / "index.html").is_file()
    assert "2023-20002" in lowest.run(
        "ddpm-grader", "export", "grades", "--to", "csv", "--output", "-"
    )
    lowest.run("ddpm-grader", "template", "build", "--output", "kit")
