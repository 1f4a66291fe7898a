"""``harness doctor``: finds what is wrong with a model's files, without opening the model."""

from pathlib import Path

import click

PROBLEM = 1
"""Exit code when a model has a problem."""


@click.command()
@click.argument("models", metavar="[MODEL...]", nargs=-1)
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@click.option(
    "--hub", "asks_hub", is_flag=True, help="Without a model: see whether the hub answers, in 3 s."
)
def command(models: tuple[str, ...], is_json: bool, asks_hub: bool) -> None:
    """Look into the files of each MODEL (base:, adapter:, merged:, gguf:), else into this
    installation: packages and what each missing extra gives, versions that clash, device, threads,
    memory, the store, the hub.

    ollama:DIR, or the path of a Modelfile, is held against the chat template of its GGUF: the same
    prompts, every stop, the files that were exported.

    A problem makes what the model answers meaningless, a warning is likely not what was meant, a
    note is good to know. Of several models, each chat template is held against that of the model
    named before it that has the same vocabulary.

    Exit code: 0 without a problem, 1 with one, 2 for a model that cannot be looked into.
    """
    if not models:
        raise SystemExit(PROBLEM if _installation_is_broken(is_json, asks_hub) else 0)
    if asks_hub:
        raise click.UsageError("--hub looks into the installation, leave out the models")
    from harness import backends
    from harness.core.errors import HarnessError
    from harness.core.modelref import ModelRef
    from harness.export.ollama.check import examine_modelfile
    from harness.machine.hardware import machine
    from harness.model_files.examine import examine_all
    from harness.model_files.finding import Level
    from harness.report.console import doctor
    from harness.report.console.output import say_json

    refs, mistakes, modelfiles = [], [], []
    for text in models:
        try:
            if (modelfile := _modelfile(text)) is not None:
                modelfiles.append(modelfile)
                continue
            ref = ModelRef.parse(text)
            backends.preflight(ref, is_opened=False)
            refs.append(ref)
        except HarnessError as error:
            mistakes += [m.removeprefix("--model ") for m in error.mistakes]
    if mistakes:
        raise HarnessError(*mistakes)
    examined = (*examine_all(refs, is_thorough=True), *map(examine_modelfile, modelfiles))
    if is_json:
        say_json(doctor.as_json(examined, machine()))
    else:
        from harness.report.console.screen import show

        show(doctor.shown(examined, machine()), 120)
    raise SystemExit(PROBLEM if any(e.at(Level.PROBLEM) for e in examined) else 0)


def _installation_is_broken(is_json: bool, asks_hub: bool) -> bool:
    """Look into the installation and show it; returns whether a problem was found."""
    from harness.cli._installation import examine
    from harness.core.extras import install
    from harness.machine.hardware import machine
    from harness.report.console import doctor, installation
    from harness.report.console.output import say, say_json
    from harness.report.console.screen import show

    here = machine()
    found = examine(here, asks_hub=asks_hub)
    if is_json:
        say_json(doctor.as_json((), here, found.to_json(), found.findings))
    else:
        rows = [(e.name, e.gives, e.lacks, bool(e.versions)) for e in found.extras]
        show(installation.shown(here, found.facts, rows, found.findings), 80)
        if lacking := [e.name for e in found.extras if e.lacks]:
            say("what is not installed:", f"  {install(*lacking)}")
        say("harness doctor KIND:LOCATION looks into the files of a model")
    return not found.is_sound


def _modelfile(text: str) -> Path | None:
    """The Modelfile that ``text`` names; ``None`` for another model."""
    from harness.core.errors import HarnessError
    from harness.export.ollama.check import modelfile_of

    is_named = text.startswith("ollama:")
    found = modelfile_of(Path(text.removeprefix("ollama:")))
    if found is None and is_named:
        raise HarnessError(f"{text}: holds no Modelfile, harness export ollama writes one")
    return found
