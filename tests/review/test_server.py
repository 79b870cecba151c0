"""The server without a browser: who is let in, what is refused, what is kept."""

import multiprocessing
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from grader.batch.journal import Journal
from grader.sandbox import bubblewrap
from tests.review.room import L1, Served, Student, entries, grade, served, some_class


@pytest.fixture(scope="module")
def grades(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("class")
    grade(folder / "grades", folder / "in", some_class(8))
    return folder / "grades"


@pytest.fixture(scope="module")
def server(grades: Path) -> Iterator[Served]:
    with served(grades, port=18100) as found:
        yield found


def own(server: Served) -> str:
    return f"http://127.0.0.1:{server.port}"


def form_of(page: str) -> dict[str, list[str]]:
    """The fields of the form that decides, as a browser would send them."""
    found: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", page[page.index('<form id="decide"') :]):
        name = re.search(r'name="([^"]*)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name and value and ('type="checkbox"' not in tag or " checked" in tag):
            found.setdefault(name[1], []).append(value[1])
    return found


def group_with(server: Served, text: str) -> str:
    page = server.look("/queue?state=all")
    links = re.findall(r'href="(/group/[^"?]+)[^"]*".*?class="kind">([^<]*)<', page, re.DOTALL)
    return next(link for link, kind in links if text in kind)


def test_the_link_works_once_and_gives_a_cookie_that_scripts_cannot_read(server: Served) -> None:
    path = server.link.removeprefix(own(server))
    status, page, headers = server.ask("/")
    assert status == 403
    assert "opened the link" in page
    assert server.ask("/enter?token=wrong")[2].get("set-cookie") is None
    server.enter()
    status, _, headers = server.ask(path)
    assert (status, headers.get("set-cookie")) == (303, None)
    status, page, headers = server.ask("/", Cookie=server.cookie)
    assert status == 200
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


def test_the_cookie_is_for_this_machine_s_own_pages_alone(grades: Path) -> None:
    with served(grades, port=18110) as found:
        _, _, headers = found.ask(found.link.removeprefix(own(found)))
        cookie = headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie


@pytest.mark.parametrize(
    "path", ["/", "/queue", "/students", "/static/app.js", "/alike", "/nothing"]
)
def test_without_the_cookie_nothing_is_shown(server: Served, path: str) -> None:
    assert server.ask(path)[0] == 403
    assert server.ask(path, Cookie=f"ddpm_review_{server.port}=guess")[0] == 403


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:{}", "[::1]:{}", ""],
)
def test_another_host_is_refused(server: Served, host: str) -> None:
    server.cookie or server.enter()
    status, page, _ = server.ask("/", Cookie=server.cookie, Host=host.format(server.port))
    assert status in (400, 421)
    assert "2023-10000" not in page


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "", None])
def test_another_origin_changes_nothing(server: Served, grades: Path, origin: str | None) -> None:
    server.cookie or server.enter()
    headers = {"Cookie": server.cookie, "X_Form": server.form}
    if origin is not None:
        headers["Origin"] = origin
    assert server.ask("/undo", "POST", "act=x", **headers)[0] == 403


def test_a_form_of_an_earlier_run_changes_nothing(server: Served) -> None:
    server.cookie or server.enter()
    headers = {"Cookie": server.cookie, "Origin": own(server)}
    assert server.ask("/undo", "POST", "act=x", **headers)[0] == 403
    assert server.ask("/undo", "POST", "act=x", X_Form="guess", **headers)[0] == 403
    assert server.ask("/", Cookie=server.cookie, Sec_Fetch_Site="cross-site")[0] == 403


@pytest.mark.parametrize(
    "body", ["", "%ff=%ff", "group=x&answer=accept", "a" * 2_000_000, "&".join(["a=1"] * 6000)]
)
def test_what_is_no_form_is_a_sentence(server: Served, body: str) -> None:
    server.cookie or server.enter()
    status, page = server.post("/decide", body)
    assert status == 422
    assert "toast" in page


def test_paths_lead_nowhere_else(server: Served) -> None:
    server.cookie or server.enter()
    for path in ("/static/../app.py", "/static/%2e%2e%2fapp.py", "/picture/x/overlay", "/group/x"):
        assert server.ask(path, Cookie=server.cookie)[0] == 404, path


def test_one_answer_settles_all_that_are_ticked_and_undo_takes_it_back(
    server: Served, grades: Path
) -> None:
    server.cookie or server.enter()
    link = group_with(server, L1)
    form = form_of(server.look(link))
    assert len(form["member"]) == 2
    form |= {"answer": ["half"], "comment": ["L1 is half"], "member": form["member"][:1]}
    status, _ = server.post("/decide", urlencode(form, doseq=True))
    assert status == 200
    found = entries(grades)
    points = sorted(i.points for e in found.values() for i in e.items if i.id == "loss")
    assert points == [5.0, *[10.0] * 7]
    assert "Joined later" in server.look(link)
    status, _ = server.post("/undo", "act=")
    assert status == 200
    assert {i.points for e in entries(grades).values() for i in e.items if i.id == "loss"} == {10.0}
    assert server.post("/undo", "act=")[0] == 422


def test_two_browsers_that_decide_the_same_group_one_wins_and_the_other_is_told(
    server: Served, grades: Path
) -> None:
    server.cookie or server.enter()
    with served(grades, "--reviewer", "lee", port=18120) as other:
        other.enter()
        link = group_with(server, "DDIM")
        mine, theirs = form_of(server.look(link)), form_of(other.look(link.split("?")[0]))
        both = {"answer": ["reject"]}
        assert server.post("/decide", urlencode({**mine, **both}, doseq=True))[0] == 200
        status, page = other.post("/decide", urlencode({**theirs, "answer": ["full"]}, doseq=True))
        assert status == 409
        assert "meanwhile (0 points" in page
        found = [i for e in entries(grades).values() for i in e.items if i.id == "sampling"]
        assert sorted(i.points for i in found) == [5.0, 5.0, *[10.0] * 6]
        assert "0</b> / 5" in other.look(link.split("?")[0])  # it sees what the first did
        assert server.post("/undo", "act=")[0] == 200


def test_what_was_graded_anew_meanwhile_is_not_decided_unseen(tmp_path: Path) -> None:
    grade(tmp_path / "grades", tmp_path / "in", some_class(1))
    with served(tmp_path / "grades", port=18130) as found:
        found.enter()
        form = form_of(found.look(group_with(found, L1)))
        grade(tmp_path / "grades", tmp_path / "in", some_class(5), salt="new")
        status, page = found.post("/decide", urlencode({**form, "answer": ["full"]}, doseq=True))
        assert status == 422
        assert "graded anew" in page
        assert "2023-10004" in found.look(group_with(found, L1))  # results appear
        with Journal(tmp_path / "grades") as journal:
            assert journal.decisions() == []


def test_the_pages_show_a_decision_soon_and_no_others_are_written(tmp_path: Path) -> None:
    import time

    from grader.report.publish import publish

    grades = tmp_path / "grades"
    grade(grades, tmp_path / "in", some_class(5))
    with Journal(grades) as journal:
        publish(journal)
    times = {path: path.stat().st_mtime_ns for path in grades.glob("*/report.html")}
    with served(grades, port=18140) as found:
        found.enter()
        form = form_of(found.look(group_with(found, "cosine")))
        answer = {"answer": ["points"], "points": ["1.5"], "comment": ["seen <b>"]}
        assert found.post("/decide", urlencode({**form, **answer}, doseq=True))[0] == 200
        page = grades / "2023-10002" / "report.html"
        deadline = time.monotonic() + 60
        while "seen &lt;b&gt;" not in page.read_text("utf-8") and time.monotonic() < deadline:
            time.sleep(0.05)
        while "6.5*" not in (grades / "index.html").read_text("utf-8"):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    changed = [p.parent.name for p, at in times.items() if p.stat().st_mtime_ns != at]
    assert changed == ["2023-10002"]


def test_a_port_that_is_taken_is_said_and_the_next_one_used(grades: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 18150))
        taken.listen()
        with served(grades, port=18150) as found:
            assert found.port > 18150
            assert "Port 18150 is taken" in found.said


def test_it_listens_to_this_machine_alone(server: Served) -> None:
    connections = subprocess.run(["cat", "/proc/net/tcp"], capture_output=True, text=True).stdout
    listening = [
        line.split()[1] for line in connections.splitlines()[1:] if line.split()[3] == "0A"
    ]
    assert f"0100007F:{server.port:04X}" in listening
    assert f"00000000:{server.port:04X}" not in listening


def test_torch_is_never_imported() -> None:
    code = (
        "import sys, grader.review.start, grader.digits.overlay; "
        "print([m for m in ('torch', 'sklearn', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_without_grades_or_a_gradebook_it_is_one_line(tmp_path: Path) -> None:
    with Journal(tmp_path / "new", create=True):
        pass
    for folder, words in ((tmp_path, "There are no grades"), (tmp_path / "new", "no gradebook")):
        command = [sys.executable, "-m", "grader", "review", str(folder), "--no-browser"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 2
        assert words in done.stderr


def test_a_journal_of_before_is_opened_and_says_why_there_is_no_code(tmp_path: Path) -> None:
    grades = tmp_path / "grades"
    old = Student("2023-10000", {"loss.epsilon": L1}, shown={"code": None})
    grade(grades, tmp_path / "in", [old])
    with served(grades, port=18160) as found:
        found.enter()
        assert "graded before code was kept; grade again to see it" in found.look("/")


def test_grades_that_may_only_be_read_can_be_looked_at(tmp_path: Path) -> None:
    grades = tmp_path / "grades"
    grade(grades, tmp_path / "in", some_class(1))
    wrap = str(bubblewrap.find().program)
    walls = [wrap, "--dev-bind", "/", "/", "--ro-bind", str(grades), str(grades), "--"]
    with served(grades, "--reviewer", "kim", port=18170, walls=walls) as found:
        found.enter()
        assert "cannot be written" in found.said
        page = found.look(group_with(found, L1))
        assert L1 in page
        form = {**form_of(page), "answer": ["full"]}
        status, page = found.post("/decide", urlencode(form, doseq=True))
        assert status == 422
        assert "cannot be written or read" in page
        found.look("/students")
    with Journal(grades) as journal:
        assert journal.decisions() == []


FORKS = multiprocessing.get_context("forkserver")  # which imports once for all that are killed
FORKS.set_forkserver_preload(["grader.commands.correct", "grader.review.saving"])
BY_TABLE = """
from grader.commands.correct import correct_from
correct_from(grades, table, "ta")
"""
ON_THE_PAGE = """
from grader.batch.deciding import decided
from grader.review.bench import Asked, Workbench
from grader.review.saving import Writer
from grader.review.security import Keys
with j.Journal(grades) as journal, Writer(grades) as writer:
    bench = Workbench(journal, writer, Asked("ta"), Keys(), 1)
    entries = bench.room.entries
    bench.keep([
        decided(entries["2023-10000"], "loss", 3.0, "", "ta"),
        decided(entries["2023-10004"], "loss.sample", 1.0, "", "ta"),
    ], 0)
"""


@pytest.mark.parametrize(
    ("moment", "save"),
    [*((n, BY_TABLE) for n in range(0, 37, 2)), *((n, ON_THE_PAGE) for n in range(1, 37, 6))],
)
def test_killed_at_any_moment_of_a_save_nothing_is_lost_or_half_done(
    tmp_path: Path, moment: int, save: str
) -> None:
    """Killed before the n-th step of a save: a commit, or a file that is put in its place. There
    are 37 of them."""
    grades = tmp_path / "grades"
    grade(grades, tmp_path / "in", some_class(5))
    code = f"""
import os, signal
from grader.batch import database, journal as j
steps = 0
def step():
    global steps
    steps += 1
    if steps > {moment}:
        os.kill(os.getpid(), signal.SIGKILL)
replace, link = os.replace, os.fdopen
def counted(*a, **k):
    step(); replace(*a, **k); step()
os.replace = counted
def opened(*a, **k):
    step(); return link(*a, **k)
os.fdopen = opened
def traced(statement):
    if statement.split()[0] in ("BEGIN", "COMMIT", "INSERT", "DELETE"): step()
prepare = database.prepare
def prepared(db, path):
    prepare(db, path)
    db.set_trace_callback(traced)
database.prepare = prepared
{save}
"""
    table = tmp_path / "table.csv"
    table.write_text("student,target,points\n2023-10000,loss,3\n2023-10004,loss.sample,1\n")
    saving = FORKS.Process(target=exec, args=(code, {"grades": grades, "table": table}))
    saving.start()
    saving.join()
    assert saving.exitcode in (0, -signal.SIGKILL)
    saving.close()
    with Journal(grades) as journal:
        made = {(d.label, d.target, d.points) for d in journal.decisions()}
        both = {("2023-10000", "loss", 3.0), ("2023-10004", "loss.sample", 1.0)}
        assert made in (set(), both)
        left = set(journal.unwritten())
    from grader.commands.correct import correct

    correct(grades, "2023-10001", "loss", 9.0, "", "ta")  # the next save catches up
    with Journal(grades) as journal:
        assert journal.unwritten() == {}
    found = entries(grades)
    for label in {label for label, _, _ in made} | left:
        page = (grades / label / "report.html").read_text("utf-8")
        assert f"{found[label].points:g} <span" in page.replace(".00", "")
