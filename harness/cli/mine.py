"""``harness mine``: makes training rows of the judged answers of runs and logs."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli._document import json_option, say_document
from harness.cli._folders import report_dir_option, task_named, tasks_dir_option
from harness.cli._paths import PathType
from harness.core.errors import HarnessError

if TYPE_CHECKING:
    from harness.core.record import RunRecord
    from harness.core.review import ReviewedAnswer
    from trainers.data.mining import JudgedAnswer, Mined, Sampled

BROKEN_LINES = 2
"""Exit code when some lines of a log could not be judged; the others were."""
RESPELLED = "references that spell a number otherwise than the prompt, see --references"
_FOLDER = PathType(path_type=Path, file_okay=False)


@dataclass(frozen=True, slots=True)
class MineOptions:
    """The options that say which answers are mined, and by which tasks they are judged."""

    model: str | None
    task: str | None
    behaviors: tuple[str, ...]
    has_suite_cases: bool
    """Answers to the suites' own cases are mined too."""
    tasks_dir: Path
    suites_dir: Path
    """The project's folder of tasks, on which its gates decide."""
    references: tuple[Path, ...]
    """Files of rows whose completions are the references."""
    review: "tuple[ReviewedAnswer, ...]" = ()
    """A person's verdicts on answers of the runs."""

    @property
    def is_of_suites(self) -> bool:
        """The tasks are those that gates decide on, or no other folder of tasks is known."""
        there = self.suites_dir
        return not there.is_dir() or self.tasks_dir.resolve() == there.resolve()


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources as they were named, by what they are."""

    runs: tuple[str, ...]
    logs: tuple[Path, ...]
    """Files of lines as ``harness judge`` reads them."""
    experiments: tuple[Path, ...]
    """Logs of an experiment."""

    @classmethod
    def of(cls, names: Sequence[str]) -> "Sources":
        """Tell them apart by the files that are there."""
        from harness.ab.reading import is_log

        others = [name for name in names if not is_log(Path(name))]
        return cls(
            tuple(name for name in others if not _is_file_of_lines(Path(name))),
            tuple(Path(name) for name in others if _is_file_of_lines(Path(name))),
            tuple(Path(name) for name in names if is_log(Path(name))),
        )


@click.command()
@click.argument("sources", metavar="[RUN|LOG...]", nargs=-1)
@click.option(
    "-o",
    "--output",
    required=True,
    type=PathType(path_type=Path, dir_okay=False),
    help="The file of rows to write, JSON Lines.",
)
@click.option("--model", metavar="KIND:LOCATION", help="Whose answers, where runs have several.")
@click.option(
    "--task", metavar="NAME", help="Answers to this task alone; of a log, the task that judges it."
)
@click.option(
    "--behavior",
    "behaviors",
    metavar="NAME",
    multiple=True,
    help="Reject answers that fail this behavior. Repeatable. [default: any required behavior]",
)
@click.option(
    "--rejection-sampling",
    "is_rejection_sampling",
    is_flag=True,
    help="Write passing answers as rows of prompt and completion, in place of pairs.",
)
@click.option(
    "--suite-cases",
    "has_suite_cases",
    is_flag=True,
    help="Mine the suites' own cases too, and mark each row of them: they can no longer be gated.",
)
@click.option(
    "--references",
    metavar="FILE",
    multiple=True,
    type=PathType(path_type=Path, dir_okay=False),
    help="Rows of prompt and completion to choose references from, to the letter. Repeatable.",
)
@click.option(
    "--review",
    metavar="FILE",
    type=PathType(path_type=Path, dir_okay=False),
    help="The review that a page exported: its verdicts go before those of the checks.",
)
@tasks_dir_option
@report_dir_option
@json_option
def command(
    sources: tuple[str, ...],
    output: Path,
    is_rejection_sampling: bool,
    review: Path | None,
    tasks_dir: Path | None,
    report_dir: Path | None,
    is_json: bool,
    **chosen: Any,
) -> None:
    """Make training rows of the judged answers of runs, or of logs as "harness judge" reads them.

    \b
    pytest suites/ --model adapter:out/ --generate 300
    harness mine latest -o pairs.jsonl

    A row is a preference pair: the model's own failing answer, with its token ids, is rejected; a
    passing answer to the same prompt is chosen, else the case's reference. An answer to be learnt
    passes all required behaviors. Errors and skips make no row.

    Answers to a task's own cases are refused: who trains on them cannot be judged by them. Mine a
    run over drawn prompts (--generate), over a task of training rows in a folder of its own
    (--tasks-dir), or a log. RUN is an id, the beginning of one, "latest" or a folder; with --review
    the runs that it is about, when left out.
    """
    from harness.ab.reading import files_of
    from harness.records.reviews import read_review
    from harness.run.settings import project_settings

    settings = project_settings()
    suites = Path(settings.tasks_dir)
    said = read_review(review) if review else ()
    sources = sources or tuple(dict.fromkeys(answer.run for answer in said))
    if not sources:
        raise HarnessError("Missing argument: name a RUN or LOG, or --review FILE")
    options = MineOptions(**chosen, tasks_dir=tasks_dir or suites, suites_dir=suites, review=said)
    named = Sources.of(sources)
    if said and not named.runs:
        raise HarnessError(f"--review {review}: is of answers in runs, and no run is named")
    _require_other_file(output, [*files_of(named.experiments), *named.logs])
    root = report_dir or Path(settings.report_dir)
    answers, broken = _answers(named, root, options)
    _write(output, answers, options, is_rejection_sampling, is_json)
    if broken:
        raise SystemExit(BROKEN_LINES)


def _is_file_of_lines(source: Path) -> bool:
    from harness.records.runs import PARTIAL_FILE, RUN_FILE

    return source.is_file() and source.name not in (RUN_FILE, PARTIAL_FILE)


def _require_other_file(output: Path, logs: Iterable[Path]) -> None:
    for log in logs:
        if output.exists() and output.samefile(log):
            raise HarnessError(f"--output {output}: is a log that is mined, name another file")


def _answers(
    sources: Sources, report_dir: Path, options: MineOptions
) -> tuple[list["JudgedAnswer"], int]:
    """The answers of all sources, and the number of lines that cannot be judged.

    Raises:
        HarnessError: a source cannot be read, a name is unknown, or the answers are to the suites'
            own cases and these are not asked for.
    """
    from harness.records.runs import find_run, read_run
    from harness.tasks.task import find_tasks
    from trainers.data.mining import marked, with_references
    from trainers.data.reading import read_rows

    rows = [row for path in options.references for row in read_rows(path)[0]]
    folders = dict.fromkeys(find_run(run, report_dir).resolve() for run in sources.runs)
    answers: list[JudgedAnswer] = []
    if folders or not sources.experiments:
        answers += _of_runs([read_run(folder) for folder in folders], options)
    broken = 0
    if sources.experiments:
        found, broken = _of_experiments(sources.experiments, options)
        answers += found
    for log in {path.resolve(): path for path in sources.logs}.values():
        found, count = _of_log(log, options)
        answers += found
        broken += count
    _require_known(options.behaviors, answers)
    if not options.has_suite_cases:
        _refuse_suite_cases(answers, options)
    suites = find_tasks(options.suites_dir) if options.suites_dir.is_dir() else ()
    return list(marked(with_references(answers, rows), suites)), broken


def _of_runs(records: Sequence["RunRecord"], options: MineOptions) -> Iterator["JudgedAnswer"]:
    from trainers.data.judged_answers import answers_of_run, model_of, reviewed, tasks_of

    if not records:
        if options.model is not None:
            raise HarnessError(f"--model {options.model}: no run is given, leave it out for logs")
        return
    model = model_of(records, options.model)
    names = tasks_of(records, model, options.task)
    tasks = {name: task_named(name, options.tasks_dir) for name in names}
    suite_tasks = frozenset(names if options.is_of_suites else ())
    if options.review:
        _require_review_of(records, model, options)
    for record in records:
        found = answers_of_run(
            record, model, tasks, behaviors=options.behaviors, suite_tasks=suite_tasks
        )
        yield from reviewed(found, model, options.review)


def _require_review_of(records: "Sequence[RunRecord]", model: str, options: MineOptions) -> None:
    """Refuse a review of which no answer is mined."""
    known = {record.id for record in records}
    if not any(said.run in known and said.model == model for said in options.review):
        about = " and ".join(
            dict.fromkeys(f"{said.model} in {said.run}" for said in options.review)
        )
        raise HarnessError(
            f"--review: is about {about}, which is not mined: name that run and model"
        )


def _of_experiments(
    paths: Sequence[Path], options: MineOptions
) -> tuple[list["JudgedAnswer"], int]:
    from harness.ab.reading import read_log
    from harness.cli._experiment import remarks_on, require_texts
    from harness.report.console.output import say
    from trainers.data.judged_answers import answers_of_experiment

    read = read_log(paths)
    say(*remarks_on(read), err=True)
    require_texts(paths[0], read.entries)
    answers = answers_of_experiment(
        read.entries,
        partial(task_named, tasks_dir=options.tasks_dir),
        task=options.task,
        model=options.model,
        behaviors=options.behaviors,
    )
    return list(answers), len(read.broken)


def _of_log(path: Path, options: MineOptions) -> tuple[list["JudgedAnswer"], int]:
    from harness.cli.judge import BrokenLines
    from harness.tasks.judging import BrokenLine
    from trainers.data.judged_answers import answers_of_log

    task = task_named(options.task, options.tasks_dir) if options.task else None
    broken = BrokenLines(str(path))
    answers: list[JudgedAnswer] = []
    judged = answers_of_log(
        path, task, behaviors=options.behaviors, is_suite_task=options.is_of_suites
    )
    for item in judged:
        if isinstance(item, BrokenLine):
            broken.add(item)
        else:
            answers.append(item)
    broken.close()
    return answers, broken.count


def _require_known(behaviors: Sequence[str], answers: Sequence["JudgedAnswer"]) -> None:
    from harness.core.suggestion import did_you_mean

    known = sorted({name for answer in answers for name in answer.verdicts})
    for name in behaviors:
        if name not in known:
            hint = did_you_mean(name, known, f"there are {', '.join(known) or 'none'}")
            raise HarnessError(f"--behavior {name}: judged no answer, {hint}")


def _refuse_suite_cases(answers: Sequence["JudgedAnswer"], options: MineOptions) -> None:
    own = sorted({(a.source, a.task) for a in answers if a.is_suite_case})
    if own:
        asked = ", ".join(f"{source} ({task})" for source, task in own)
        raise HarnessError(
            f"{asked}: answers to the cases of {options.tasks_dir}, by which a model that is "
            "trained on them cannot be judged: mine a run of pytest --generate, or one over a task "
            "of training rows in another folder (--tasks-dir); --suite-cases mines and marks them"
        )


def _write(
    output: Path,
    answers: Sequence["JudgedAnswer"],
    options: MineOptions,
    is_rejection_sampling: bool,
    is_json: bool,
) -> None:
    """Write the rows, and say what they are.

    Raises:
        HarnessError: there is no row.
    """
    from harness.files.atomic import write_whole
    from harness.report.console.output import say
    from trainers.data.mining import by_prompt, mine_examples, mine_pairs, sampled

    kept = [a for a in answers if options.has_suite_cases or not a.is_suite_case]
    prompts = by_prompt(kept, options.behaviors)
    mined = (mine_examples if is_rejection_sampling else mine_pairs)(prompts)
    rates, suite_answers = sampled(prompts), len(answers) - len(kept)
    said = [_rates(rates), *_reviewed(kept), *_left_out(mined, suite_answers)]
    if not mined.rows:
        raise HarnessError(f"{output}: no row to write, nothing was written", *said)
    try:
        write_whole(output, (f"{json.dumps(row)}\n" for row in mined.rows))
    except OSError as error:
        raise HarnessError(f"{output}: cannot be written ({error.strerror})") from None
    say(f"{output}: {_rows(mined, is_rejection_sampling)}", *said, err=is_json)
    if is_json:
        left_out = {"answers to prompts of suite cases": suite_answers, **mined.left_out}
        counts = {"rows": len(mined.rows), "prompts": mined.prompts, "left_out": left_out}
        say_document({"output": output, **counts, "sampled": asdict(rates)})


def _rows(mined: "Mined", is_rejection_sampling: bool) -> str:
    from harness.report.words.numbers import plural
    from trainers.data.mining import respelled

    prompts = f"of {plural(mined.prompts, 'prompt')}"
    if is_rejection_sampling:
        return f"{plural(len(mined.rows), 'passing answer')} {prompts}"
    chosen = Counter(row["chosen_from"] for row in mined.rows)
    marked = sum("is_suite_case" in row for row in mined.rows)
    cut = sum(row["is_cut"] for row in mined.rows)
    without_ids = sum("rejected_ids" not in row for row in mined.rows)
    parts = {
        "chosen passing answers": chosen["sibling"],
        "chosen references": chosen["reference"],
        RESPELLED: respelled(mined.rows),
        "rejected answers cut at the token limit": cut,
        "rejected answers without token ids": without_ids,
        "marked as suite cases": marked,
    }
    return f"{plural(len(mined.rows), 'pair')} {prompts}: {_counted(parts)}"


def _rates(found: "Sampled") -> str:
    from harness.report.words.numbers import percent, plural

    if not found.pass_at_1:
        return "no answer is judged"
    rates, mixed = f"pass@1 {percent(found.pass_at_1.rate)}", ""
    if found.k > 1 and found.pass_at_k:
        rates += f", pass@{found.k} {percent(found.pass_at_k.rate)}"
    if found.answers > found.prompts:
        mixed = f"; {plural(found.mixed, 'prompt')} with both passing and failing answers"
    asked = f"{plural(found.prompts, 'prompt')} and {plural(found.answers, 'judged answer')}"
    return f"{rates} of {asked}{mixed}"


def _reviewed(answers: Iterable["JudgedAnswer"]) -> Iterator[str]:
    """``12 answers by a person's verdict, 3 of them against the checks``."""
    from harness.report.words.numbers import plural
    from trainers.data.mining import outcome_of

    said = [answer for answer in answers if answer.reviewed]
    if said:
        against = sum(outcome_of(a) is not outcome_of(replace(a, reviewed=None)) for a in said)
        yield f"{plural(len(said), 'answer')} by a person's verdict, {against} against the checks"


def _left_out(mined: "Mined", suite_answers: int) -> Iterator[str]:
    counts = {"answers to prompts of suite cases": suite_answers, **mined.left_out}
    if left := _counted(counts):
        yield f"left out: {left}"


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{what} ({count:,})" for what, count in counts.items() if count)
