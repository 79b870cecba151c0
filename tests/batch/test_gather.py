"""What counts as a submission, and what its name tells."""

import os
import zipfile
from pathlib import Path

import pytest

from grader.batch.gather import Attempt, Place, directory_bytes, gather, plain_file
from grader.errors import UsageError


def attempts(path: Path) -> dict[str, Attempt]:
    return {attempt.file: attempt for attempt in gather([path]).attempts}


def zipped(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, name.encode())
    return path


def test_a_folder_of_tarballs(tmp_path: Path) -> None:
    for name in ("2023-00001.tar.gz", "2023-00002-1.tgz", ".hidden.tar.gz", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "old").mkdir()
    found = gather([tmp_path])
    assert [a.student_id for a in found.attempts] == ["2023-00001", "2023-00002"]
    assert [a.again for a in found.attempts] == [0, 1]
    assert found.attempts[0].modified is not None
    assert len(found.lines) == 2
    assert "notes.txt" in found.lines[0]


def test_canvas_zip_in_a_folder_is_named_with_what_to_do(tmp_path: Path) -> None:
    zipped(tmp_path / "submissions.zip", "a_1_2_2023-00001.tar.gz")
    found = gather([tmp_path])
    assert list(found.attempts) == []
    assert list(found.lines) == [
        "submissions.zip holds submissions of its own; give the zip itself to batch."
    ]


def test_what_a_student_sent_in_another_form_is_gathered_to_be_rejected(tmp_path: Path) -> None:
    (tmp_path / "2023-00001.zip").write_bytes(b"PK")
    (found,) = gather([tmp_path]).attempts
    assert (found.student_id, found.is_tarball) == ("2023-00001", False)


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        ("kimminsu_11_222_2023-00001.tar.gz", ("kimminsu", "11", 222, False, 0, "2023-00001")),
        (
            "kimminsu_LATE_11_222_2023-00001-1.tar.gz",
            ("kimminsu", "11", 222, True, 1, "2023-00001"),
        ),
        ("김민수_LATE_11_222_2023-00001 (2).tar.gz", ("김민수", "11", 222, True, 2, "2023-00001")),
        ("kim_11_222_2023-00001.tar-1.gz", ("kim", "11", 222, False, 1, "2023-00001")),
        ("anon_ab12C_222_my_work.tar.gz", (None, "anon_ab12C", 222, False, 0, None)),
        ("LATE_anon_ab12C_222_2023-00001.tar.gz", (None, "anon_ab12C", 222, True, 0, "2023-00001")),
        ("kim_11_222_a_b_2023-00001_final.tar.gz", ("kim", "11", 222, False, 0, "2023-00001")),
    ],
)
def test_names_in_canvas_zips(tmp_path: Path, member: str, expected: tuple[object, ...]) -> None:
    (found,) = gather([zipped(tmp_path / "submissions.zip", member)]).attempts
    told = (found.name, found.user, found.attachment, found.late, found.again, found.student_id)
    assert told == expected


@pytest.mark.parametrize(
    "name",
    ["2023-00001.tar (1).gz", "2023-00001.tar-1.gz", "2023-00001 1.tar.gz", "work.tar(1).gz"],
)
def test_numbers_that_browsers_put_into_the_endings_make_no_other_kind_of_file(name: str) -> None:
    found = plain_file(Path(name))
    assert found.is_tarball
    assert found.again == (0 if name.startswith("work") else 1)


def test_an_unpacked_canvas_zip_is_read_the_same_way(tmp_path: Path) -> None:
    (tmp_path / "kim_LATE_11_222_2023-00001.tar.gz").write_bytes(b"x")
    (found,) = gather([tmp_path]).attempts
    assert (found.user, found.late, found.file) == ("11", True, "2023-00001.tar.gz")


def test_members_are_read_one_by_one(tmp_path: Path) -> None:
    path = zipped(
        tmp_path / "submissions.zip", "a_1_2_2023-00001.tar.gz", "b_3_4_2023-00002.tar.gz"
    )
    found = attempts(path)
    assert b"".join(found["2023-00002.tar.gz"].place.chunks()) == b"b_3_4_2023-00002.tar.gz"
    assert found["2023-00001.tar.gz"].place.sha256() != found["2023-00002.tar.gz"].place.sha256()


def test_links_folders_and_doubles_in_a_zip_are_named(tmp_path: Path) -> None:
    path = tmp_path / "submissions.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.mkdir("folder")
        link = zipfile.ZipInfo("link_1_2_2023-00001.tar.gz")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("__MACOSX/x.tar.gz", "x")
        archive.writestr("a_1_2_2023-00001.tar.gz", "x")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a_1_2_2023-00001.tar.gz", "y")
    found = gather([path])
    assert len(found.attempts) == 1
    assert [("link" in line, "twice" in line) for line in found.lines] == [
        (True, False),
        (False, True),
    ]


def test_a_damaged_member_is_an_os_error(tmp_path: Path) -> None:
    path = zipped(tmp_path / "submissions.zip", "a_1_2_2023-00001.tar.gz")
    data = path.read_bytes()
    path.write_bytes(data[:45] + b"!!!" + data[48:])
    with pytest.raises(OSError, match=r"damaged|cannot be read"):
        Place(path, "a_1_2_2023-00001.tar.gz").sha256()


def test_a_path_given_twice_counts_once(tmp_path: Path) -> None:
    file = tmp_path / "2023-00001.tar.gz"
    file.write_bytes(b"x")
    assert len(gather([tmp_path, file]).attempts) == 1


def test_links_that_lead_nowhere_or_in_circles_are_gathered_and_pipes_are_named(
    tmp_path: Path,
) -> None:
    (tmp_path / "2023-00001.tar.gz").symlink_to(tmp_path / "nowhere")
    (tmp_path / "2023-00002.tar.gz").symlink_to(tmp_path / "2023-00002.tar.gz")
    os.mkfifo(tmp_path / "2023-00003.tar.gz")  # to open it would wait for ever
    found = gather([tmp_path])
    assert {a.student_id for a in found.attempts} == {"2023-00001", "2023-00002"}
    assert list(found.lines) == ["2023-00003.tar.gz is no plain file."]
    alone = gather([tmp_path / "2023-00003.tar.gz"])
    assert (list(alone.attempts), list(alone.lines)) == ([], list(found.lines))


def test_numbers_in_a_students_own_name_for_the_file_are_not_canvas(tmp_path: Path) -> None:
    for student in ("2023-00001", "2023-00002"):
        (tmp_path / f"{student}_2_1_final.tar.gz").write_bytes(b"x")
    found = gather([tmp_path]).attempts
    assert [(a.student_id, a.user) for a in found] == [("2023-00001", None), ("2023-00002", None)]


def test_what_is_not_there_or_no_zip_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing at"):
        gather([tmp_path / "gone"])
    (tmp_path / "submissions.zip").write_bytes(b"no zip")
    with pytest.raises(UsageError, match="cannot be read as a zip"):
        gather([tmp_path / "submissions.zip"])


def test_a_stamp_changes_with_the_file(tmp_path: Path) -> None:
    file = tmp_path / "2023-00001.tar.gz"
    file.write_bytes(b"x")
    before = plain_file(file).place.stamp()
    os.utime(file, (0, 0))
    assert plain_file(file).place.stamp() != before


def test_a_zip_whose_directory_would_fill_the_memory_is_never_read(tmp_path: Path) -> None:
    """Neither where it lies among others, nor where it is named."""
    path = zipped(tmp_path / "2023-00001.zip", "a_1_2_2023-00001.tar.gz")
    content = bytearray(path.read_bytes())
    end = content.rfind(b"PK\x05\x06")
    content[end + 12 : end + 16] = (1 << 30).to_bytes(4, "little")
    path.write_bytes(content)
    assert directory_bytes(path) == 1 << 30
    for given in (tmp_path, path):
        (found,) = gather([given]).attempts
        assert (found.place.member, found.student_id) == (None, "2023-00001")
    with pytest.raises(UsageError, match="holds more files than any class"):
        gather([path.rename(tmp_path / "submissions.zip")])


def test_a_large_zip_tells_the_size_of_its_directory_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)  # from here on in the larger form
    path = zipped(tmp_path / "submissions.zip", *(f"kim_{n}_{n}_work.tar.gz" for n in range(9)))
    assert b"PK\x06\x06" in path.read_bytes()
    assert 9 * 46 < directory_bytes(path) < 2000
    assert len(gather([path]).attempts) == 9
