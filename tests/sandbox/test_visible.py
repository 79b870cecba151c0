"""Which files are shown inside, and which are covered."""

from pathlib import Path

from grader.sandbox import visible


def folder_with(root: Path, *names: str) -> Path:
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
    return root


def test_an_installed_wheel_is_covered_and_nothing_else(tmp_path: Path) -> None:
    packages = folder_with(
        tmp_path / "site-packages",
        "grader/cli.py",
        "reference/ddpm.py",
        "ddpm_grader-0.1.0.dist-info/RECORD",
        "torch/__init__.py",
        "other_grader/__init__.py",
        "six.py",
    )
    hidden = {p.name for p in visible.hidden_in(packages, tmp_path / "checkout")}
    assert hidden == {"grader", "reference", "ddpm_grader-0.1.0.dist-info"}


def test_every_kind_of_editable_install_is_covered(tmp_path: Path) -> None:
    packages = folder_with(
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
    checkout = tmp_path / "checkout"
    (packages / "easy-install.pth").write_text(f"{checkout}\n")
    hidden = {p.name for p in visible.hidden_in(packages, checkout)}
    assert hidden == {
        "__editable___ddpm_grader_0_1_0_finder.py",
        "__editable__.ddpm_grader-0.1.0.pth",
        "_editable_impl_ddpm_grader.pth",
        "ddpm-grader.egg-link",
        "ddpm_grader-0.1.0.dist-info",
        "__editable___ddpm_grader_0_1_0_finder.cpython-311.pyc",
        "easy-install.pth",
    }


def test_the_checkout_is_not_shown_though_it_may_hold_the_environment() -> None:
    root = visible.paths.PACKAGE.parent
    shown = [*visible.system_paths(), *visible.interpreter_paths()]
    assert not any(root.is_relative_to(path) for path in shown)
    hidden = visible.hidden_paths(shown)
    project = [root / name for name in ("grader", "reference", "rubrics", "tests")]
    for path in project:
        covered = any(path.is_relative_to(h) for h in hidden)
        assert covered or not any(path.is_relative_to(s) for s in shown)
