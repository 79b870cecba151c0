"""Deadlines, Korean time, and what being late costs."""

from datetime import timedelta
from pathlib import Path

import pytest

from grader.errors import RubricError, UsageError
from grader.lateness import Lateness, LateRule, lateness, parse_deadline, parse_moment
from grader.paths import DEFAULT_RUBRIC
from grader.rubric import load_rubric


def test_korean_time_unless_a_zone_is_given() -> None:
    assert parse_moment("2026-05-01T23:59") == parse_moment("2026-05-01T14:59Z")
    assert parse_moment("2026-05-01 9:05") == parse_moment("2026-05-01T09:05")  # Excel's
    assert parse_moment("2026-05-01T23:59+00:00") == parse_moment("2026-05-02T08:59")
    for text in ("tomorrow", "2026-05-01", "20260501", "2026-W18-5"):
        with pytest.raises(UsageError, match=text):
            parse_moment(text)


def test_the_roster_counts_before_the_file_and_canvas_mark() -> None:
    deadline = parse_moment("2026-05-01T23:59")
    in_time, after = parse_moment("2026-05-01T23:59"), parse_moment("2026-05-02T00:59")
    hour = timedelta(hours=1)
    assert lateness(deadline, in_time, after, marked=True) == Lateness(False)
    assert lateness(deadline, after, in_time, marked=False) == Lateness(True, hour, sure=True)
    assert lateness(deadline, None, after, marked=False) == Lateness(True, hour, sure=False)
    assert lateness(deadline, None, None, marked=True) == Lateness(True, None)
    assert lateness(None, after, None, marked=False) == Lateness(False)


def test_a_doubtful_time_costs_nothing_and_asks_a_person() -> None:
    rule, hour = LateRule(percent_per_day=10), timedelta(hours=1)
    assert Lateness(True, hour, sure=True).percent(rule) == 10
    assert Lateness(True, hour, sure=True).note(rule) == ""
    for doubtful in (Lateness(True, hour), Lateness(True)):
        assert doubtful.percent(rule) == 0
        assert "nothing is deducted" in str(doubtful.note(rule))
        assert doubtful.note(LateRule()) == ""


def test_a_deadline_lasts_to_the_end_of_its_minute_unless_it_names_a_second() -> None:
    handed_in = parse_moment("2026-05-01T23:59:40")
    for text in ("2026-05-01T23:59", "2026-05-01T23:59+09:00", "2026-05-01T14:59Z"):
        assert not lateness(parse_deadline(text), handed_in, None, False).late
        assert lateness(parse_deadline(text), parse_moment("2026-05-02T00:00"), None, False).late
    assert lateness(parse_deadline("2026-05-01T23:59:00"), handed_in, None, False).late


def test_nothing_is_deducted_by_default() -> None:
    assert load_rubric(DEFAULT_RUBRIC).late.percent(timedelta(days=9)) == 0


@pytest.mark.parametrize(
    ("minutes", "percent"),
    [(0, 0), (10, 0), (11, 10), (10 + 24 * 60, 10), (11 + 24 * 60, 20), (60 * 24 * 30, 35)],
)
def test_every_day_begun_after_the_grace_costs(minutes: int, percent: float) -> None:
    rule = LateRule(percent_per_day=10, most_percent=35, grace_minutes=10)
    assert rule.percent(timedelta(minutes=minutes)) == percent


def test_the_rubric_may_have_a_rule(tmp_path: Path) -> None:
    text = DEFAULT_RUBRIC.read_text("utf-8")
    file = tmp_path / "rubric.toml"
    file.write_text(text + "\n[late]\npercent_per_day = 10\n", "utf-8")
    assert load_rubric(file).late == LateRule(10, 100, 0)
    file.write_text(text + "\n[late]\nper_day = 10\n", "utf-8")
    with pytest.raises(RubricError, match="unknown key 'per_day'"):
        load_rubric(file)
