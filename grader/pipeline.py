"""One submission, from its bytes to its result. Read this first: it is the whole story.

intake      unpack safely, find the student's id and the two notebooks
plan        choose the cells that run, each left-out one with a reason
execute     run them in a kernel inside the sandbox
examine     ask the student's functions questions there, judge the answers here
count       the clear digits in the picture of the samples, decoded in a kernel of its own
settings    the four result folders: their pictures, and what their checkpoints predict
works       notebook 2-2: the prompts that it gives, and the pictures that came out
score       turn verdicts into points by the rubric

Count, settings and works (``artefacts.py``) need nothing of what is found out about the code, and
go on beside it.
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

from grader.arrays import Array
from grader.artefacts import (
    Artefacts,
    Kernels,
    count_digits,
    is_notebooks,
    judge_works,
    look_at_settings,
)
from grader.bounded import TooMuch, bounded, prepare
from grader.checks import trained_setting
from grader.checks.causes import Causes
from grader.checks.doubts import with_doubts
from grader.checks.examination import examine, explain, not_to_be_trusted
from grader.checks.items import code_items
from grader.checks.makers import with_makers
from grader.checks.verdict import Verdict, missing, needs_review
from grader.digits.decode import decoding_session
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
from grader.results import Result, environment, result_status
from grader.rubric import Rubric
from grader.sandbox import InfraError, KernelSession, Outcome, Sandbox
from grader.sandbox.noticed import noticed_in_words
from grader.settings.evidence import SettingEvidence
from grader.settings.folders import PREDICTIONS, find_settings, homeless
from grader.states import Flag, State

logger = logging.getLogger(__name__)

Progress = Callable[[str], None]
Look = Callable[[Submission, Result], None]


@dataclass(frozen=True)
class Options:
    """How to grade: with which rubric, in which sandbox, which cells, from which seed; whether a
    hundred images are sampled anew where the notebook shows none; whether checkpoints are opened;
    whether pictures and checkpoints are looked at while the code is examined (with two cores, or
    more); whether the submission is to be compared with others.
    """

    rubric: Rubric
    sandbox: Sandbox
    run: Literal["definitions", "everything"] = "definitions"
    seed: int = 0
    resample: bool = False
    look_inside: bool = True
    side_by_side: bool = True
    compared: bool = False


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
    look: Look = lambda submission, result: None,
) -> Result:
    """Grades one ``.tar.gz`` or folder. Whatever is wrong with it is in the result.

    ``look`` is called with the submission and its result while it is still unpacked.
    Raises ``FileNotFoundError`` if there is nothing at ``path``.
    """
    watch = Stopwatch()
    try:
        prepare()
        progress("unpacking")
        with ExitStack() as stack:
            with watch("intake"):
                limits = options.rubric.archive_limits
                opened = open_submission(path, limits, compared=options.compared)
                submission = stack.enter_context(opened)
            result = grade_opened(submission, options, watch, progress)
            look(submission, result)
            return result
    except Rejected as error:
        return rejected(path, error.said, error.sha256 or sha256_of(path), options, watch)
    except RecursionError:
        return rejected(path, say("archive.too_deep"), sha256_of(path), options, watch)


def grade_opened(
    submission: Submission, options: Options, watch: Stopwatch, progress: Progress
) -> Result:
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
    settings, settings_flags, setting_tiles = judge_settings(found.settings, verdicts, options)
    about_words, words_flags, works = found.works
    verdicts += [found.counted.verdict, *settings, *about_words]
    shown = is_notebooks(found.counted.clarity)
    verdicts = with_doubts(verdicts, submission, homeless(submission.root), shown)
    verdicts, made_flags = with_makers(verdicts)
    flags += [*found.counted.flags, *settings_flags, *words_flags, *made_flags]
    items = options.rubric.score(verdicts)
    return Result(
        student_id=submission.student_id,
        file=printable(submission.file),
        sha256=submission.sha256,
        status=result_status(items),
        max_points=options.rubric.max_points,
        items=items,
        flags=flags,
        environment=environment(options.rubric.sha256, options.seed),
        seconds=watch.seconds,
        clarity=found.counted.clarity,
        works=works,
        setting_tiles=setting_tiles,
        setting_views=views_of(found.settings),
        ran=ran,
        verdicts=verdicts,
    )


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
    kernels = Kernels(options.sandbox, options.rubric.limits, options.seed)
    with decoding_session(kernels.sandbox, kernels.limits, kernels.seed) as clean:
        progress("counting clear digits")
        with watch("pictures"):
            resampling = kernels if options.resample else None
            counted = count_digits(submission, notebook, clean, resampling)
        progress("looking at notebook 2-2")
        with watch("text_to_image"):
            works = judge_works(submission, clean)
        progress("looking at the four settings")
        with watch("settings"):
            settings = look_at_settings(submission, notebook, clean, kernels, options.look_inside)
    return Artefacts(counted, works, settings)


def judge_settings(
    seen: Mapping[str, SettingEvidence] | str, verdicts: Sequence[Verdict], options: Options
) -> tuple[list[Verdict], list[Flag], dict[str, Array]]:
    """Whether the four settings were trained, in the light of what the code has earned; and the
    digits that their pictures show."""
    if isinstance(seen, str):
        return trained_setting.unseen(seen), [], {}
    right = {verdict.check: verdict.right for verdict in verdicts}
    context = trained_setting.Context(
        losses_right={n: right.get(f"loss.{n}", False) for n in PREDICTIONS},
        samplers_right={n: right.get(f"sampling.{n}", False) for n in PREDICTIONS},
        missing_checkpoint=options.rubric.missing_checkpoint,
        look_inside=options.look_inside,
    )
    tiles = {
        name: setting.image.tiles
        for name, setting in seen.items()
        if setting.image is not None and setting.image.tiles is not None
    }
    try:
        return *trained_setting.judge(seen, context), tiles
    except Exception as error:
        logger.exception("judging the settings failed")
        return trained_setting.unseen(type(error).__name__), [], {}


def views_of(seen: Mapping[str, SettingEvidence] | str) -> dict[str, dict[str, Array]]:
    """For people: what the files of each setting show, also where it is not what was asked for."""
    if isinstance(seen, str):
        return {}
    pictures = {
        name: [part.views for part in (setting.image, setting.animation) if part is not None]
        for name, setting in seen.items()
    }
    return {
        name: {n: view for views in found for n, view in views.items()}
        for name, found in pictures.items()
    }


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


def rejected(path: Path, reason: Said, sha256: str, options: Options, watch: Stopwatch) -> Result:
    """The result of a submission that cannot be read: no item could be judged."""
    return Result(
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
