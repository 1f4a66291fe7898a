"""``harness completion``: the script that completes ``harness`` in a shell."""

import click

SHELLS = ("bash", "zsh", "fish")

PROGRAM = "harness"


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print the script that completes harness in SHELL: commands, options, models, tasks, runs.

    bash and zsh: a line eval "$(harness completion bash)" in ~/.bashrc, or with zsh in ~/.zshrc.
    fish: harness completion fish > ~/.config/fish/completions/harness.fish
    """
    from click.shell_completion import get_completion_class

    import harness.cli._completion  # noqa: F401 - its shells are registered
    from harness.cli import COMPLETION, main
    from harness.report.console.output import say_file

    completion = get_completion_class(shell)
    assert completion is not None
    say_file(completion.source_template % completion(main, {}, PROGRAM, COMPLETION).source_vars())
