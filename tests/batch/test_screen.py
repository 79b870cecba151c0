"""What is seen while a batch runs: at a terminal, in a narrow one, and in a log."""

import io
import time
from pathlib import Path

import pytest
from rich.console import Console
from rich.text import Text

from grader.batch import screen as module
from grader.batch.estimate import Spent, seconds_left
from grader.batch.places import Place
from grader.batch.screen import Screen, clock_face, spoken
from grader.batch.work import Job, Unreadable, stage_file
from grader.results import Flag, State
from tests.batch.fake import TASK, evidence, rejected


class Clock:
    """A clock that is set by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def terminal(width: int = 80, **more: object) -> Console:
    return Console(file=io.StringIO(), width=width, force_terminal=True, **more)  # type: ignore[arg-type]


def seen(screen: Screen, width: int = 80) -> list[str]:
    """The last lines of the terminal."""
    console = Console(width=width, file=io.StringIO())
    with console.capture() as captured:
        console.print(screen, end="")
    return [line.rstrip() for line in captured.get().splitlines()]


def test_it_says_what_it_does_before_anything_is_graded(clock: Clock) -> None:
    screen = Screen(terminal(), clock=clock)
    assert seen(screen) == ["Starting."]
    screen.stage("reading what was handed in")
    assert seen(screen) == ["Reading what was handed in."]


def test_who_is_graded_since_when_and_at_which_stage(clock: Clock, tmp_path: Path) -> None:
    screen = Screen(terminal(), tmp_path, Path("grades/index.html"), clock)
    screen.begun([1] * 3, 0)
    screen.given("2023-00001")
    clock.now += 70
    screen.given("2023-00002")
    job = Job("2023-00001", "x", Place(Path("x")), TASK, stages=tmp_path)
    job.tell("counting clear digits")
    clock.now += 5
    bar, first, second = seen(screen)
    assert bar.endswith("0 of 3 in 1:15")
    assert first == "2023-00001  1:15  counting clear digits"
    assert second == "2023-00002  0:05  starting a worker"
    screen.ended("2023-00002", evidence(), "2023-00002")
    assert seen(screen)[-1] == "So far: grades/index.html"


def test_no_worker_starts_once_everybody_is_graded(clock: Clock) -> None:
    screen = Screen(terminal(), clock=clock)
    screen.begun([1], 0)
    screen.stage("starting the workers")
    screen.given("2023-00001")
    screen.ended("2023-00001", evidence(), "2023-00001")
    assert seen(screen)[-1] == "Ending the workers."


def test_of_many_the_slowest_are_shown(clock: Clock) -> None:
    screen = Screen(terminal(), clock=clock)
    screen.begun([1] * 100, 0)
    for number in range(20):
        screen.given(f"2023-{number:05}")
        clock.now += 1
    lines = seen(screen)
    assert lines[1].startswith("2023-00000  0:20")
    assert lines[-1] == "and 12 more"
    assert len(lines) == 10


@pytest.mark.parametrize("width", [20, 32, 40, 60, 80, 200])
def test_no_line_is_wider_than_the_terminal(clock: Clock, width: int, tmp_path: Path) -> None:
    screen = Screen(terminal(), tmp_path, Path("a/very/long/way/to/the/grades/index.html"), clock)
    screen.begun([1] * 250, 0)
    for number in range(2):
        screen.given(f"2023-{number:05}")
        stage_file(tmp_path, f"2023-{number:05}").write_text("examining schedules and loss")
    clock.now += 30
    screen.ended("2023-00000", evidence(), "2023-00000")
    lines = seen(screen, width)
    assert len(lines) == 3
    assert all(len(line) <= width for line in lines)
    assert "1 of 250" in lines[0]


def test_a_line_for_each_that_ended_with_its_name_of_now_and_its_time(clock: Clock) -> None:
    console = Console(file=io.StringIO(), width=40)
    screen = Screen(console, clock=clock)
    screen.begun([1] * 4, 1)
    for number in range(4):
        screen.given(f"user_{number}")
    clock.now += 12.9
    screen.ended("user_0", evidence(fraction=0.5), "2023-00000")
    damaged = Flag("rejected", "The archive is damaged.")
    screen.ended("user_1", rejected(damaged), "user_1")
    failed = evidence(state=State.INFRA_ERROR, message="The grader failed.")
    screen.ended("user_2", failed, "user_2")
    screen.ended("user_3", Unreadable("in/x.tar.gz cannot be read: gone."), "user_3")
    assert console.file.getvalue().splitlines() == [  # type: ignore[attr-defined]
        "1 result is in the journal already.",
        "2023-00000  50 / 100  graded  0:12",
        "user_1  rejected: The archive is damaged.  0:12",
        "user_2  The grader failed.  0:12",
        "user_3  in/x.tar.gz cannot be read: gone.  0:12",
    ]


def test_a_log_has_plain_lines_and_one_of_them_each_minute(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MINUTE", 0.05)
    console = Console(file=io.StringIO(), width=80)
    with Screen(console, clock=clock).shown() as screen:
        screen.stage("starting the workers")
        screen.begun([1] * 2, 0)
        screen.given("2023-00001")
        screen.given("2023-00002")
        clock.now += 65
        screen.ended("2023-00001", evidence(), "2023-00001")
        deadline = time.monotonic() + 10
        while "now:" not in console.file.getvalue() and time.monotonic() < deadline:  # type: ignore[attr-defined]
            time.sleep(0.01)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "\x1b" not in text
    assert "Starting the workers.\n" in text
    now = "now: 2023-00002  1:05  with a worker, or waiting for one"
    assert f"1 of 2 in 1:05, about 65 s left; {now}\n" in text


@pytest.mark.parametrize("dumb", [True, False])
def test_colours_and_moving_lines_only_where_the_terminal_can(
    dumb: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "dumb" if dumb else "xterm-256color")
    console = Console(file=io.StringIO(), width=80, force_terminal=True)
    with Screen(console).shown() as screen:
        screen.stage("starting the workers")
    assert ("\x1b" in console.file.getvalue()) != dumb  # type: ignore[attr-defined]


def test_no_color_is_heeded(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    console = terminal()
    screen = Screen(console, clock=clock)
    screen.say(Text("red", style="red"))
    assert "\x1b[3" not in console.file.getvalue()  # type: ignore[attr-defined]


def test_names_of_submissions_are_no_markup(clock: Clock) -> None:
    console = Console(file=io.StringIO(), width=200)
    Screen(console, clock=clock).ended("x", Unreadable("[red]x[/red] cannot be read."), "x")
    assert "[red]x[/red]" in console.file.getvalue()  # type: ignore[attr-defined]


def spent(*seconds: float, size: int = 1) -> list[Spent]:
    return [Spent(size, one) for one in seconds]


def test_nothing_is_estimated_from_nothing() -> None:
    assert seconds_left([], spent(5), [1] * 10, 2) is None
    assert seconds_left(spent(0, 0), spent(5), [1] * 10, 2) is None


def test_an_even_class_is_what_is_left_shared_by_those_at_work() -> None:
    assert seconds_left(spent(*[10] * 8), [], [1] * 12, 2) == pytest.approx(60.0)
    half_done = seconds_left(spent(*[10] * 8), spent(5, 5), [1] * 10, 2)
    assert half_done == pytest.approx((2 * 5 + 10 * 10) / 2)


def test_slow_ones_that_are_still_running_count() -> None:
    """Without them twenty of a second each would promise the rest in a minute."""
    quick = spent(*[1] * 20)
    stuck = seconds_left(quick, spent(170, 170), [1] * 100, 2)
    assert stuck is not None
    assert stuck > 500
    assert seconds_left(quick, spent(170), [], 2) == 170.0  # the last one alone
    slow_before = seconds_left([*quick, *spent(180)], spent(170), [], 2)
    assert slow_before == pytest.approx(10.0)  # one like it took 180


def test_large_ones_that_have_not_begun_count_with_their_size() -> None:
    """As many seconds are behind as before; ten times as much is to come."""
    ended = [*spent(*[5] * 10, size=1000), *spent(*[14] * 10, size=10_000)]
    assert seconds_left(ended, [], [1000] * 4, 2) == pytest.approx(10.0)
    assert seconds_left(ended, [], [95_000] * 4, 2) == pytest.approx(2 * 99.0)
    large = seconds_left(ended, spent(20, size=95_000), [1000], 1)
    assert large == pytest.approx(79 + 5)  # it is not slow for its size


def test_sizes_that_tell_nothing_change_little() -> None:
    small_is_slow = [*spent(9, size=10), *spent(1, size=1000)]
    assert seconds_left(small_is_slow, [], [10, 1000, 10**9], 1) == pytest.approx(15.0)
    steep = [*spent(1, size=100), *spent(9, size=101)]
    assert seconds_left(steep, [], [1000], 1) == pytest.approx(5 * 1000 / 100.5)
    nothing_read = [*spent(0, 3, size=0)]
    assert seconds_left(nothing_read, [], [50], 1) == pytest.approx(1.5)


def test_the_screen_expects_the_large_ones_of_a_class_to_take_longer(clock: Clock) -> None:
    screen = Screen(terminal(), clock=clock)
    screen.begun([1000, 10_000, 1000, 100_000], 0)
    screen.ended("of before", evidence(), "2023-00000")  # known already: its size is passed over
    screen.given("2023-00001")
    screen.given("2023-00002")
    clock.now += 2
    screen.ended("2023-00002", evidence(), "2023-00002")
    clock.now += 18
    screen.ended("2023-00001", evidence(), "2023-00001")
    assert screen.summary() == "3 of 4 in 0:20, about 2 min left"  # 200 s, shared by two


@pytest.mark.parametrize(
    ("seconds", "face", "words"),
    [
        (0.9, "0:00", "5 s"),
        (59.99, "0:59", "60 s"),
        (754.2, "12:34", "13 min"),
        (3723, "1:02:03", "62 min"),
        (36000, "10:00:00", "10.0 hours"),
    ],
)
def test_times_are_never_more_than_the_clock_s(seconds: float, face: str, words: str) -> None:
    assert (clock_face(seconds), spoken(seconds)) == (face, words)
