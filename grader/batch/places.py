"""Where a submission's bytes lie: in a file, in a member of a zip, or in several of them."""

import hashlib
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from grader.intake.paths import printable

CHUNK = 1 << 20


@dataclass(frozen=True)
class Place:
    """A file, or a member of a zip. ``loose`` are files that were handed in side by side, each with
    its name: together they are read as a tar of them."""

    path: Path
    member: str | None = None
    loose: tuple[tuple[str, "Place"], ...] = ()

    @property
    def is_file(self) -> bool:
        """Whether ``path`` holds these bytes and no others."""
        return self.member is None and not self.loose

    def open(self) -> IO[bytes]:
        """The bytes of a file or member. Raises ``OSError``, also for a member that cannot be
        read."""
        if self.member is None:
            return self.path.open("rb")
        try:
            with zipfile.ZipFile(self.path) as archive:
                return archive.open(self.member)  # keeps the file open for itself
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, KeyError) as error:
            # NotImplementedError is zipfile's, for a method of packing that it does not know
            raise OSError(f"the zip's member cannot be read ({error})") from error

    def chunks(self) -> Iterator[bytes]:
        """The bytes, a piece at a time. Raises ``OSError``."""
        if self.loose:
            yield from self._tar()
            return
        with self.open() as file:
            try:
                while chunk := file.read(CHUNK):
                    yield chunk
            except (zipfile.BadZipFile, RuntimeError, ValueError, EOFError) as error:
                raise OSError(f"the zip's member is damaged ({error})") from error

    def _tar(self) -> Iterator[bytes]:
        """The loose files in a tar, the same bytes for the same files."""
        for name, place in self.loose:
            header = tarfile.TarInfo(name)
            header.size = sum(map(len, place.chunks()))
            yield header.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
            yield from place.chunks()
            yield bytes(-header.size % tarfile.BLOCKSIZE)
        yield bytes(2 * tarfile.BLOCKSIZE)

    def sha256(self) -> str:
        """Of the bytes, in hex. Raises ``OSError``."""
        digest = hashlib.sha256()
        for chunk in self.chunks():
            digest.update(chunk)
        return digest.hexdigest()

    def stamp(self) -> str:
        """Changes when a file does. Raises ``OSError``."""
        paths = dict.fromkeys([place.path for _, place in self.loose] or [self.path])
        found = [path.stat() for path in paths]
        return " ".join(f"{one.st_size} {one.st_mtime_ns} {one.st_ino}" for one in found)

    def absolute(self) -> "Place":
        """The same for a process that works in another folder."""
        loose = tuple((name, place.absolute()) for name, place in self.loose)
        return Place(self.path.absolute(), self.member, loose)

    def key(self) -> list[object]:
        """What tells this place from every other, as JSON."""
        loose = [[name, *place.key()] for name, place in self.loose]
        return [str(self.path.resolve()), self.member, *loose]

    def __str__(self) -> str:
        if self.loose:
            return " + ".join(str(place) for _, place in self.loose)
        inside = "" if self.member is None else f":{printable(self.member)}"
        return f"{printable(str(self.path))}{inside}"


def sizes(places: Iterable[Place]) -> list[int]:
    """How many bytes each has, 0 where that cannot be told. Each zip is opened once."""
    zips: dict[Path, dict[str, int]] = {}

    def size(place: Place) -> int:
        if place.loose:
            return sum(size(one) for _, one in place.loose)
        try:
            if place.member is None:
                return place.path.stat().st_size
            if place.path not in zips:
                with zipfile.ZipFile(place.path) as archive:
                    zips[place.path] = {one.filename: one.file_size for one in archive.infolist()}
        except (OSError, zipfile.BadZipFile, NotImplementedError):
            # what cannot be measured counts nothing here: opening it says what is wrong
            return 0
        return zips[place.path].get(place.member, 0)

    return [size(place) for place in places]
