"""The pages: what they show to whom, and that nothing of a student's runs in them."""

import html
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from grader.checks.items import known_items
from grader.report.curves import BOTTOM, HEIGHT, TOP, ticks
from grader.report.index import distributions, index_page, sections, summarize, to_settle
from grader.report.student import Around, lost, student_page
from grader.report.templating import details
from grader.report.words import Words
from grader.results import Flag, State
from tests.batch.fake import evidence, rejected
from tests.report.books import ITEMS, book, corrected, entry

EVIL = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
WORKS = {
    "asked": [{"prompt": EVIL, "how": EVIL}],
    "pictures": ["UE5H"],
    "settings": {"sample_cosine": "UE5H"},
}
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


class Tags(HTMLParser):
    """Every tag with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def evil_student(label: str = "2023-00001"):  # type: ignore[no-untyped-def]
    found = evidence(message=EVIL, state=State.FAILED, fraction=0.0, flags=(Flag("x", EVIL),))
    fixed = corrected("loss", 3, EVIL)
    return entry(label, found, fixed, name=EVIL, file=EVIL, others=[EVIL], notes=[EVIL])


def pages() -> dict[str, str]:
    student = evil_student()
    pair = {
        "first": "2023-00001",
        "second": "2023-00002",
        "what": "code",
        "evidence": EVIL,
        "lines": [EVIL],
    }
    class_book = book(student, entry("2023-00002", evidence()), pairs=(pair,))
    around = Around("2023-00000", "2023-00002", [pair])
    return {
        "student": student_page(class_book, student, b"PNG", WORKS),
        "ta": student_page(class_book, student, b"PNG", WORKS, around=around),
        "index": index_page(class_book),
    }


@pytest.mark.parametrize("name", ["student", "ta", "index"])
def test_nothing_of_a_students_is_markup(name: str) -> None:
    page = pages()[name]
    tags = Tags(page).found
    assert len([tag for tag, _ in tags if tag == "script"]) == (name == "index")
    assert not any(key.startswith("on") for _, attributes in tags for key in attributes)
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("name", ["student", "ta", "index"])
def test_pages_ask_nobody_for_anything(name: str) -> None:
    page = pages()[name]
    for tag, attributes in Tags(page).found:
        for key in ("src", "href"):
            target = attributes.get(key) or ""
            assert target.startswith("data:") or (tag == "a" and ":" not in target) or not target
    assert "default-src 'none'" in page
    assert not re.search(r"https?://", page)


def test_students_do_not_see_what_is_for_tas() -> None:
    student = entry(
        "2023-00001", evidence(flags=(Flag("secret_flag", "secret text"),)), notes=["note"]
    )
    hidden = [{**item, "visibility": "hidden"} if item["id"] == "loss" else item for item in ITEMS]
    shown = book(student)
    shown = type(shown)(shown.title, hidden, shown.entries, shown.lines, shown.pairs)
    public, private = (student_page(shown, student, b"", {}, around=a) for a in (None, Around()))
    for word in ("secret text", "number: 0.1", "sha256"):
        assert word not in public
        assert word in private
    assert public.count("All is right.") == len(ITEMS) - 1  # once an item, and not of the loss
    assert private.count("All is right.") == sum(
        len(item.checks) for item in known_items().values()
    )
    assert "The details of this item are not shown." in public


def test_lateness_and_corrections_are_explained() -> None:
    late = {"late": True, "late_hours": 30.0, "late_percent": 20.0}
    student = entry("2023-00001", evidence(), corrected("loss", 3, "the mean was meant"), **late)
    page = student_page(book(student), student, b"", {})
    assert "late by 30 hours" in page
    assert "20 % less" in page
    assert "the mean was meant" in page
    assert "a TA" not in page


def test_a_correction_in_doubt_is_named_at_its_item_and_explained_to_tas_alone() -> None:
    made = {"loss": replace(corrected("loss", 3)["loss"], sha256="f" * 64)}
    student = entry("2023-00001", evidence(), made)
    for ta in (False, True):
        page = student_page(book(student), student, b"", {}, around=Around() if ta else None)
        loss = page[page.index('id="loss"') : page.index('id="sampling"')]
        assert "? a person looks" in loss
        assert ("Corrected to 3 points when another file" in loss) is ta


def test_the_settings_digits_stand_with_their_setting() -> None:
    student = entry("2023-00001", evidence())
    page = student_page(book(student), student, b"", WORKS)
    _, after = page.split('id="setting_sample_cosine"')
    assert "image_final.png" in after[: after.index("</section>")]
    assert page.count("image_final.png") == 1


def test_a_late_time_that_is_only_a_files_is_told_as_such() -> None:
    known = {"late": True, "late_hours": 30.0, "late_percent": 0.0}
    for row, words in (
        ({"late_hours": 0.004, "late_sure": True}, "late by less than a minute: nothing is deduct"),
        ({"late_hours": 0.5, "late_sure": True}, "late by 30 minutes: nothing is deducted."),
        ({"late_sure": False}, "Late by 30 hours if the file's time is that of handing in"),
        ({"late_hours": None, "late_sure": False}, "Marked as late: nothing is deducted."),
        ({"late_sure": False, "late_open": True}, "nothing is deducted until a sure time is known"),
    ):
        student = entry("2023-00001", evidence(), **{**known, **row})
        assert words in html.unescape(student_page(book(student), student, b"", {}))


def drawn(curve: dict[str, Any]) -> str:
    found = evidence(state=State.FAILED, fraction=0.0)
    student = entry("2023-00001", found)
    check = student.items[0].checks[0]
    check.details["curve"] = curve  # type: ignore[index]
    return student_page(book(student), student, b"", {})


def test_a_schedule_that_differs_is_drawn_with_the_references() -> None:
    page = drawn({"T": 3, "t": [1, 2, 3], "got": [0.0, 5.0, -1.0], "expected": [0.0, 0.1, 0.2]})
    assert "look the same" not in page
    (svg,) = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    lines = re.findall(r'class="(\w+)" points="([^"]*)"', svg)
    assert [name for name, _ in lines] == ["own", "theirs"]
    heights = [float(point.split(",")[1]) for point in lines[0][1].split()]
    bottom, top = HEIGHT - BOTTOM, TOP
    assert heights == [bottom, top, bottom]  # what lies beyond the axis is drawn on its end
    labels = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    assert labels == ["0", "0.1", "0.2", "1", "2", "3", "t = 2"]


def test_of_a_curve_that_looks_right_the_difference_is_drawn() -> None:
    # the cosine without its clip, which differs in the last beta alone, and there by a thousandth
    page = drawn({"T": 3, "t": [1, 2, 3], "got": [0.1, 0.5, 1.0], "expected": [0.1, 0.5, 0.999]})
    assert "yours less the reference’s" in page
    (svg,) = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    ((name, points),) = re.findall(r'class="(\w+)" points="([^"]*)"', svg)
    heights = [float(point.split(",")[1]) for point in points.split()]
    assert name == "own"
    assert heights[0] == heights[1] == (HEIGHT - BOTTOM + TOP) / 2
    assert heights[2] < heights[0]
    assert "t = 3</text>" in svg


def test_a_curve_without_any_difference_where_it_is_drawn_does_not_fail() -> None:
    same = {"T": 1, "t": [1], "got": [0.0], "expected": [0.0]}
    assert "<polyline" in drawn(same)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.5, 1]),
        (0, 0.023, [0, 0.01, 0.02]),
        (-3, 3, [-2, 0, 2]),
        (0, 1e-12, [0, 5e-13, 1e-12]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == pytest.approx(expected)


def lines_of(student: Any, visible: bool = True) -> list[str]:
    ids = {item["id"] for item in ITEMS} if visible else set()
    return [f"{x.title}: {x.points:g} of {x.max_points:g}" for x in lost(student, ids, Words("en"))]


def test_what_was_lost_comes_first_in_words() -> None:
    whole = evidence()
    wrong = {"beta_schedule.cosine": 0.0, "loss.epsilon": 0.0, "loss.sample": 0.0}
    wrong["image_quality.clear_digits"] = 0.97
    verdicts = [
        replace(v, state=State.FAILED, fraction=wrong[v.check]) if v.check in wrong else v
        for v in whole.verdicts
    ]
    student = entry("2023-00001", replace(whole, verdicts=verdicts))
    expected = ["Training loss: 0 of 10", "Cosine schedule: 0 of 5", "Clear digits: 9.7 of 10"]
    assert lines_of(student) == expected
    hidden = ["Training loss: 0 of 10", "Noise schedule: 5 of 10", "Clear digits: 9.7 of 10"]
    assert lines_of(student, visible=False) == hidden
    page = student_page(book(student), student, b"", {})
    text = html.unescape(re.sub(r"<[^>]*>", "", page[page.index('class="lost"') :]))
    places = [text.index(line) for line in expected]
    assert places == sorted(places)
    assert places[-1] < text.index("Noise schedule")


def test_points_that_are_not_settled_are_not_lost() -> None:
    student = entry("2023-00001", evidence(state=State.NEEDS_REVIEW, fraction=0.5))
    assert lines_of(student) == []
    page = student_page(book(student), student, b"", {})
    assert "A person still looks at" in page
    full = entry("2023-00001", evidence())
    assert "No points were lost." in student_page(book(full), full, b"", {})


def test_after_a_correction_only_the_persons_words_stand_there() -> None:
    found = evidence(state=State.FAILED, fraction=0.0, message="The automatic sentence.")
    fixed = corrected("loss", 3, "Read by me.") | corrected("sampling.epsilon", 2, "Half is right.")
    student = entry("2023-00001", found, fixed)
    public, private = (
        student_page(book(student), student, b"", {}, around=a) for a in (None, Around())
    )
    for page, sentences in ((public, 0), (private, 2)):
        loss = page[page.index('id="loss"') : page.index('id="sampling"')]
        assert "Read by me." in loss
        assert loss.count('class="message"') == sentences
    sampling = public[public.index('id="sampling"') : public.index('id="setting_epsilon_linear"')]
    assert "2 points by a person: Half is right." in sampling
    assert sampling.count('class="message"') == 1  # of the other check


def test_what_passed_is_folded_and_what_did_not_is_open() -> None:
    whole = evidence()
    verdicts = [
        replace(v, state=State.FAILED, fraction=0.0) if v.check == "loss.epsilon" else v
        for v in whole.verdicts
    ]
    student = entry("2023-00001", replace(whole, verdicts=verdicts))
    page = student_page(book(student), student, b"PNG", WORKS)
    sections = dict(
        re.findall(r'<section class="card item" id="(\w+)">(.*?)</section>', page, re.S)
    )
    assert [name for name, text in sections.items() if "<details" not in text] == ["loss"]
    assert sections["text_to_image"].index("</details>") < sections["text_to_image"].index("<img")


def test_a_ta_finds_the_neighbours_and_commands_that_are_ready(tmp_path: Path) -> None:
    student = entry("2023-00001 x", evidence(state=State.NEEDS_REVIEW))
    around = Around("2023-00000", "2023-00002", (), Path("my grades"))
    page = html.unescape(student_page(book(student), student, b"", {}, around=around))
    assert "ddpm-grader correct 'my grades' '2023-00001 x' loss.epsilon --accept" in page
    for link in ("../index.html", "../2023-00000/report_ta.html", "../2023-00002/report_ta.html"):
        assert f'href="{link}"' in page
    assert "ddpm-grader correct" not in student_page(book(student), student, b"", {})


def test_a_fault_of_the_graders_takes_no_points() -> None:
    failed = entry("2023-00001", evidence(state=State.INFRA_ERROR, fraction=0.0))
    assert "nothing is lost" in student_page(book(failed), failed, b"", {})


def test_distributions_count_every_student_once() -> None:
    students = [entry(f"2023-0000{n}", evidence(fraction=n / 4)) for n in range(5)]
    for dist in distributions(book(*students, entry("2023-00009"))):
        assert sum(bar["count"] for bar in dist["bars"]) == 5
    (loss,) = [dist for dist in distributions(book(*students)) if dist["name"] == "loss"]
    assert loss["mean"] == 5.0
    assert loss["bars"][-1]["count"] == 1


def test_the_index_can_be_filtered_by_state_and_flag() -> None:
    page = index_page(book(entry("2023-00001", evidence(flags=(Flag("import_not_allowed", "x"),)))))
    rows = [found for tag, found in Tags(page).found if tag == "tr" and "data-state" in found]
    assert rows[0]["data-flags"] == "import_not_allowed"
    assert rows[0]["data-state"] == "graded"
    page = index_page(book(entry("2023-00001", evidence(), notes=["Not on the roster."])))
    rows = [found for tag, found in Tags(page).found if tag == "tr" and "data-state" in found]
    assert rows[0]["data-state"] == "graded look"
    assert "a person should look (1)" in page


def test_each_reason_stands_once_with_its_students_and_commands() -> None:
    doubt = {"state": State.NEEDS_REVIEW, "message": "The loss is another distance than was asked."}
    students = [entry(f"2023-0000{n}", evidence(**doubt)) for n in range(9)]
    shown = book(*students, entry("2023-00009", evidence(), notes=["Not on the roster."]))
    (reason, note) = to_settle(shown.entries, [one.why for one in shown.entries])
    assert (len(reason.students), len(note.students)) == (9, 1)
    commands = reason.commands(Path("my grades"))
    assert len(commands) == 9 * len(ITEMS)
    assert commands[0] == "ddpm-grader correct 'my grades' 2023-00000 beta_schedule --accept"
    assert note.commands(Path("g")) == []
    page = index_page(shown)
    assert page.count(reason.text) == 1
    assert page.count(f'href="#{reason.anchor}"') == 9
    assert "and 1 more" in page
    assert "To settle first: 10 students" in page


def test_of_many_reasons_those_of_the_most_are_in_sight() -> None:
    students = [
        entry(
            f"2023-{n:05}", evidence(state=State.NEEDS_REVIEW, message=f"Reason {n // 2} of many.")
        )
        for n in range(40)
    ]
    page = index_page(book(*students))
    assert "8 more reasons" in page
    assert page.count("<p>Reason ") == 20
    commands = index_page(
        book(*[entry(f"2023-{n:05}", evidence(state=State.NEEDS_REVIEW)) for n in range(9)])
    )
    assert f"# and {9 * len(ITEMS) - 40} more" in commands


def test_who_could_not_be_read_is_named_and_in_no_mean() -> None:
    whole = evidence()
    unread = rejected(Flag("damaged", "The archive is cut off."))
    given = corrected("loss", 5)  # some points of a person's, and still not read
    students = [
        entry("2023-00001", whole),
        entry("2023-00002", evidence(fraction=0.5)),
        entry("2023-00003", unread),
        entry("2023-00004", unread, given),
        entry("2023-00005"),
    ]
    found = summarize("everybody", students)
    assert (found.mean, found.quartiles) == (75.0, (62.5, 75.0, 87.5))
    assert {state: [e.label for e in out] for state, out in found.out.items()} == {
        "rejected": ["2023-00003", "2023-00004"],
        "missing": ["2023-00005"],
    }
    page = html.unescape(re.sub(r"<[^>]*>", "", index_page(book(*students))))
    assert "mean 75, median 75, quartiles 62.5 and 87.5" in page
    assert "Not in the mean, rejected: 2023-00003, 2023-00004." in page
    (total, *_) = distributions(book(*students))
    assert total["mean"] == 75.0


def test_what_is_known_of_the_sender_is_nothing_to_settle_where_nothing_can_be_read() -> None:
    mistyped = Flag("student_id_mistyped", "The file is named otherwise.")
    student = entry("2023-00001", rejected(Flag("rejected", "The archive is empty."), mistyped))
    (reason,) = to_settle([student], [student.why])
    assert reason.text == "The archive is empty."


def test_characters_that_turn_text_round_stay_out_of_the_numbers() -> None:
    shown = details({"asked": [{"prompt": "a\u202etac\u2066"}], "plain": "b\u202e\x1b[31m\tc"})
    assert shown == 'asked: [{"prompt": "atac"}]\nplain: b\tc'


def test_sections_have_figures_of_their_own() -> None:
    parts = ["가", "가", "나", ""]
    students = [
        entry(f"2023-0000{n}", evidence(fraction=1 - n / 4), section=part)
        for n, part in enumerate(parts)
    ]
    found = [(one.name, round(one.mean or 0, 1)) for one in sections(students)]
    assert found == [("가", 87.5), ("나", 50.0), ("without one", 25.0)]
    assert sections(students[:2]) == []
    page = index_page(book(*students))
    assert 'data-section="나"' in page
    assert '<option value="가">' in page


def test_on_paper_the_index_has_its_columns_and_no_controls() -> None:
    style = index_page(book(entry("2023-00001", evidence())))
    style = style[: style.index("</style>")]
    assert "landscape" in style  # upright, its last columns would be cut off
    assert style.index(".tools, .settle details { display: none") > style.index(
        ".tools { display: flex"
    )


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_a_browser_shows_the_index_and_runs_nothing_of_a_students(tmp_path: Path) -> None:
    file, picture = tmp_path / "index.html", tmp_path / "index.png"
    file.write_text(pages()["index"], "utf-8")
    quiet = "no-sandbox disable-gpu disable-quic no-first-run disable-background-networking"
    options = [
        f"--{name}" for name in f"headless {quiet} disable-component-update disable-sync".split()
    ]
    command = [str(CHROMIUM), *options, f"--user-data-dir={tmp_path / 'profile'}"]
    subprocess.run(
        [*command, "--window-size=1200,900", f"--screenshot={picture}", file.as_uri()],
        capture_output=True,
        timeout=120,
        check=True,
    )
    with Image.open(picture) as shown:
        assert len(shown.convert("RGB").getcolors(1 << 24)) > 50
    done = subprocess.run(
        [*command, "--dump-dom", file.as_uri()],
        capture_output=True,
        timeout=120,
        text=True,
        check=True,
    )
    assert "2 of 2 shown" in done.stdout  # the page's own script ran
