"""The workbench in a real browser: by keyboard, with hostile texts, for every eye and screen."""

import csv
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.batch.journal import Journal
from grader.batch.requests import take_in
from grader.results import Flag
from tests.review.room import (
    CLIP,
    CODE,
    L1,
    Served,
    Student,
    entries,
    grade,
    picture,
    served,
    some_class,
)

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
SHOTS = os.environ.get("REVIEW_SHOTS")  # a folder that keeps the pictures of all views
WAIT = int(os.environ.get("REVIEW_WAIT", "60")) * 1000  # milliseconds, on a busy machine

EVIL = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "</style><style>*{display:none}</style>",
    "</pre></figure></main><h1>mine</h1>",
    "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "<iframe src=javascript:alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "<img src='http://evil.example/x.png'>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "@import url(//evil.example/x.css)",
    "<object data=//evil.example></object>",
    "<form action=//evil.example><button>Accept</button></form>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<div hx-get='//evil.example' hx-trigger='load'>x</div>",
    "<div hx-on:load='alert(1)' hx-vals='js:{a:alert(1)}'>x</div>",
    "<input autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "{{ 7 * 7 }}",
    "{% include 'base.html' %}",
    "${7*7}",
    "<!--",
    "]]>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "\u202egnp.exe\u202c",
    "\u2066\u200f\u2069 reversed",
    "\x1b[31mred\x1b[0m\x1b]0;title\x07",
    "\x00\x01\x08\x7f",
    "\ud800 half",
    "x" * 20_000,
    "<" * 2_000,
    "\u0301" * 500,
    '=HYPERLINK("http://evil.example")',
]


@pytest.fixture(scope="module")  # as long as it is there, nothing else can wait for anything
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


class Seen:
    """A page, and all that its browser did: what it asked for, what it was told, what ran."""

    def __init__(self, browser: Any, server: Served, **context: Any) -> None:
        options = {"viewport": {"width": 1360, "height": 900}, **context}
        self.context = browser.new_context(**options)
        self.context.set_default_timeout(WAIT)
        self.page, self.server = self.context.new_page(), server
        self.asked: list[str] = []
        self.told: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("dialog", lambda dialog: (self.told.append("dialog"), dialog.dismiss()))
        self.page.on("pageerror", lambda error: self.told.append(str(error)))
        self.page.on("console", lambda said: self.told.append(said.text))

    def enter(self) -> Any:
        self.page.goto(self.server.link)
        return self.page

    def shot(self, name: str) -> bytes:
        picture: bytes = self.page.screenshot(caret="initial")
        if SHOTS:
            Path(SHOTS, f"{name}.png").write_bytes(picture)
        return picture

    def strangers(self) -> list[str]:
        return [
            url for url in self.asked if not url.startswith(f"http://127.0.0.1:{self.server.port}/")
        ]


def settle_all(page: Any, key: str) -> int:
    """Presses the key until nothing is left, and returns how often."""
    for pressed in range(200):
        if page.locator("#panel .empty").count():
            return pressed
        left = page.locator("#progress").inner_text()
        page.keyboard.press(key)
        page.wait_for_function("t => document.querySelector('#progress').innerText !== t", arg=left)
        page.wait_for_function("() => !document.querySelector('.htmx-request')")
    raise AssertionError("it does not end")


def test_a_class_of_forty_is_settled_by_keyboard_alone(browser: Any, tmp_path: Path) -> None:
    grades = tmp_path / "grades"
    grade(grades, tmp_path / "in", some_class(40))
    with served(grades, port=18300) as server:
        seen = Seen(browser, server)
        page = seen.enter()
        assert page.locator("#panel h1").inner_text() == CLIP.format("…")
        for key, title in (("j", L1), ("k", CLIP.format("…")), ("j", L1)):
            page.keyboard.press(key)
            shown = "t => document.querySelector('#panel h1').innerText === t"
            page.wait_for_function(shown, arg=title)
        page.keyboard.press("n")  # the second student is taken out
        page.wait_for_selector(".member:nth-of-type(2) .card")
        page.keyboard.press("x")
        assert page.locator("[data-ticked]").inner_text() == "9 students"
        page.keyboard.press("c")
        page.keyboard.type("L1 was not asked for")
        page.keyboard.press("Enter")
        page.keyboard.press("h")
        page.wait_for_selector(".proposal button")
        assert "50 %" in page.locator(".proposal").inner_text()
        page.keyboard.press("u")  # and all of it once more, by points
        page.wait_for_function(
            "() => document.querySelectorAll('.member:not(.done)').length === 10"
        )
        page.keyboard.press("p")
        page.keyboard.type("7.5")
        page.keyboard.press("Enter")
        page.wait_for_function("t => document.querySelector('#panel h1').innerText !== t", arg=L1)
        assert settle_all(page, "a") == 2
        assert "All is settled" in page.locator("#panel").inner_text()
        seen.shot("settled")
        assert not seen.told
    found = entries(grades)
    assert all(entry.status == "graded" for entry in found.values())
    lost = [entry.points for entry in found.values() if entry.points != 100]
    assert lost == [97.5] * 10


COUNTS = """
["main #panel", "h1", "main :is(script, iframe, base, meta, object, style, form[action])"]
    .map(what => document.querySelectorAll(what).length)
"""


def hostile_class(grades: Path, handed_in: Path) -> None:
    """Forty students, each with one of the texts as code, prompt, message, flag, comment, student
    id, name, and name of the file and of the folder of grades."""
    from grader.batch.deciding import decided
    from grader.batch.gradebook import read_gradebook
    from grader.batch.roster import Student as Listed

    def part(n: int, text: str) -> Student:
        # what a file system takes of it
        name = text.replace("/", "\u2215").replace("\0", "").replace("\ud800", "\udc80")[:80]
        quoted = ("\n".join(EVIL) if n == 0 else text).replace("'", "\\'")
        return Student(
            f"2023-{10000 + n}",
            {"loss.epsilon": f"{text} A person must look."},
            code=CODE.replace("return loss", f"'''\n{quoted}\n'''"),
            flags=(Flag("notebook_problem", text), Flag(text[:80], text)),
            shown={
                "asked": [{"prompt": text, "how": text}],
                "refused": [{"look": text[:80], "where": text, "picture": picture()}],
                "views": {"epsilon_linear": {"first frame": picture()}},
            },
            file=f"2023-{10000 + n} {name}.tar.gz",
        )

    students = [part(n, text) for n, text in enumerate(EVIL)]
    roster = {s.id: Listed(s.id, text[:500]) for s, text in zip(students, EVIL, strict=True)}
    grade(grades, handed_in, students, roster=roster)
    pair = {"what": "code", "likeness": 1.0, "evidence": EVIL[0], "lines": EVIL}
    with Journal(grades) as journal:
        for n, (entry, text) in enumerate(zip(read_gradebook(journal).entries, EVIL, strict=True)):
            whole = text.encode("utf-8", "replace").decode()  # as a path and SQLite take it
            label = f"{whole} {n}"
            told = {"label": label, "student_id": text, "user": text}
            row = {**entry.row, **told, "others": [text], "notes": [text]}
            journal.write_row(entry.label, label, row, entry.key)
            journal.decide([decided(entry, "sampling.epsilon", 1.0, whole, "ta", group="x")])
        labels = [entry.label for entry in read_gradebook(journal).entries]
        pairs = [{**pair, "first": labels[n], "second": labels[n + 1]} for n in (0, 20)]
        journal.note({"pairs": pairs})


def test_forty_hostile_texts_are_shown_as_text(browser: Any, tmp_path: Path) -> None:
    assert len(EVIL) == 40
    grades = tmp_path / "grades"
    hostile_class(grades, tmp_path / "in")
    form = tmp_path / "form.csv"
    with form.open("w", encoding="utf-8", errors="replace", newline="") as file:
        rows = [("2023-10000", "loss", "\n".join(EVIL)), *((text, text, text) for text in EVIL)]
        cells = [[cell.replace("\0", "") for cell in row] for row in rows]
        csv.writer(file).writerows([("id", "item", "text"), *cells])
    with Journal(grades) as journal:
        assert take_in(journal, form) > 30
    with served(grades, "--reviewer", EVIL[0], port=18310) as server:
        seen = Seen(browser, server)
        page = seen.enter()
        for text in EVIL[:3]:
            page.fill("#comment", text)
            page.keyboard.press("Enter")
            page.keyboard.press("h")
            page.wait_for_function("() => document.querySelector('#toast .said')")
            page.wait_for_function("() => !document.querySelector('.htmx-request')")
        start = f"http://127.0.0.1:{server.port}"
        links = page.eval_on_selector_all("#groups a", "all => all.map(a => a.href)")
        for view, found in (("students", "table a"), ("alike", ".card a")):
            page.goto(f"{start}/{view}")
            links += page.eval_on_selector_all(found, "all => all.map(a => a.href)")
        links += [f"{start}/{name}" for name in ("history", "requests", "second", "students")]
        assert len(links) > 80
        for link in links:
            page.goto(link)
            assert page.evaluate(COUNTS) == [1, 1, 0], link
        page.fill("#words", "<script>")
        page.wait_for_function("() => !document.querySelector('.htmx-request')")
        assert seen.strangers() == []
        assert seen.told == []


def audit(page: Any) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in found]


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A class with something in every view."""
    folder = tmp_path_factory.mktemp("views")
    grades = folder / "grades"
    lines = [f"value_{n} = torch.sqrt(alpha[{n}] * {n}.5)  # of my own" for n in range(60)]
    students = some_class(6)
    copies = [
        Student(
            f"2023-2000{n}",
            {},
            prints={"lines": lines, "tensors": [], "samples": ""},
            code="\n".join(lines),
        )
        for n in range(2)
    ]
    grade(grades, folder / "in", [*students, *copies])
    from grader.commands.correct import correct

    correct(grades, "2023-10001", "sampling.epsilon", 2.0, "not what was asked", "lee")
    form = folder / "form.csv"
    form.write_text("id,item,text\n2023-10002,loss,Please look at my loss again.\n", "utf-8")
    with Journal(grades) as journal:
        take_in(journal, form)
    with served(grades, port=18320) as server:
        server.enter()
        yield server


def visit(browser: Any, server: Served, **context: Any) -> Seen:
    seen = Seen(browser, server, **context)
    name, _, value = server.cookie.partition("=")
    seen.context.add_cookies([{"name": name, "value": value, "domain": "127.0.0.1", "path": "/"}])
    return seen


VIEWS = ("", "students", "alike", "pair", "second", "requests", "history", "student")


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(
    ("name", "context"),
    [
        ("light", {}),
        ("dark", {"color_scheme": "dark"}),
        ("phone", {"viewport": {"width": 375, "height": 800}}),
    ],
)
def test_every_view_passes_the_audit(
    browser: Any, everything: Served, view: str, name: str, context: dict[str, Any]
) -> None:
    seen = visit(browser, everything, **context)
    page, start = seen.page, f"http://127.0.0.1:{everything.port}"
    page.goto(
        f"{start}/{ {'pair': 'alike', 'student': 'students'}.get(view, view) }".replace(" ", "")
    )
    if view == "pair":
        page.locator(".card h2 a").first.click()
        page.wait_for_selector(".columns .row.same")
    if view == "student":
        page.locator("table a").first.click()
        page.wait_for_selector(".tile")
    page.wait_for_function(
        "() => [...document.images].every(i => i.loading === 'lazy' || i.complete)"
    )
    assert audit(page) == []
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= page.viewport_size["width"]
    seen.shot(f"{view or 'doubts'}-{name}")
    assert seen.strangers() == []
    assert seen.told == []
    seen.context.close()


@pytest.mark.parametrize("typed", ["ㅓ", "Process", "J"])
def test_a_key_counts_also_where_hangul_is_typed_or_capitals_are_locked(
    browser: Any, everything: Served, typed: str
) -> None:
    seen = visit(browser, everything)
    page = seen.page
    page.goto(f"http://127.0.0.1:{everything.port}/")
    first = page.locator("#panel h1").inner_text()
    page.evaluate(
        "key => document.body.dispatchEvent(new KeyboardEvent("
        "'keydown', {key, code: 'KeyJ', bubbles: true}))",
        typed,
    )
    page.wait_for_function("t => document.querySelector('#panel h1').innerText !== t", arg=first)
    seen.context.close()


def test_a_digit_is_overruled_by_a_click_and_by_key(browser: Any, everything: Served) -> None:
    seen = visit(browser, everything)
    page = seen.page
    page.goto(f"http://127.0.0.1:{everything.port}/students")
    page.locator("table a", has_text="2023-10003").click()
    page.locator('.tile[data-tile="3"]').click()
    page.wait_for_selector('.tile.person[data-tile="3"]')
    assert "97 of 100" in page.locator(".tiles figcaption").inner_text()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Space")
    page.wait_for_selector('.tile.person[data-tile="2"]')
    assert "98 of 100" in page.locator(".tiles figcaption").inner_text()
    assert "9.8 / 10" in page.locator(".tiles figcaption").inner_text()
    seen.shot("tiles")
    page.keyboard.press("u")
    page.wait_for_selector("#toast .said")
    seen.context.close()


def test_a_slider_gives_points_for_notebook_2_2(browser: Any, everything: Served) -> None:
    seen = visit(browser, everything)
    page = seen.page
    page.goto(f"http://127.0.0.1:{everything.port}/students")
    page.locator("table a", has_text="2023-10003").click()
    form = page.locator("#item-text_to_image form.whole")
    form.locator("input[type=range]").focus()
    page.keyboard.press("ArrowLeft")
    assert form.locator("[name=points]").input_value() == "9.5"
    form.locator("button", has_text="Save").click()
    page.wait_for_selector("#item-text_to_image .note")
    assert "9.5" in page.locator("#item-text_to_image .note").first.inner_text()
    seen.shot("slider")
    seen.context.close()


def test_a_request_is_answered_and_a_pair_is_judged(browser: Any, everything: Served) -> None:
    seen = visit(browser, everything)
    page, start = seen.page, f"http://127.0.0.1:{everything.port}"
    page.goto(f"{start}/requests")
    page.fill("textarea", "You are right: it is the mean.")
    page.fill(".answer [name=points]", "9")
    page.locator("button", has_text="Answer").click()
    page.wait_for_function("() => document.querySelector('#panel').innerText.includes('1 of 1')")
    page.goto(f"{start}/alike")
    page.locator(".card h2 a").first.click()
    page.locator("button", has_text="fine").click()
    page.wait_for_selector(".card .note")
    page.goto(f"{start}/second")
    page.fill("[name=points]", "5")
    page.locator("button", has_text="My opinion").click()
    page.wait_for_selector("tr.differ")
    assert "2 (lee)" in page.locator("tr.differ").inner_text()
    assert not seen.told
    seen.context.close()


def test_anonymous_review_shows_no_name_id_or_file(browser: Any, tmp_path: Path) -> None:
    from grader.batch.roster import Student as Listed

    grades = tmp_path / "grades"
    code = f"# 2023-10000 Kim Minsu 김민수의 코드\n{CODE}"
    students = [
        Student(
            "2023-10000", {"loss.epsilon": L1}, code=code, flags=(Flag("x", "2023-10000.tar.gz"),)
        ),
        Student("2023-10001", {"loss.epsilon": f"{L1} See 202310000."}),
    ]
    roster = {
        "2023-10000": Listed("2023-10000", "김민수"),
        "2023-10001": Listed("2023-10001", "Kim Minsu"),
    }
    grade(grades, tmp_path / "in", students, roster=roster)
    with served(grades, "--anonymous", "--lang", "ko", port=18330) as server:
        seen = Seen(browser, server)
        page = seen.enter()
        assert page.locator("html").get_attribute("lang") == "ko"
        links = page.eval_on_selector_all("#panel .links a", "all => all.map(a => a.href)")
        pages = [page.content()]
        for link in [
            *links,
            *(f"http://127.0.0.1:{server.port}/{n}" for n in ("students", "history")),
        ]:
            page.goto(link)
            pages.append(page.content())
        assert audit(page) == []
        page.goto(f"http://127.0.0.1:{server.port}/")
        seen.shot("anonymous-korean")
    for text in pages:
        for word in ("2023-10000", "202310000", "10000", "Kim Minsu", "김민수", "tar.gz"):
            assert word not in text, word


def test_on_paper_the_controls_are_gone(browser: Any, everything: Served) -> None:
    seen = visit(browser, everything)
    seen.page.goto(f"http://127.0.0.1:{everything.port}/")
    seen.page.emulate_media(media="print")
    for hidden in (".bar", ".side", ".top nav"):
        assert not seen.page.locator(hidden).is_visible()
    assert seen.page.locator("#panel h1").is_visible()
    seen.shot("paper")
    seen.context.close()


def test_when_the_server_is_gone_it_is_said(browser: Any, tmp_path: Path) -> None:
    grade(tmp_path / "grades", tmp_path / "in", some_class(2))
    with served(tmp_path / "grades", port=18340) as server:
        page = Seen(browser, server).enter()
    page.keyboard.press("a")
    page.wait_for_selector("#toast .problem")
    assert "start ddpm-grader review again" in page.locator("#toast").inner_text()
