"""Shell completion of values: models, tasks, runs, baselines, recipes, behaviors.

The mechanism is click's. Which values a parameter takes is known by its name, since a name means
the same in every command. Nothing heavy is imported, and what cannot be read offers nothing.
"""

import importlib.util
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ZshComplete,
    add_completion_class,
    split_arg_string,
)

from harness.core.errors import HarnessError

OPEN = "open"
"""Type of a completion after which the word goes on: no blank is appended."""
MOST_RUNS = 50
_WORD = re.compile(r"[\w@%+=:,./~-]+")
"""A word that every shell takes as one without quotes."""
_MARKS = {"adapter": "adapter_config.json", "base": "config.json", "merged": "config.json"}
"""The file by which a folder is a model of a kind."""

Values = Callable[[click.Context, str], Iterable[str]]
"""Values that begin with what was typed; one that ends with ``/`` or ``:`` goes on."""


def models(context: click.Context, typed: str) -> Iterator[str]:
    """Kinds of models, then the paths of the kind."""
    from harness.backends import kinds

    kind, colon, location = typed.partition(":")
    if not colon:
        yield from (f"{kind}:" for kind in kinds())
    elif kind == "record":
        yield from (f"record:{run}" for run in runs(context, location))
    elif kind in kinds():
        yield from (f"{kind}:{path}" for path in _paths(kind, location))


def _paths(kind: str, typed: str) -> Iterator[str]:
    """Folders, and the models of a kind among what is there."""
    above, slash, name = typed.rpartition("/")
    folder = Path(above + slash).expanduser() if slash else Path()
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") and not name.startswith("."):
            continue
        found = f"{above}{slash}{path.name}"
        if path.is_dir():
            is_model = kind in _MARKS and (path / _MARKS[kind]).is_file()
            yield found if is_model else f"{found}/"
        elif kind == "gguf" and path.suffix == ".gguf":
            yield found


def tasks(context: click.Context, typed: str) -> Iterator[str]:
    """Folders with a ``task.yaml``."""
    from harness.tasks.kept import KEPT, kept_folders

    folder = context.params.get("tasks_dir") or _settings().tasks_dir
    yield from sorted(path.parent.name for path in Path(folder).glob("*/task.yaml"))
    yield from (KEPT, *kept_folders())


def runs(context: click.Context, typed: str) -> Iterator[str]:
    """The newest runs, by their ids."""
    folder = context.params.get("report_dir") or _settings().report_dir
    found = {path.parent for path in Path(folder).glob("*/run.json")}
    newest = sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)
    yield from ("latest", *(path.name for path in newest[:MOST_RUNS]))


def sides(context: click.Context, typed: str) -> Iterator[str]:
    """The sides of a comparison: baselines and runs."""
    yield from baselines(context, typed)
    yield from runs(context, typed)


def baselines(context: click.Context, typed: str) -> Iterator[str]:
    """The stored baselines."""
    from harness.records.baselines import baseline_names

    yield from baseline_names(Path(_settings().baselines_dir))


def recipes(context: click.Context, typed: str) -> Iterator[str]:
    """Bundled recipes by name, and YAML files here."""
    bundled = importlib.util.find_spec("trainers.recipes")
    for folder in (bundled and bundled.submodule_search_locations) or ():
        yield from sorted(path.stem for path in Path(folder).glob("*.yaml"))
    above, slash, _ = typed.rpartition("/")
    for path in sorted(Path(above + slash).iterdir() if slash else Path().iterdir()):
        if path.suffix in (".yaml", ".yml") or (path.is_dir() and path.name[0] != "."):
            yield f"{above}{slash}{path.name}" + ("/" if path.is_dir() else "")


def behaviors(context: click.Context, typed: str) -> Iterator[str]:
    """The behaviors of the catalogue."""
    from harness.checks import listing

    yield from sorted(listing())


def _settings() -> Any:
    from harness.run.settings import project_settings

    return project_settings()


OPTIONS: Mapping[str, Values] = {
    "--model": models,
    "--models": models,
    "--task": tasks,
    "--run": runs,
    "--behavior": behaviors,
}
ARGUMENTS: Mapping[str, Values] = {
    "models": models,
    "chain": models,
    "run": runs,
    "runs": sides,
    "names": baselines,
    "recipe": recipes,
    "behavior": behaviors,
}


class Completed(click.ParamType):  # type: ignore[type-arg]
    """Any text, completed by values."""

    name = "text"

    def __init__(self, values: Values) -> None:
        self.values = values

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        items = []
        # A mistake in a file is for the command itself to say.
        with suppress(HarnessError, OSError, ValueError):
            for value in self.values(ctx, incomplete):
                if value.startswith(incomplete) and _WORD.fullmatch(value):
                    kind = OPEN if value.endswith((":", "/")) else "plain"
                    items.append(CompletionItem(value, type=kind))
        return items


def complete_values(command: click.Command) -> None:
    """Have the parameters of a command, and of those below it, completed by their names."""
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        complete_values(below)
    for param in command.params:
        is_text = isinstance(param.type, click.types.StringParamType | click.Tuple)
        known = ARGUMENTS if isinstance(param, click.Argument) else OPTIONS
        names = (param.name or "",) if isinstance(param, click.Argument) else param.opts
        if is_text and (values := next((known[n] for n in names if n in known), None)):
            param.type = Completed(values)


@add_completion_class
class Bash(BashComplete):
    """Bash divides words at colons and equal signs, and replaces the last part alone."""

    source_template = """\
%(complete_func)s() {
    local IFS=$'\\n' type value response
    response=$(env COMP_LINE="$COMP_LINE" COMP_POINT=$COMP_POINT \
COMP_WORDBREAKS="$COMP_WORDBREAKS" %(complete_var)s=bash_complete $1)
    while IFS=',' read -r type value; do
        case $type in
            dir) COMPREPLY=(); compopt -o dirnames ;;
            file) COMPREPLY=(); compopt -o default ;;
            open) COMPREPLY+=("$value"); compopt -o nospace ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done <<< "$response"
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""

    def get_completion_args(self) -> tuple[list[str], str]:
        # COMP_POINT counts bytes or characters, as the locale does: only rarely not the same.
        typed = os.environ["COMP_LINE"][: int(os.environ["COMP_POINT"])]
        words = split_arg_string(typed)[1:]
        incomplete = "" if typed[-1:].isspace() or not words else words.pop()
        return words, incomplete

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        items = super().get_completions(args, incomplete)
        breaks = os.environ.get("COMP_WORDBREAKS", ":=")
        start = max((incomplete.rfind(mark) + 1 for mark in ":=" if mark in breaks), default=0)
        if incomplete.startswith("-"):  # In --model=adapter:out the value begins at its kind.
            start = max(0, start - incomplete.find("=") - 1) if "=" in incomplete else 0
        return [CompletionItem(item.value[start:], type=item.type) for item in items]


@add_completion_class
class Zsh(ZshComplete):
    """Zsh appends a blank unless it is told not to."""

    source_template = """\
#compdef %(prog_name)s

%(complete_func)s() {
    local -a completions open described response
    (( ! $+commands[%(prog_name)s] )) && return 1

    response=("${(@f)$(env COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT-1)) \
%(complete_var)s=zsh_complete %(prog_name)s)}")

    for type key descr in ${response}; do
        case $type in
            plain) if [[ "$descr" == "_" ]]; then completions+=("$key"); \
else described+=("$key":"$descr"); fi ;;
            open) open+=("$key") ;;
            dir) _path_files -/ ;;
            file) _path_files -f ;;
        esac
    done

    [ -n "$described" ] && _describe -V unsorted described -U
    [ -n "$completions" ] && compadd -U -V unsorted -a completions
    [ -n "$open" ] && compadd -U -S '' -V unsorted -a open
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""


@add_completion_class
class Fish(FishComplete):
    """Fish appends no blank to what ends with a colon or a slash."""

    def format_completion(self, item: CompletionItem) -> str:
        kind = "plain" if item.type == OPEN else item.type
        return super().format_completion(CompletionItem(item.value, type=kind, help=item.help))
