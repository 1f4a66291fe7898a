"""``harness parity``: compares each model of a chain with the one that it was made from."""

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from harness.cli._folders import report_dir_option, tasks_dir_option
from harness.cli._opening import trust_option
from harness.core.errors import HarnessError

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.core.record import RunRecord
    from harness.parity.probe import ProbeTarget
    from harness.parity.values import Parity

DIFFERS = 1
"""Exit code when prompts are read differently, a drop is too large, or a model did not answer."""


@click.command()
@click.argument("chain", metavar="MODEL... | RUN", nargs=-1, required=True)
@click.option("--task", "tasks", multiple=True, metavar="NAME", help="Only this task; repeatable.")
@tasks_dir_option
@click.option("--limit", type=click.IntRange(1), help="Only the first N cases of each task.")
@click.option("--case", "cases", multiple=True, metavar="ID", help="Only this case; repeatable.")
@click.option("--seed", type=int, help="Seed of sampled decoding.")
@click.option(
    "--template-arg",
    "template",
    multiple=True,
    metavar="NAME=VALUE",
    help="An argument of the chat template, such as enable_thinking=false; repeatable.",
)
@click.option(
    "--dtype", type=click.Choice(["float32", "bfloat16", "float16"]), help="Open in this precision."
)
@click.option("--device", metavar="DEVICE", help="cpu, cuda, cuda:1, mps.")
@click.option("--threads", type=click.IntRange(1), help="CPU threads of a backend.")
@trust_option
@click.option(
    "--max-drop",
    type=click.FloatRange(0, 100),
    metavar="POINTS",
    help="Fail when format_success_rate drops by more from one model to the next.",
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Of what is printed.",
)
@click.option("--json", "is_json", is_flag=True, help="The same as --format json.")
@report_dir_option
def command(
    chain: tuple[str, ...],
    kind: str,
    is_json: bool,
    max_drop: float | None,
    report_dir: Path | None,
    **options: Any,
) -> None:
    """Hold each model of a chain against the one before it: base:, adapter:, merged:, gguf:.

    Every prompt is read by both and compared token by token, the logits of the first token are
    compared, both answer every case, and where two answers part both are asked how sure they were.

    RUN, in the place of models, is a run of several models: its answers are compared, and its
    models are opened for the rest where their weights are still the same.

    What is found is kept as parity.json in the run's folder; harness report shows it.

    Exit code: 0 alike, 1 when prompts are read differently, a model did not answer or the drop is
    larger than --max-drop, 2 for a mistake in what was asked.
    """
    from harness.parity.file import as_json, write_parity
    from harness.records.runs import write_run
    from harness.report.console.output import say, say_json
    from harness.report.console.parity import shown
    from harness.run.settings import project_settings

    kind = "json" if is_json else kind
    root = report_dir or Path(project_settings().report_dir)
    found = _found(chain, root, options)
    parity = found.parity
    if kind == "json":
        say_json(as_json(parity))
    else:
        from harness.report.console.screen import show

        show(shown(parity), 100)
    if found.unwritten is not None:
        write_run(found.unwritten, root)
    write_parity(parity, found.folder)
    if kind != "json":
        say(f"record: {found.folder}")
    reasons = _reasons(parity, max_drop)
    say(*(f"harness: {reason}" for reason in reasons), err=True)
    raise SystemExit(DIFFERS if reasons else 0)


class _Found(NamedTuple):
    folder: Path
    """The run's."""
    parity: "Parity"
    unwritten: "RunRecord | None" = None
    """The run, where the disk refused it."""


def _found(chain: tuple[str, ...], root: Path, options: dict[str, Any]) -> _Found:
    if len(chain) == 1 and not _is_ref(chain[0]):
        return _of_run(chain[0], root, options)
    if len(chain) == 1:
        raise HarnessError(f"{chain[0]}: is one model, name the ones that were made from it too")
    return _of_models(chain, root, options)


def _is_ref(text: str) -> bool:
    from harness.backends import kinds

    return text.partition(":")[0] in kinds()


def _of_models(chain: tuple[str, ...], root: Path, options: dict[str, Any]) -> _Found:
    from harness import backends
    from harness.core.portable import command_line
    from harness.engine.model import EngineSettings
    from harness.parity.chain import parity_of
    from harness.parity.probe import ProbeTarget
    from harness.parity.run import measures_of, run_chain
    from harness.records.runs import check_writable, write_run
    from harness.run.preflight import preflight, with_warnings
    from harness.run.progress import ConsoleProgress
    from harness.run.selection import Choices, choose
    from harness.run.settings import project_settings

    check_writable(root)
    known = project_settings()
    chosen = ("tasks", "tasks_dir", "cases", "limit", "seed", "template")
    choices = Choices(models=chain, **{name: options[name] for name in chosen})
    subjects = choose(Path.cwd(), known, choices)
    refs = tuple(dict.fromkeys(subject.ref for subject in subjects))
    names = dict.fromkeys(n for s in subjects for n in s.task.template)
    found = preflight(refs, names, trusts_code=options["trust_remote_code"])
    settings = EngineSettings(
        dtype=options["dtype"],
        device=options["device"],
        threads=options["threads"],
        trust_remote_code=options["trust_remote_code"],
        stall_seconds=known.stall_seconds,
    )
    for ref in refs:
        backends.require_packages(ref, settings)
    host = backends.host(settings)
    run, speeds = run_chain(
        subjects, host, ConsoleProgress(), command_line("harness", sys.argv[1:])
    )
    run = with_warnings(run, found.warnings)
    unwritten: RunRecord | None = run
    with suppress(OSError):  # What was asked of the models is not lost: it is tried again.
        write_run(run, root)
        unwritten = None
    targets = {str(ref): ProbeTarget(ref, settings) for ref in refs}
    measures = measures_of(run, found.sizes, speeds)
    return _Found(root / run.id, parity_of(run, targets, measures, _say()), unwritten)


def _of_run(name: str, root: Path, options: dict[str, Any]) -> _Found:
    from harness.parity.chain import parity_of
    from harness.parity.file import read_parity
    from harness.parity.run import measures_of, speeds_of
    from harness.records.runs import find_run, read_run

    given = [n for n in ("tasks", "tasks_dir", "cases", "limit", "seed", "dtype") if options[n]]
    if given:
        said = "--" + given[0].removesuffix("s" if given[0] in ("tasks", "cases") else "")
        raise HarnessError(f"{said.replace('_', '-')}: {name} is a run, its cases were answered")
    folder = find_run(name, root)
    run = read_run(folder)
    if len(run.models) < 2:
        raise HarnessError(f"run {run.id}: has one model, parity is of two or more")
    targets, sizes = _still_there(run, options)
    before = read_parity(folder)
    kept = {m.ref: m.tokens_per_second for m in before.models} if before else {}
    known = {ref: speed for ref, speed in kept.items() if speed is not None}
    measures = measures_of(run, sizes, {**speeds_of(run), **known})
    return _Found(folder, parity_of(run, targets, measures, _say()))


def _still_there(
    run: "RunRecord", options: dict[str, Any]
) -> "tuple[dict[str, ProbeTarget], dict[str, int]]":
    """Probe targets of a stored run's models; models that are gone are left out with a message."""
    from harness import backends
    from harness.core.modelref import ModelRef
    from harness.engine.model import EngineSettings
    from harness.model_files.examine import examine
    from harness.parity.probe import ProbeTarget
    from harness.report.console.output import say

    targets, sizes = {}, {}
    for model in run.models:
        ref = ModelRef.parse(model.ref)
        if ref.kind == "record":
            continue
        try:
            backends.preflight(ref)
        except HarnessError as error:
            say(f"harness: not opened: {error}", err=True)
            continue
        dtype = model.dtype if model.dtype in ("float32", "bfloat16", "float16") else None
        settings = EngineSettings(
            dtype,
            options["device"],
            threads=options["threads"],
            quantize=model.quantization,
            trust_remote_code=options["trust_remote_code"],
        )
        targets[model.ref] = ProbeTarget(ref, settings, model.weights_sha256)
        size = examine(ref).size_bytes
        if size is not None:
            sizes[model.ref] = size
    return targets, sizes


def _reasons(parity: "Parity", max_drop: float | None) -> list[str]:
    """Reasons for a non-zero exit code, one line each."""
    from harness.parity.tokenization import differences
    from harness.report.words.parity import labels

    names = labels(parity)
    reasons = [f"{m.ref}: did not answer: {m.error}" for m in parity.models if m.error is not None]
    for pair in parity.pairs:
        called = f"{names[pair.before]} -> {names[pair.after]}"
        if wrong := pair.reading and differences(pair.reading):
            reasons.append(f"{called}: prompts are not read alike: {wrong[0]}")
        for answers in pair.answers:
            success = answers.success
            if max_drop is None or success is None:
                continue
            if success.rate_before is None or success.rate_after is None:
                continue
            drop = (success.rate_before - success.rate_after) * 100
            if drop > max_drop + 1e-9:
                reasons.append(
                    f"{called}: {answers.task}: format_success_rate dropped by {drop:.1f} points, "
                    f"{max_drop:g} are allowed"
                )
    return reasons


def _say() -> "Callable[[str], None]":
    """A callback that prints the probed model on a terminal."""
    from harness.report.console.output import say

    if not sys.stderr.isatty():
        return lambda ref: None
    return lambda ref: say(f"asking {ref} how sure it was", err=True)
