"""One submission, from its bytes to its result. Read this first: it is the whole story.

intake      unpack safely, find the student's id and the two notebooks
plan        choose the cells that run, each left-out one with a reason
execute     run them in a kernel inside the sandbox
examine     ask the student's functions questions there, judge the answers here
count       the clear digits in the picture of the samples, decoded in a kernel of its own
settings    the four result folders: their pictures, and what their checkpoints predict
works       notebook 2-2: the prompts that it gives, and the pictures that came out
score       turn verdicts into points by the rubric
"""

import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from nbformat import NotebookNode

from grader.checks import image_quality, text_to_image, trained_setting
from grader.checks.examination import CHECKS_OF, TARGET_OF, examine, explain
from grader.checks.verdict import Verdict, missing
from grader.digits.choose import Found, find_samples
from grader.digits.clarity import WANTED, Clarity
from grader.digits.decode import decoding_session
from grader.digits.regions import Array
from grader.errors import Rejected
from grader.intake import (
    Plan,
    Submission,
    open_submission,
    plan_definitions,
    plan_everything,
    plan_model,
    read_notebook,
)
from grader.intake.archive import file_sha256, folder_sha256
from grader.intake.identify import student_id_in
from grader.results import Flag, Result, State, environment, result_status
from grader.rubric import Rubric
from grader.sandbox import InfraError, KernelSession, Outcome, Sandbox
from grader.settings.evidence import look, try_checkpoints
from grader.settings.folders import PREDICTIONS
from grader.settings.resample import resample
from grader.text_to_image.works import Works, find_works

logger = logging.getLogger(__name__)

Progress = Callable[[str], None]
Look = Callable[[Submission, Result], None]


@dataclass(frozen=True)
class Options:
    """How to grade: with which rubric, in which sandbox, which cells, from which seed; whether a
    hundred images are sampled anew where the notebook shows none; whether checkpoints are opened.
    """

    rubric: Rubric
    sandbox: Sandbox
    run: Literal["definitions", "everything"] = "definitions"
    seed: int = 0
    resample: bool = False
    look_inside: bool = True


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
        progress("unpacking")
        with ExitStack() as stack:
            with watch("intake"):
                opened = open_submission(path, options.rubric.archive_limits)
                submission = stack.enter_context(opened)
            result = grade_opened(submission, options, watch, progress)
            look(submission, result)
            return result
    except Rejected as error:
        return rejected(path, str(error), error.sha256 or sha256_of(path), options, watch)
    except RecursionError:
        reason = "The submission's folders are nested too deeply."
        return rejected(path, reason, sha256_of(path), options, watch)


def grade_opened(
    submission: Submission, options: Options, watch: Stopwatch, progress: Progress
) -> Result:
    """The same, once the submission is unpacked. Raises ``Rejected`` for a damaged notebook."""
    flags, notebook = list(submission.flags), None
    if submission.diffusion is None:
        verdicts = no_notebook()
    else:
        with watch("plan"):
            notebook = read_notebook(submission.diffusion)
            whole = options.run == "everything"
            plan = plan_everything(notebook) if whole else plan_definitions(notebook)
        verdicts, new_flags = run_notebook(plan, options, watch, progress)
        flags += new_flags
    with decoding_session(options.sandbox, options.rubric.limits, options.seed) as clean:
        progress("counting clear digits")
        with watch("pictures"):
            counted = count_digits(submission, notebook, clean, options)
        progress("looking at notebook 2-2")
        with watch("text_to_image"):
            about_words, words_flags, works = judge_works(submission, clean)
        progress("looking at the four settings")
        with watch("settings"):
            settings, settings_flags, setting_tiles = judge_settings(
                submission, notebook, verdicts, clean, options
            )
    verdicts += [counted.verdict, *settings, *about_words]
    flags += [*counted.flags, *settings_flags, *words_flags]
    items = options.rubric.score(verdicts)
    return Result(
        student_id=submission.student_id,
        file=submission.file,
        sha256=submission.sha256,
        status=result_status(items),
        max_points=options.rubric.max_points,
        items=items,
        flags=flags,
        environment=environment(options.rubric.sha256, options.seed),
        seconds=watch.seconds,
        clarity=counted.clarity,
        works=works,
        setting_tiles=setting_tiles,
        verdicts=verdicts,
    )


def run_notebook(
    plan: Plan, options: Options, watch: Stopwatch, progress: Progress
) -> tuple[list[Verdict], list[Flag]]:
    """Executes the planned cells, then examines what they define; flags tell a TA how it went."""
    limits, seed = options.rubric.limits, options.seed
    with KernelSession(
        plan.statements, sandbox=options.sandbox, limits=limits, seed=seed
    ) as session:
        progress("running the notebook's cells")
        failures: Mapping[int, Outcome] = {}
        with watch("execution"):
            try:
                failures = session.prepare()
            except InfraError as error:
                return infra(str(error)), []
        progress("examining schedules, loss and sampler")
        with watch("examination"):
            verdicts = examine(session, seed, options.rubric.tolerances)
    forbidden = sorted((plan.imports | session.imported) & options.rubric.solved_by_others)
    return explain(verdicts, plan, failures, forbidden), plan_flags(plan, failures, forbidden)


def resampled(
    submission: Submission, notebook: NotebookNode, options: Options
) -> tuple[Clarity | None, list[str]]:
    """The digits of new images, and why there are none; a fault of ours leaves what there is."""
    limits, seed = options.rubric.limits, options.seed
    try:
        return resample(submission.root, plan_model(notebook), options.sandbox, limits, seed)
    except InfraError as error:
        return None, [f"The grader could not draw new images: {error}"]


def is_notebooks(found: Found) -> bool:
    """Whether the notebook itself shows a hundred samples."""
    clarity = found.clarity
    return clarity is not None and clarity.source == "notebook" and clarity.total >= WANTED


@dataclass(frozen=True)
class Counted:
    """What came of the picture of the samples."""

    verdict: Verdict
    clarity: Clarity | None
    flags: Sequence[Flag]


def count_digits(
    submission: Submission, notebook: NotebookNode | None, clean: KernelSession, options: Options
) -> Counted:
    """Finds the picture of the samples and counts its clear digits."""
    try:
        found = find_samples(clean, notebook, submission.root)
        if options.resample and notebook is not None and not is_notebooks(found):
            new, why = resampled(submission, notebook, options)
            found = Found(new or found.clarity, [*found.seen, *why], found.doubt)
        verdict = image_quality.judge(found)
    except InfraError as error:
        return Counted(image_quality.not_counted(str(error)), None, [])
    except Exception as error:
        logger.exception("counting the clear digits failed")
        return Counted(image_quality.not_counted(f"{type(error).__name__}"), None, [])
    note = image_quality.note(found.clarity)
    flags = [Flag("samples_elsewhere", note)] if note else []
    return Counted(verdict, found.clarity, flags)


def judge_settings(
    submission: Submission,
    notebook: NotebookNode | None,
    verdicts: Sequence[Verdict],
    clean: KernelSession,
    options: Options,
) -> tuple[list[Verdict], list[Flag], dict[str, Array]]:
    """Whether the four settings were trained, in the light of what the code has earned; and the
    digits that their pictures show."""
    right = {verdict.check: verdict.right for verdict in verdicts}
    context = trained_setting.Context(
        losses_right={n: right.get(f"loss.{n}", False) for n in PREDICTIONS},
        samplers_right={n: right.get(f"sampling.{n}", False) for n in PREDICTIONS},
        missing_checkpoint=options.rubric.missing_checkpoint,
        look_inside=options.look_inside,
    )
    try:
        seen = look(submission.root, clean, options.look_inside)
        if notebook is not None:
            clean.close()  # its memory is wanted
            model, limits = partial(plan_model, notebook), options.rubric.limits
            seen = try_checkpoints(seen, model, options.sandbox, limits, options.seed)
        tiles = {
            name: setting.image.tiles
            for name, setting in seen.items()
            if setting.image is not None and setting.image.tiles is not None
        }
        return *trained_setting.judge(seen, context), tiles
    except InfraError as error:
        return trained_setting.infra(str(error)), [], {}
    except Exception as error:
        logger.exception("judging the settings failed")
        return trained_setting.infra(type(error).__name__), [], {}


def judge_works(
    submission: Submission, clean: KernelSession
) -> tuple[list[Verdict], list[Flag], Works | None]:
    """Own pictures from own words, by what notebook 2-2 says and shows; it is not run."""
    if submission.text_to_image is None:
        return *text_to_image.judge(None), None
    try:
        notebook = read_notebook(submission.text_to_image)
        works = find_works(clean, notebook)
        return *text_to_image.judge(works), works
    except Rejected as error:
        return text_to_image.damaged(str(error)), [], None
    except InfraError as error:
        return text_to_image.infra(str(error)), [], None
    except Exception as error:
        logger.exception("judging notebook 2-2 failed")
        return text_to_image.infra(type(error).__name__), [], None


def no_notebook() -> list[Verdict]:
    text = "Notebook 2-1 was not found in the submission."
    return [missing(check, text) for check in code_checks()]


def infra(reason: str) -> list[Verdict]:
    text = f"The grader could not run the notebook: {reason}"
    return [Verdict(check, State.INFRA_ERROR, 0.0, text) for check in code_checks()]


def code_checks() -> list[str]:
    return [f"{item}.{name}" for item in TARGET_OF for name in CHECKS_OF[item]]


def plan_flags(plan: Plan, failures: Mapping[int, Outcome], forbidden: Sequence[str]) -> list[Flag]:
    """What a TA should know of how the notebook's cells went."""
    flags = [Flag("notebook_problem", f"{problem}.") for problem in plan.problems]
    for index, outcome in failures.items():
        statement = plan.statements[index]
        where = f"Cell {statement.cell}, line {statement.line}"
        flags.append(Flag("cell_failed", f"{where}: {outcome.message}"))
    for left in plan.left_out:
        where = f"Cell {left.cell}, line {left.line}"
        flags.append(Flag("left_out", f"{where}: {left.reason} ({left.what})"))
    for name in forbidden:
        text = f"The notebook imports {name}, which already solves the assignment."
        flags.append(Flag("import_not_allowed", text))
    return flags


def sha256_of(path: Path) -> str:
    """Of a rejected submission; that of nothing where a folder cannot even be walked."""
    try:
        return folder_sha256(path) if path.is_dir() else file_sha256(path)
    except RecursionError:
        return hashlib.sha256(b"").hexdigest()


def rejected(path: Path, reason: str, sha256: str, options: Options, watch: Stopwatch) -> Result:
    """The result of a submission that cannot be read: no item could be judged."""
    return Result(
        student_id=student_id_in(path.name),
        file=path.name,
        sha256=sha256,
        status="rejected",
        max_points=options.rubric.max_points,
        items=options.rubric.skipped(reason),
        flags=[Flag("rejected", reason)],
        environment=environment(options.rubric.sha256, options.seed),
        seconds=watch.seconds,
    )
