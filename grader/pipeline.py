"""One submission, from its bytes to its result. Read this first: it is the whole story.

intake      unpack safely, find the student's id and the two notebooks
plan        choose the cells that run, each left-out one with a reason
execute     run them in a kernel inside the sandbox
examine     ask the student's functions questions there, judge the answers here
count       the clear digits in the picture of the samples, decoded in a kernel of its own
settings    the four result folders: their pictures, and what their checkpoints predict
works       notebook 2-2: the prompts that it gives, and the pictures that came out
score       turn verdicts into points by the rubric

Count, settings and works need nothing of what is found out about the code, and go on beside it:
the items that they are for declare how they look (``checks/items.py``).
"""

import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from nbformat import NotebookNode

from grader.bounded import TooMuch, bounded, one_child, prepare
from grader.checks.causes import Causes
from grader.checks.doubts import with_doubts
from grader.checks.examination import examine, explain, not_to_be_trusted
from grader.checks.image_quality import is_notebooks
from grader.checks.items import HandedIn, Judged, Looked, Looking, code_items, looks
from grader.checks.makers import with_makers
from grader.checks.verdict import Verdict, missing, needs_review, not_judged
from grader.errors import Rejected
from grader.intake import (
    Plan,
    Runs,
    Statement,
    Submission,
    open_submission,
    plan_definitions,
    plan_everything,
)
from grader.intake.archive import file_sha256, folder_sha256
from grader.intake.data import data_spaces
from grader.intake.identify import student_id_in
from grader.intake.paths import printable
from grader.messages.message import Said, say, together
from grader.pictures.decode import decoding_session
from grader.results import ClearDigits, Graded, Result, Seen, environment, result_status
from grader.rubric import Rubric
from grader.sandbox import InfraError, KernelSession, Outcome, Sandbox
from grader.sandbox.noticed import noticed_in_words
from grader.settings.evidence import KnownPictures
from grader.settings.folders import find_settings, homeless
from grader.states import Flag, State

logger = logging.getLogger(__name__)

Progress = Callable[[str], None]
Take = Callable[[Submission, Graded], None]
Artefacts = Mapping[Looking, Looked]


@dataclass(frozen=True)
class Options:
    """How to grade: with which rubric, in which sandbox, which cells, from which seed; whether a
    hundred images are sampled anew where the notebook shows none; whether checkpoints are opened;
    whether pictures and checkpoints are looked at while the code is examined (with two cores, or
    more); whether the submission is to be compared with others. What the result folders' pictures
    showed is kept in ``known_pictures``, if there is one, and not sought again.
    """

    rubric: Rubric
    sandbox: Sandbox
    run: Literal["definitions", "everything"] = "definitions"
    seed: int = 0
    resample: bool = False
    look_inside: bool = True
    side_by_side: bool = True
    compared: bool = False
    known_pictures: KnownPictures | None = None


class Stopwatch:
    """Wall seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = time.perf_counter() - start


def grade(
    path: Path,
    options: Options,
    progress: Progress = lambda stage: None,
    take: Take = lambda submission, graded: None,
) -> Graded:
    """Grades one ``.tar.gz`` or folder. Whatever is wrong with it is in the result.

    ``take`` is called with the submission and what came of it while it is still unpacked.
    Raises ``FileNotFoundError`` if there is nothing at ``path``.
    """
    watch = Stopwatch()
    try:
        prepare()
        progress("unpacking")
        with ExitStack() as stack:
            stack.enter_context(one_child())
            with watch("intake"):
                limits = options.rubric.archive_limits
                opened = open_submission(path, limits, compared=options.compared)
                submission = stack.enter_context(opened)
            graded = grade_opened(submission, options, watch, progress)
            take(submission, graded)
            return graded
    except Rejected as error:
        return rejected(path, error.said, error.sha256 or sha256_of(path), options, watch)
    except RecursionError:
        return rejected(path, say("archive.too_deep"), sha256_of(path), options, watch)


def grade_opened(
    submission: Submission, options: Options, watch: Stopwatch, progress: Progress
) -> Graded:
    """The same, once the submission is unpacked. Raises ``Rejected`` if nothing can be read."""
    if why := unusable(submission):
        raise Rejected(why, submission.sha256)
    flags, part = list(submission.flags), submission.diffusion
    notebook = part.content if part is not None else None
    find = partial(look_at_artefacts, submission, notebook, options, watch, progress)
    ran: Sequence[Statement] = ()
    with aside(find, options.side_by_side) as artefacts:
        if part is None or notebook is None:
            verdicts = no_notebook()
        else:
            seconds = examination_seconds(submission, options)
            verdicts, new_flags, ran = run_notebook(
                notebook, part.both, options, seconds, watch, progress
            )
            flags += new_flags
        found = artefacts()
    seen = Seen(ran=ran, **{name: it for one in found.values() for name, it in one.seen.items()})
    of_code = verdicts
    for look, checks in looks().items():
        more, new_flags = judge(look, found[look], checks, of_code)
        verdicts, flags = [*verdicts, *more], [*flags, *new_flags]
    shown = is_notebooks(seen.clarity)
    verdicts = with_doubts(verdicts, submission, homeless(submission.root), shown)
    verdicts, made_flags = with_makers(verdicts)
    flags += made_flags
    items = options.rubric.score(verdicts)
    result = Result(
        student_id=submission.student_id,
        file=printable(submission.file),
        sha256=submission.sha256,
        status=result_status(items),
        max_points=options.rubric.max_points,
        items=items,
        flags=flags,
        environment=environment(options.rubric.sha256, options.seed),
        seconds=watch.seconds,
        digits=ClearDigits.of(seen.clarity),
    )
    return Graded(result, verdicts, seen)


@contextmanager
def aside(find: Callable[[], Artefacts], side_by_side: bool) -> Iterator[Callable[[], Artefacts]]:
    """What gives the artefacts: they are looked at by a thread from now on, or when asked for."""
    if not side_by_side:
        yield find
        return
    with ThreadPoolExecutor(1, "artefacts") as pool:
        yield pool.submit(find).result


def unusable(submission: Submission) -> Said:
    """Why nothing of it can be read; empty if something can."""
    parts = [submission.diffusion, submission.text_to_image]
    found = [part for part in parts if part is not None]
    if any(part.content is not None for part in found):
        return ""
    if find_settings(submission.root) or homeless(submission.root):
        return ""
    reasons = [*(part.problem for part in found), *(it.reason for it in submission.unread)]
    return reasons[0] if reasons else say("run.nothing_handed_in")


def examination_seconds(submission: Submission, options: Options) -> float:
    """What the student's code may take here: all but what trying the checkpoints may."""
    limits = options.rubric.limits
    settings = find_settings(submission.root).values() if options.look_inside else ()
    tried = any("checkpoint" in setting.files for setting in settings)
    return limits.submission_seconds - (limits.trial_seconds if tried else 0)


def run_notebook(
    notebook: NotebookNode,
    holds_both: bool,
    options: Options,
    seconds: float,
    watch: Stopwatch,
    progress: Progress,
) -> tuple[list[Verdict], list[Flag], Sequence[Statement]]:
    """Plans and executes its cells, then examines what they define; flags tell a TA how it went.
    The last are the statements that ran.

    Where it ``holds_both`` parts, only what the definitions import is theirs.
    """
    limits, seed = options.rubric.limits, options.seed
    with watch("plan"):
        whole = options.run == "everything"
        try:
            plan = bounded(plan_everything if whole else plan_definitions, notebook)
        except TooMuch as reason:
            said = say("code.cannot_be_read", reason=reason.said)
            return not_planned(said), [Flag("notebook_problem", said)], ()
    with KernelSession(
        plan.statements, sandbox=options.sandbox, limits=limits, seed=seed, seconds=seconds
    ) as session:
        progress("running the notebook's cells")
        failures: Mapping[int, Outcome] = {}
        with watch("execution"):
            try:
                failures = session.prepare()
            except InfraError as error:
                return infra(error.said), [], plan.statements
        progress("examining schedules, loss and sampler")
        with watch("examination"):
            tolerances = options.rubric.tolerances
            verdicts = examine(session, seed, tolerances, partial(data_spaces, notebook))
    imported = session.imported if holds_both else plan.imports | session.imported
    forbidden = sorted(imported & options.rubric.solved_by_others)
    causes = Causes(plan, failures, Runs(notebook))
    explained = explain(verdicts, plan, causes, forbidden)
    flags = plan_flags(plan, failures, forbidden)
    if session.noticed:
        does = noticed_in_words(session.noticed)
        flags.append(Flag("tampering", say("tampering.flag", what=does)))
        explained = not_to_be_trusted(explained)
    return explained, flags, plan.statements


def look_at_artefacts(
    submission: Submission,
    notebook: NotebookNode | None,
    options: Options,
    watch: Stopwatch,
    progress: Progress,
) -> Artefacts:
    """Everything that is looked at and not asked, the pictures decoded by one clean kernel."""
    limits, found = options.rubric.limits, dict[Looking, Looked]()
    with one_child(), decoding_session(options.sandbox, limits, options.seed) as clean:
        shown = HandedIn(
            submission,
            notebook,
            clean,
            options.sandbox,
            limits,
            options.seed,
            options.resample,
            options.look_inside,
            options.rubric.missing_checkpoint,
            options.known_pictures,
        )
        for look in sorted(looks(), key=lambda look: look.closes):
            progress(look.doing)
            with watch(look.stage):
                found[look] = looked(look, shown)
    return found


def looked(look: Looking, shown: HandedIn) -> Looked:
    """Nothing that was not foreseen takes other items' verdicts away."""
    try:
        return look.find(shown)
    except Exception as error:
        logger.exception("%s failed", look.doing)
        return Looked.judged([not_judged(check, error) for check in looks()[look]])


def judge(
    look: Looking, seen: Looked, checks: Sequence[str], verdicts: Sequence[Verdict]
) -> Judged:
    """The same of the verdicts, by those on the code."""
    try:
        return seen.judge(verdicts)
    except Exception as error:
        logger.exception("judging after %s failed", look.doing)
        return [not_judged(check, error) for check in checks], []


def no_notebook() -> list[Verdict]:
    said = say("run.no_notebook")
    return [missing(check, said) for check in code_checks()]


def infra(reason: Said) -> list[Verdict]:
    said = say("run.notebook_not_run", reason=reason)
    return [Verdict(check, State.INFRA_ERROR, 0.0, said) for check in code_checks()]


def not_planned(reason: Said) -> list[Verdict]:
    said = together(reason, say("run.review"))
    return [needs_review(check, said, 0.0) for check in code_checks()]


def code_checks() -> list[str]:
    return [check for item in code_items() for check in item.each()]


def plan_flags(plan: Plan, failures: Mapping[int, Outcome], forbidden: Sequence[str]) -> list[Flag]:
    """What a TA should know of how the notebook's cells went."""
    flags = [
        Flag("notebook_problem", say("code.problem", problem=problem)) for problem in plan.problems
    ]
    for index, outcome in failures.items():
        statement = plan.statements[index]
        where = {"cell": statement.cell, "line": statement.line}
        flags.append(Flag("cell_failed", say("code.failed", **where, message=outcome.said)))
    for left in plan.left_out:
        where = {"cell": left.cell, "line": left.line}
        said = say("code.left_out", **where, reason=left.reason, what=left.what)
        flags.append(Flag("left_out", said))
    for name in forbidden:
        flags.append(Flag("import_not_allowed", say("run.imports_a_solution", names=name)))
    return flags


def sha256_of(path: Path) -> str:
    """Of a rejected submission; that of nothing where a folder cannot even be walked."""
    try:
        return folder_sha256(path) if path.is_dir() else file_sha256(path)
    except RecursionError:
        return hashlib.sha256(b"").hexdigest()


def rejected(path: Path, reason: Said, sha256: str, options: Options, watch: Stopwatch) -> Graded:
    """The result of a submission that cannot be read: no item could be judged."""
    result = Result(
        student_id=student_id_in(path.name),
        file=printable(path.name),
        sha256=sha256,
        status="rejected",
        max_points=options.rubric.max_points,
        items=options.rubric.skipped(reason),
        flags=[Flag("rejected", reason)],
        environment=environment(options.rubric.sha256, options.seed),
        seconds=watch.seconds,
    )
    return Graded(result)
