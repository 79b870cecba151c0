"""Which files are shown inside, and which are covered."""

import os
import sys
from pathlib import Path

import pytest

from grader import paths
from grader.sandbox import packages, visible
from grader.sandbox.visible import Layer


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "checkout"
    monkeypatch.setattr(paths, "CHECKOUT", folder)
    return folder


def folder_with(root: Path, *names: str) -> Path:
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
    return root


def test_an_installed_wheel_is_covered_and_nothing_else(tmp_path: Path) -> None:
    found = folder_with(
        tmp_path / "site-packages",
        "grader/cli.py",
        "reference/ddpm.py",
        "ddpm_grader-0.1.0.dist-info/RECORD",
        "torch/__init__.py",
        "other_grader/__init__.py",
        "six.py",
    )
    hidden = {p.name for p in visible.hidden_in(found)}
    assert hidden == {"grader", "reference", "ddpm_grader-0.1.0.dist-info"}


def test_every_kind_of_editable_install_is_covered(tmp_path: Path, checkout: Path) -> None:
    found = folder_with(
        tmp_path / "site-packages",
        "__editable___ddpm_grader_0_1_0_finder.py",
        "__editable__.ddpm_grader-0.1.0.pth",
        "_editable_impl_ddpm_grader.pth",
        "ddpm-grader.egg-link",
        "ddpm_grader-0.1.0.dist-info/direct_url.json",
        "__pycache__/__editable___ddpm_grader_0_1_0_finder.cpython-311.pyc",
        "__pycache__/six.cpython-311.pyc",
        "distutils-precedence.pth",
    )
    (found / "easy-install.pth").write_text(f"{checkout}\n")
    hidden = {p.name for p in visible.hidden_in(found)}
    assert hidden == {
        "__editable___ddpm_grader_0_1_0_finder.py",
        "__editable__.ddpm_grader-0.1.0.pth",
        "_editable_impl_ddpm_grader.pth",
        "ddpm-grader.egg-link",
        "ddpm_grader-0.1.0.dist-info",
        "__editable___ddpm_grader_0_1_0_finder.cpython-311.pyc",
        "easy-install.pth",
    }


def test_path_files_that_lead_elsewhere_stay(tmp_path: Path, checkout: Path) -> None:
    found = folder_with(tmp_path / "site-packages", "torch/__init__.py")
    (found / "heavy.pth").write_text(f"{checkout}/.venv/lib/python3.11/site-packages\n")
    assert visible.hidden_in(found) == []


def test_a_folder_that_cannot_be_listed_is_covered_where_its_names_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: str) -> list[str]:
        raise PermissionError(path)

    found = folder_with(tmp_path / "site-packages", "reference/ddpm.py")
    monkeypatch.setattr(os, "listdir", refused)
    assert visible.hidden_in(found) == [found / "reference"]


def test_of_paths_inside_one_another_only_what_changes_something_is_mounted() -> None:
    shown = ["/a/lib", "/a/lib/python/site-packages", "/a/lib/course/.venv/lib", "/b"]
    hidden = ["/a/lib/course", "/a/lib/course/grader", "/a/lib/python/site-packages/grader"]
    hidden += ["/c/grader", "/a/lib/course/.venv/lib/python/site-packages/grader"]
    layers = visible.layered(map(Path, shown), map(Path, hidden))
    assert {str(path): show for path, show in layers.items()} == {
        "/b": True,
        "/a/lib": True,
        "/a/lib/course": False,
        "/a/lib/course/.venv/lib": True,
        "/a/lib/python/site-packages/grader": False,
        "/a/lib/course/.venv/lib/python/site-packages/grader": False,
    }
    order = list(layers)
    assert all(
        order.index(p) < order.index(path) for path in order for p in path.parents if p in order
    )


def test_every_link_on_the_way_is_told_with_its_target(tmp_path: Path) -> None:
    real = folder_with(tmp_path / "disk/ta/venv", "bin/python3.11")
    (real / "bin/python3").symlink_to("python3.11")
    (real / "bin/python").symlink_to(tmp_path / "home/ta/venv/bin/python3")
    (tmp_path / "home").symlink_to("disk")
    (tmp_path / "ta").symlink_to("home/../home/ta")
    assert list(visible.links_on(tmp_path / "ta/venv/bin/python")) == [
        (tmp_path / "ta", "home/../home/ta"),
        (tmp_path / "home", "disk"),
        (tmp_path / "home", "disk"),
        (real / "bin/python", f"{tmp_path}/home/ta/venv/bin/python3"),
        (tmp_path / "home", "disk"),
        (real / "bin/python3", "python3.11"),
    ]


def test_where_the_kernel_s_own_folders_lie_below_a_link_all_is_mounted_there_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checkout: Path
) -> None:
    disk, home = tmp_path / "disk", tmp_path / "home"
    folder_with(disk / "ta/venv/lib/site-packages", "torch/__init__.py", "grader/cli.py")
    (disk / "ta/link").symlink_to("venv")
    home.symlink_to("disk")
    wanted = [home / "ta/link/lib"]
    monkeypatch.setattr(visible, "wanted", lambda: iter(wanted))
    monkeypatch.setattr(
        visible, "hidden_paths", lambda _: [home / "ta/venv/lib/site-packages/grader"]
    )
    seen = visible.view.__wrapped__((home / "student",))
    lib = "ta/venv/lib"
    assert seen.layers == (
        Layer(disk / lib, disk / lib),
        Layer(disk / lib / "site-packages/grader", None),
        Layer(home / lib, disk / lib),
        Layer(home / lib / "site-packages/grader", None),
    )
    assert seen.links == {disk / "ta/link": "venv", home / "ta/link": "venv"}


def test_nothing_of_the_project_is_seen() -> None:
    seen = visible.view(())
    root = paths.PACKAGE.parent
    for path in (root, *(root / n for n in ("grader", "reference", "rubrics", "tests", ".git"))):
        assert not seen.sees(path)
    for folder in packages.package_folders():
        assert seen.sees(Path(os.path.realpath(folder)))
        assert not any(seen.sees(path) for path in visible.hidden_in(folder))


def test_folders_that_hold_packages_are_told_from_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checkout: Path
) -> None:
    target = folder_with(tmp_path / "libs", "six.py", "six-1.17.0.dist-info/METADATA")
    course = folder_with(tmp_path / "course", "submissions.zip", "roster.csv")
    folder_with(checkout, "grader/cli.py", "ddpm_grader.egg-info/PKG-INFO")
    system = folder_with(tmp_path / "dist-packages", "torch/__init__.py")
    path = [str(p) for p in (course, target, tmp_path / "absent", checkout, system, target)]
    monkeypatch.setattr(sys, "path", ["", *path])
    assert packages.package_folders() == [target, system]


def test_python_s_path_names_what_it_would_not_find_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = folder_with(tmp_path / "venv/site-packages", "numpy/__init__.py")
    heavy = folder_with(tmp_path / "heavy/site-packages", "torch/__init__.py")
    other = folder_with(tmp_path / "libs", "six-1.17.0.dist-info/METADATA")
    (own / "heavy.pth").write_text(f"# heavy\nimport sys\n{heavy}\n")
    monkeypatch.setattr(packages.site, "getsitepackages", lambda: [str(own)])
    monkeypatch.setattr(packages.site, "ENABLE_USER_SITE", False)
    monkeypatch.setattr(sys, "path", [str(p) for p in (other, own, heavy)])
    assert packages.python_environment() == {"PYTHONNOUSERSITE": "1", "PYTHONPATH": str(other)}
    monkeypatch.setattr(sys, "path", [str(p) for p in (own, heavy)])
    monkeypatch.setattr(packages.site, "ENABLE_USER_SITE", True)
    monkeypatch.setattr(packages.site, "getuserbase", lambda: "/home/ta/.local")
    assert packages.python_environment() == {"PYTHONUSERBASE": "/home/ta/.local"}


def test_libraries_of_a_cluster_are_shown_where_they_are_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = folder_with(tmp_path / "lib64", "libpython3.11.so.1.0")
    none = folder_with(tmp_path / "course", "roster.csv")
    monkeypatch.setenv("LD_LIBRARY_PATH", f"{none}:{some}::lib64:{tmp_path}/absent")
    assert visible.library_folders() == [some]
