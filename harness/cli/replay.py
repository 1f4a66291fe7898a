"""``harness replay``: one request of a stored run asked again, and judged again."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli._document import json_option, say_document
from harness.cli._folders import report_dir_option, tasks_dir_option
from harness.cli._opening import trust_option
from harness.core.errors import HarnessError

if TYPE_CHECKING:
    from harness.core.completion import Completion
    from harness.core.modelref import ModelRef
    from harness.core.plan import Request
    from harness.core.record import RunRecord, Sample
    from harness.tasks.judging import VerdictMap

FAILED = 1
"""Exit code when there is no completion."""


@click.command()
@click.argument("run")
@click.argument("case")
@click.option("--model", metavar="KIND:LOCATION", help="Ask this model. [default: the run's own]")
@click.option("--task", metavar="NAME", help="The case's task, where several have such a case.")
@click.option(
    "--repeat",
    type=click.IntRange(0),
    default=0,
    metavar="K",
    help="Which answer to the case, where it has several, from 0.",
)
@click.option(
    "--logprobs",
    is_flag=True,
    help="Show the least certain tokens, also of a run that was made without --logprobs.",
)
@tasks_dir_option
@report_dir_option
@trust_option
@json_option
def command(
    run: str,
    case: str,
    logprobs: bool,
    tasks_dir: Path | None,
    report_dir: Path | None,
    trust_remote_code: bool,
    is_json: bool,
    **chosen: Any,
) -> None:
    """Ask CASE of RUN again, with the same prompt and decoding, and show what changed: the text,
    and what the task's checks say of it.

    CASE may be a drawn one, or a counterexample. Of a run with several models, the answer is set
    beside that of --model where it is one of them, else beside that of the last.
    """
    from harness.core.modelref import ModelRef
    from harness.records.runs import find_run, read_run
    from harness.report.console.output import say
    from harness.report.console.replay import certainty_lines, lines
    from harness.run.settings import project_settings

    settings = project_settings()
    record = read_run(find_run(run, report_dir or Path(settings.report_dir)))
    sample = _sample(record, case, **chosen)
    ref = ModelRef.parse(chosen["model"] or sample.model)
    request = next(t.request(sample) for t in record.tasks if t.name == sample.task)
    has_logprobs = logprobs or sample.completion.logprobs is not None
    request = replace(request, has_logprobs=has_logprobs)
    which = f", answer {sample.repeat}" if sample.repeat else ""
    say(f"case {sample.case_id} of {sample.task}{which}, run {record.id}", err=is_json)
    say(f"  before  {sample.model}", f"  after   {ref}", err=is_json)
    completion = _asked(ref, request, record, trusts_code=trust_remote_code)
    say(*lines(sample.completion, completion), err=is_json)
    say(*certainty_lines(sample.completion, completion), err=is_json)
    judged = _judged(sample, completion, tasks_dir or Path(settings.tasks_dir))
    if is_json:
        say_document(_values(record, sample, str(ref), completion, judged))
    if completion.error is not None:
        raise SystemExit(FAILED)
    say(*_verdict_lines(sample, judged), err=is_json)


def _values(
    record: "RunRecord",
    sample: "Sample",
    ref: str,
    completion: "Completion",
    judged: "tuple[VerdictMap, VerdictMap] | str",
) -> dict[str, Any]:
    """Both answers, and today's verdicts on them where the task is there."""
    before, after = ({}, {}) if isinstance(judged, str) else judged
    return {
        "run": record.id,
        "task": sample.task,
        "case_id": sample.case_id,
        "repeat": sample.repeat,
        "is_same_text": completion.error is None and completion.text == sample.completion.text,
        "before": {
            "model": sample.model,
            "completion": asdict(sample.completion),
            "recorded_verdicts": _dicts(sample.verdicts),
            "verdicts": _dicts(before),
        },
        "after": {"model": ref, "completion": asdict(completion), "verdicts": _dicts(after)},
        "not_judged": judged if isinstance(judged, str) else None,
    }


def _dicts(verdicts: "VerdictMap") -> dict[str, Any]:
    return {name: asdict(verdict) for name, verdict in verdicts.items()}


def _asked(
    ref: "ModelRef", request: "Request", record: "RunRecord", *, trusts_code: bool
) -> "Completion":
    """The answer of a model that is opened in its recorded dtype."""
    from harness import backends
    from harness.engine.events import Answered
    from harness.engine.model import EngineSettings

    known = next((m for m in record.models if m.ref == str(ref)), None)
    dtype = known.dtype if known and known.kind != "record" else None
    quantize = known.quantization if known and known.kind != "record" else None
    settings = EngineSettings(dtype=dtype, quantize=quantize, trust_remote_code=trusts_code)
    backends.preflight(ref, settings)
    model = backends.connect(ref, settings)
    try:
        (answered,) = (e for e in model.events([request]) if isinstance(e, Answered))
    finally:
        model.close()
    return answered.completion


def _judged(
    sample: "Sample", completion: "Completion", tasks_dir: Path
) -> "tuple[VerdictMap, VerdictMap] | str":
    """Verdicts of the task's checks on both answers, or the reason why there are none."""
    from harness.tasks.generate.stored import case_of_sample
    from harness.tasks.judging import judge_answer
    from harness.tasks.kept import task_folder
    from harness.tasks.task import load_task

    try:
        task = load_task(task_folder(tasks_dir, sample.task))
    except HarnessError as error:
        return f"Not judged: {error.mistakes[0]}, name its folder with --tasks-dir"
    case = case_of_sample(sample)
    return judge_answer(case, sample.completion, task), judge_answer(case, completion, task)


def _verdict_lines(
    sample: "Sample", judged: "tuple[VerdictMap, VerdictMap] | str"
) -> Iterator[str]:
    from harness.report.console.replay import verdict_lines

    if isinstance(judged, str):
        yield judged
    else:
        yield from verdict_lines(sample.verdicts, *judged)


def _sample(
    record: "RunRecord", case: str, task: str | None, model: str | None, repeat: int
) -> "Sample":
    """The sample that the arguments name.

    Raises:
        HarnessError: there is none, or several tasks have such a case.
    """
    smallest = (found.sample for found in record.counterexamples)
    every = (*record.samples, *smallest)
    of_case = [s for s in every if s.case_id == case and task in (None, s.task)]
    if not of_case:
        where = f" of task {task}" if task else ""
        raise HarnessError(f"case {case!r}{where}: not in run {record.id}")
    tasks = list(dict.fromkeys(s.task for s in of_case))
    if len(tasks) > 1:
        raise HarnessError(f"case {case!r}: of several tasks, add --task {' or '.join(tasks)}")
    asked = model if any(s.model == model for s in of_case) else of_case[-1].model
    own = {s.repeat: s for s in of_case if s.model == asked}
    if repeat not in own:
        raise HarnessError(
            f"--repeat {repeat}: case {case!r} has the answers {', '.join(map(str, own))}"
        )
    return own[repeat]
