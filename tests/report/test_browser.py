"""The pages in a real browser: for every eye and screen, on paper, with hostile texts."""

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from grader.batch.gradebook import read_gradebook
from grader.batch.journal import Journal
from grader.batch.roster import Student as Listed
from grader.commands.correct import correct
from grader.commands.export import Wanted, export
from grader.report.mistakes import mistakes_page
from grader.report.publish import publish
from grader.report.student import student_page
from grader.results import Flag, State
from tests.batch.fake import unreadable
from tests.report.books import book, entry
from tests.report.test_pages import EVIL
from tests.review.room import CLIP, DDIM, L1, Student, grade, picture

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
SHOTS = os.environ.get("REPORT_SHOTS")  # a folder that keeps the pictures of all pages
PAGES = {
    "index": "index.html",
    "mistakes": "mistakes.html",
    "student": "2023-10001/report.html",
    "ta": "2023-10001/report_ta.html",
    "evil": "2023-10005/report_ta.html",
    "rejected": "rejected.html",
    "mistakes-both": "mistakes-both.html",
    "gallery": "export/gallery.html",
}
WIDTHS = (1440, 375)
SCHEMES = ("light", "dark")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def grades(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class of thirty with something of each kind."""
    folder = tmp_path_factory.mktemp("class")
    settings = {f"{p}_{s}": picture() for p in ("epsilon", "sample") for s in ("linear", "cosine")}
    lost = {"beta_schedule.cosine": "The cosine schedule is not right: its values fall."}
    students = [
        Student("2023-10000", {}, shown={"settings": settings}),
        Student("2023-10001", lost, 0.0, state=State.FAILED, shown={"settings": settings}),
        Student("2023-10002", {"loss.epsilon": L1, "loss.sample": L1}),
        Student("2023-10003", {"sampling.epsilon": DDIM}),
        Student("2023-10004", {"beta_schedule.cosine": CLIP.format(0.5)}),
        Student(
            "2023-10005", {"loss.epsilon": EVIL}, 0.0, EVIL, [Flag("x", EVIL)], state=State.FAILED
        ),
        *(Student(f"2023-2{n:04}", lost, n / 30, state=State.PARTIAL) for n in range(24)),
    ]
    roster = {
        s.id: Listed(s.id, EVIL if n == 5 else f"Name {n}", section="AB"[n % 2])
        for n, s in enumerate([*students, Student("2023-30000", {})])
    }
    grade(folder / "grades", folder / "in", students, roster=roster)
    with Journal(folder / "grades") as journal:
        publish(journal)
    words = "Read again: the clip is there."
    correct(folder / "grades", "2023-10001", "loss", 8, words, "a TA", accept=False)
    more_pages(folder / "grades")
    return folder / "grades"


def more_pages(grades: Path) -> None:
    """Those of other classes, and the pictures that students agree to show."""
    cut_off = entry("2023-40000", unreadable("2023-40000.tar.gz"))
    told = replace(book(cut_off), language="both")
    (grades / "rejected.html").write_text(student_page(told, cut_off, b"", {}), "utf-8")
    with Journal(grades) as journal:
        page = mistakes_page(journal, replace(read_gradebook(journal), language="both"))
    (grades / "mistakes-both.html").write_text(page, "utf-8")
    agreed = grades / "agreed.csv"
    agreed.write_text("2023-10001\n2023-10005\n", "utf-8")
    export(grades, "gallery", None, Wanted(consent=agreed, names=True))


@dataclass
class Seen:
    """A page and what its browser was told."""

    page: Any
    told: list[str]
    asked: list[str]


def visit(browser: Any, path: Path, width: int = 1440, scheme: str = "light") -> Seen:
    size = {"width": width, "height": 900}
    context = browser.new_context(viewport=size, color_scheme=scheme, bypass_csp=False)
    seen = Seen(context.new_page(), [], [])
    seen.page.on("request", lambda request: seen.asked.append(request.url))
    seen.page.on("dialog", lambda dialog: (seen.told.append("dialog"), dialog.dismiss()))
    seen.page.on("pageerror", lambda error: seen.told.append(str(error)))
    seen.page.on("console", lambda said: seen.told.append(said.text))
    seen.page.goto(path.as_uri())
    return seen


def audit(page: Any) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in found]


def keep(page: Any, name: str) -> None:
    if SHOTS:
        Path(SHOTS, f"{name}.png").write_bytes(page.screenshot(full_page=True))


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_accessible_and_fits(
    browser: Any, grades: Path, name: str, width: int, scheme: str
) -> None:
    seen = visit(browser, grades / PAGES[name], width, scheme)
    page = seen.page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    keep(page, f"{name}-{width}-{scheme}")
    page.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
    assert audit(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert seen.told == []
    assert all(url.startswith(("file:", "data:")) for url in seen.asked)
    page.context.close()


@pytest.mark.parametrize("name", PAGES)
def test_on_paper_the_bars_are_there_and_no_controls(browser: Any, grades: Path, name: str) -> None:
    seen = visit(browser, grades / PAGES[name], 700, "dark")
    page = seen.page
    page.emulate_media(media="print", color_scheme="dark")
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(255, 255, 255)"
    assert not any(one.is_visible() for one in page.locator("nav, .tools").all())
    for bar in page.locator(".bars i, .meter i, .whole i").all()[:30]:
        assert bar.evaluate("one => getComputedStyle(one).printColorAdjust") == "exact"
    for title in page.locator("h2, h3").all():
        assert title.evaluate("one => getComputedStyle(one).breakAfter") == "avoid"
    keep(page, f"{name}-paper")
    page.context.close()


def sheets(page: Any) -> int:
    content = page.pdf(prefer_css_page_size=True)
    return len(re.findall(rb"/Type\s*/Page\b", content))


def test_a_students_page_takes_one_or_two_sheets_in_both_languages(
    browser: Any, grades: Path
) -> None:
    with Journal(grades) as journal:
        gradebook = replace(read_gradebook(journal), language="both")
        entry = gradebook.entry("2023-10001")
        overlay, shown = journal.pictures(entry.key or "")
    (grades / "both.html").write_text(student_page(gradebook, entry, overlay, shown), "utf-8")
    page = visit(browser, grades / "both.html").page
    assert 1 <= sheets(page) <= 2
    page.context.close()


def test_the_four_settings_stand_two_by_two(browser: Any, grades: Path) -> None:
    seen = visit(browser, grades / PAGES["student"])
    boxes = [one.bounding_box() for one in seen.page.locator(".settings .card").all()]
    assert len({box["x"] for box in boxes}) == len({box["y"] for box in boxes}) == 2
    for image in seen.page.locator(".settings img").all():
        assert image.bounding_box()["width"] > 380
    seen.page.context.close()


def test_the_header_stays_in_sight(browser: Any, grades: Path) -> None:
    seen = visit(browser, grades / "index.html")
    last = seen.page.locator("#students tbody tr").last
    last.scroll_into_view_if_needed()
    box = seen.page.locator("#students thead").bounding_box()
    assert box["y"] == pytest.approx(0, abs=1)
    assert last.bounding_box()["y"] > box["height"]
    seen.page.context.close()


def shown(page: Any) -> list[str]:
    rows = page.locator("#students tbody tr:not([hidden]) td.id").all()
    return [row.inner_text().split()[0] for row in rows]


def test_back_and_a_copied_address_keep_filters_search_and_order(
    browser: Any, grades: Path
) -> None:
    seen = visit(browser, grades / "index.html")
    page = seen.page
    page.locator("#words").fill("name")
    page.select_option("#section", "A")
    page.select_option("#state", "graded")
    page.locator("#students th", has_text="Noise schedule").locator("button").click()
    page.locator("#students th", has_text="Noise schedule").locator("button").click()
    rows = shown(page)
    points = page.locator("#students tbody tr:not([hidden]) td:nth-child(4)").all_inner_texts()
    assert [float(p) for p in points] == sorted(map(float, points), reverse=True)
    assert 5 < len(rows) < 20
    for word in ("q=name", "section=A", "state=graded", "sort=-beta_schedule"):
        assert word in page.url
    page.locator("#students tbody tr:not([hidden]) td.id a").first.click()
    page.wait_for_url("**/report_ta.html")
    page.go_back()
    assert shown(page) == rows
    assert page.locator("#words").input_value() == "name"
    copied = page.url
    page.goto("about:blank")
    page.goto(copied)
    assert shown(page) == rows
    page.goto(re.sub(r"\?.*", "?state=nothing&sort=-evil&section=C", copied))
    assert len(shown(page)) == 31
    assert seen.told == []
    page.context.close()


@pytest.mark.parametrize("key", ["setting_epsilon_cosine", "text_to_image", "points", "to settle"])
def test_the_order_goes_by_the_column_that_was_asked_for(
    browser: Any, grades: Path, key: str
) -> None:
    """The heads of the settings stand in a second row, so cells are not counted by heads."""
    seen = visit(browser, grades / "index.html")
    page = seen.page
    head = page.locator(f'th[data-key="{key}"]')
    column = page.evaluate(f"columns.indexOf({key!r})")
    cell = page.locator(f"#students tbody tr td:nth-child({column + 1})").first
    left, right = head.bounding_box(), cell.bounding_box()
    assert left["x"] == pytest.approx(right["x"], abs=2)
    page.context.close()


def test_on_a_telephone_students_are_cards(browser: Any, grades: Path) -> None:
    seen = visit(browser, grades / "index.html", 375)
    page = seen.page
    rows = page.locator("#students tbody tr").all()
    assert all(row.bounding_box()["height"] > 60 for row in rows[:5])
    assert not page.locator("#students thead").is_visible()
    label = page.locator("#students td.it").first
    assert label.evaluate("one => getComputedStyle(one, '::before').content") == '"Noise schedule"'
    page.context.close()


def test_students_are_found_by_the_words_of_their_reasons(browser: Any, grades: Path) -> None:
    seen = visit(browser, grades / "index.html")
    seen.page.locator("#words").fill("deterministic ddim")
    assert shown(seen.page) == ["2023-10003"]
    seen.page.context.close()


def test_from_a_row_a_click_leads_to_the_reason_and_its_command(browser: Any, grades: Path) -> None:
    seen = visit(browser, grades / "index.html")
    page = seen.page
    page.locator("#students td.why a", has_text="Training loss").first.click()
    reason = page.locator("li:target")
    assert L1 in reason.inner_text()
    reason.locator("summary").click()
    command = f"ddpm-grader correct {grades} 2023-10002 loss --accept"
    assert command in reason.locator("pre").inner_text()
    page.context.close()


def test_all_students_are_walked_by_next(browser: Any, grades: Path) -> None:
    seen = visit(browser, grades / "2023-10000/report_ta.html")
    page, count = seen.page, 1
    while page.locator("a[rel=next]").count():
        page.locator("a[rel=next]").click()
        count += 1
    assert count == 30
    page.locator("a[rel=prev]").click()
    page.locator("nav a", has_text="All students").click()
    assert page.locator("#students").is_visible()
    page.context.close()
