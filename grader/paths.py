"""Where the project's data lies: in the checkout, or inside an installed wheel."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
_SHIPPED = PACKAGE / "_shipped"  # in a wheel, the build copies the top-level folders here
_ROOT = _SHIPPED if _SHIPPED.is_dir() else PACKAGE.parent

CHECKOUT = None if _SHIPPED.is_dir() else PACKAGE.parent
"""The project's folder with its sources; None where it is installed without them."""

RUBRIC_DIR = _ROOT / "rubrics"
DEFAULT_RUBRIC = RUBRIC_DIR / "assignment2.toml"
TEMPLATE_DIR = _ROOT / "student_template"
COLLECT_SCRIPT = _ROOT / "CollectSubmission.sh"
MNIST_DIR = PACKAGE / "data" / "mnist"
"""Holds ``MNIST/raw/*-ubyte``: a few hundred real digits, as torchvision expects them."""
