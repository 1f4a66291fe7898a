"""``harness doctor``: finds what is wrong with a model's files, without opening the model."""

from pathlib import Path

import click

PROBLEM = 1
"""Exit code when a model has a problem."""


@click.command()
@click.argument("models", metavar="[MODEL...]", nargs=-1)
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
def command(models: tuple[str, ...], is_json: bool) -> None:
    """Look into the files of each MODEL (base:, adapter:, merged:, gguf:) and into this machine.

    ollama:DIR, or the path of a Modelfile, is held against the chat template of its GGUF: the same
    prompts, every stop, the files that were exported.

    A problem makes what the model answers meaningless, a warning is likely not what was meant, a
    note is good to know. Of several models, each chat template is held against that of the model
    named before it that has the same vocabulary.

    Exit code: 0 without a problem, 1 with one, 2 for a model that cannot be looked into.
    """
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
            backends.preflight(ref)
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


def _modelfile(text: str) -> Path | None:
    """The Modelfile that ``text`` names; ``None`` for another model."""
    from harness.core.errors import HarnessError
    from harness.export.ollama.check import modelfile_of

    is_named = text.startswith("ollama:")
    found = modelfile_of(Path(text.removeprefix("ollama:")))
    if found is None and is_named:
        raise HarnessError(f"{text}: holds no Modelfile, harness export ollama writes one")
    return found
