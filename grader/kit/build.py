"""Builds ``Assignment2.tar.gz``, what students are given; reproducible byte for byte."""

import gzip
import io
import tarfile
import tempfile
from pathlib import Path

from grader.errors import UsageError
from grader.kit.fill import DIFFUSION, TEXT_TO_IMAGE
from grader.kit.selfcheck import build_selfcheck
from grader.paths import COLLECT_SCRIPT, TEMPLATE_DIR

ARCHIVE = "Assignment2.tar.gz"
SELFCHECK = "selfcheck.pyz"
DATE = 1577836800  # 2020-01-01, of every member: when it was built must not show
EXECUTABLE = {COLLECT_SCRIPT.name, SELFCHECK}


def build_kit(output: Path, folder: Path = TEMPLATE_DIR) -> Path:
    """Writes the archive into ``output`` and returns its path.

    Raises ``UsageError`` if a notebook is missing or the archive cannot be written.
    """
    archive = output / ARCHIVE
    try:
        files = {name: (folder / name).read_bytes() for name in (DIFFUSION, TEXT_TO_IMAGE)}
        files[COLLECT_SCRIPT.name] = COLLECT_SCRIPT.read_bytes()
        with tempfile.TemporaryDirectory() as temporary:
            selfcheck = Path(temporary) / SELFCHECK
            build_selfcheck(selfcheck)
            files[SELFCHECK] = selfcheck.read_bytes()
        output.mkdir(parents=True, exist_ok=True)
        archive.write_bytes(packed(files))
    except OSError as error:
        raise UsageError(f"The kit cannot be built: {error}") from None
    return archive


def packed(files: dict[str, bytes]) -> bytes:
    """A .tar.gz of the files, in the order of their names, with neither dates nor owners."""
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=buffer, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for name in sorted(files):
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(files[name]), DATE
            member.mode = 0o755 if name in EXECUTABLE else 0o644
            archive.addfile(member, io.BytesIO(files[name]))
    return buffer.getvalue()
