"""``harness replay``: one request of a stored run asked again."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.core.errors import HarnessError

if TYPE_CHECKING:
    from harness.core.completion import Completion
    from harness.core.modelref import ModelRef
    from harness.core.plan import Request
    from harness.core.record import RunRecord, Sample

FAILED = 1
"""Exit code when there is no completion."""


@click.command()
@click.argument("run")
@click.argument("case")
@click.option("--model", metavar="KIND:LOCATION", help="Ask this model. [default: the run's own]")
@click.option("--task", metavar="NAME", help="The case's task, where several have such a case.")
@click.option("--report-dir", type=click.Path(path_type=Path, file_okay=False))
def command(
    run: str, case: str, model: str | None, task: str | None, report_dir: Path | None
) -> None:
    """Ask CASE of RUN again, with the same prompt and decoding, and show what changed.

    Of a run with several models, the answer is set beside that of --model where it is one of them,
    else beside that of the last.
    """
    from harness.core.modelref import ModelRef
    from harness.core.plan import Request
    from harness.report.replay import lines
    from harness.report.safe import log
    from harness.runs import find_run, read_run
    from harness.settings import read_settings

    root = report_dir or Path(read_settings(Path.cwd()).report_dir)
    record = read_run(find_run(run, root))
    sample = _sample(record, case, task, model)
    ref = ModelRef.parse(model or sample.model)
    sampling = next(t.sampling for t in record.tasks if t.name == sample.task)
    request = Request(sample.task, sample.case_id, sample.messages, sampling, sample.repeat)
    click.echo(log(f"case {sample.case_id} of {sample.task}, run {record.id}"))
    click.echo(log(f"  before  {sample.model}"))
    click.echo(log(f"  after   {ref}"))
    completion = _asked(ref, request, record)
    for line in lines(sample.completion, completion):
        click.echo(line)
    raise SystemExit(FAILED if completion.error is not None else 0)


def _asked(ref: "ModelRef", request: "Request", record: "RunRecord") -> "Completion":
    """The answer of a model in a process of its own, in the precision that was recorded for it."""
    from harness import backends
    from harness.engine.model import EngineSettings
    from harness.engine.process import Generation

    backends.preflight(ref)
    known = next((m for m in record.models if m.ref == str(ref)), None)
    dtype = known.dtype if known and known.kind != "record" else None
    generation = Generation(ref, EngineSettings(dtype=dtype))
    try:
        (answered,) = generation.answers([request])
    finally:
        generation.close()
    return answered[1]


def _sample(record: "RunRecord", case: str, task: str | None, model: str | None) -> "Sample":
    of_case = [s for s in record.samples if s.case_id == case and task in (None, s.task)]
    if not of_case:
        where = f" of task {task}" if task else ""
        raise HarnessError(f"case {case!r}{where}: not in run {record.id}")
    tasks = list(dict.fromkeys(s.task for s in of_case))
    if len(tasks) > 1:
        raise HarnessError(f"case {case!r}: of several tasks, add --task {' or '.join(tasks)}")
    asked = model if any(s.model == model for s in of_case) else of_case[-1].model
    return next(s for s in of_case if s.model == asked)
