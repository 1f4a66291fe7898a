"""What a shell is offered, through click's own mechanism, and the scripts that ask for it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from harness.checks import listing
from harness.cli import main
from tests.models import ROOT
from tests.patience import PATIENCE
from tests.project import clean_environment


def parameters(command: click.Command):
    for name in command.list_commands(None) if isinstance(command, click.Group) else ():
        yield from parameters(command.get_command(None, name))
    yield from command.params


@pytest.fixture
def offered(monkeypatch, tmp_path):
    """``offered("harness chat --mo")``: the words with their types, as bash gets them."""
    for param in parameters(main):  # A command that is completed takes any text.
        monkeypatch.setattr(param, "type", param.type)
    monkeypatch.chdir(tmp_path)

    def ask(typed: str, shell: str = "bash", **more: str) -> list[str]:
        asked = {"COMP_LINE": typed, "COMP_POINT": str(len(typed)), **more}
        environment = {"_HARNESS_COMPLETE": f"{shell}_complete", **asked}
        done = CliRunner().invoke(main, [], env=environment, prog_name="harness")
        assert done.exit_code == 0, done.output
        return [line for line in done.stdout.splitlines() if line]

    return ask


@pytest.fixture
def project(tmp_path):
    """A project with a task, runs, a baseline, models and a recipe."""
    for task in ("echo", "spell"):
        (tmp_path / "own" / task).mkdir(parents=True)
        (tmp_path / "own" / task / "task.yaml").touch()
    (tmp_path / "pyproject.toml").write_text('[tool.harness]\ntasks_dir = "own"\n')
    for number, run in enumerate(("old", "new")):
        (tmp_path / "reports/runs" / run).mkdir(parents=True)
        (tmp_path / "reports/runs" / run / "run.json").touch()
        os.utime(tmp_path / "reports/runs" / run, (number, number))
    (tmp_path / "reports/baselines").mkdir()
    (tmp_path / "reports/baselines/main.json").touch()
    (tmp_path / "out/demo").mkdir(parents=True)
    (tmp_path / "out/demo/adapter_config.json").touch()
    for name in ("q4.gguf", "two words.gguf", "a.txt", ".hidden.gguf"):
        (tmp_path / "out" / name).touch()
    (tmp_path / "own.yaml").touch()
    return tmp_path


KEPT_NAMES = ("kept", "kept_format", "kept_honesty", "kept_instruction", "kept_plain")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("harness ch", ["plain,chat"]),
        ("harness chat --mo", ["plain,--model", "plain,--models"]),
        ("harness chat --model a", ["open,adapter:"]),
        ("harness chat --model adapter:", ["open,out/", "open,own/", "open,reports/"]),
        ("harness chat --model base:o", ["open,out/", "open,own/"]),
        ("harness chat --model gguf:out/", ["open,out/demo/", "plain,out/q4.gguf"]),
        ("harness chat --models gguf:out/q4.gguf adapter:out/d", ["plain,out/demo"]),
        ("harness chat --model=adapter:out/d", ["plain,out/demo"]),
        ("harness chat --model base:nowhere/", []),
        ("harness chat --model nothing:", []),
        ("harness serve --task s", ["plain,spell"]),
        ("harness serve --tasks-dir reports --task ", [f"plain,{name}" for name in KEPT_NAMES]),
        ("harness replay n", ["plain,new"]),
        ("harness gate ", ["plain,main", "plain,latest", "plain,new", "plain,old"]),
        ("harness doctor record:l", ["plain,latest"]),
        ("harness history json_", ["plain,json_validity"]),
        ("harness train demo", ["plain,demo_tiny"]),
        ("harness train own", ["open,own/", "plain,own.yaml"]),
        ("harness chat --dtype f", ["plain,float32", "plain,float16"]),
        ("harness completion z", ["plain,zsh"]),
    ],
)
def test_words_are_offered_as_far_as_bash_replaces_them(project, offered, typed, words):
    assert offered(typed) == words


def test_a_bash_that_divides_no_words_at_colons_gets_them_whole(project, offered):
    found = offered("harness chat --model adapter:out/d", COMP_WORDBREAKS=" \t\n")
    assert found == ["plain,adapter:out/demo"]


def test_zsh_and_fish_get_whole_words(project, offered):
    words = {"COMP_WORDS": "harness chat --model adapter:out/d"}
    assert offered("", "zsh", **words, COMP_CWORD="3") == ["plain", "adapter:out/demo", "_"]
    found = offered("", "fish", COMP_WORDS="harness chat --model adap", COMP_CWORD="adap")
    assert found == ["plain,adapter:"]


def test_a_broken_project_offers_nothing_and_says_nothing(project, offered):
    (project / "pyproject.toml").write_text("[tool.harness")
    assert offered("harness chat --task ") == []


def test_a_command_that_is_none_is_no_error_at_the_prompt(offered):
    assert "plain,report" in offered("harness nope ")
    assert "plain,save" in offered("harness baseline nope ")


def test_every_behavior_is_offered(offered):
    assert offered("harness history ") == [f"plain,{name}" for name in sorted(listing())]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_names_the_command_and_the_variable(shell):
    done = CliRunner().invoke(main, ["completion", shell])
    assert done.exit_code == 0
    assert f"_HARNESS_COMPLETE={shell}_complete" in done.stdout
    assert "%(" not in done.stdout


def test_completion_imports_nothing_heavy():
    program = (
        "import sys\nfrom harness.cli import main\n"
        "try: main(prog_name='harness')\nexcept SystemExit: pass\n"
        "heavy = ('torch', 'transformers', 'llama_cpp', 'scipy', 'numpy', 'pytest', 'ray')\n"
        "print('heavy:', *[m for m in heavy if m in sys.modules])"
    )
    typed = "harness chat --task "
    asked = {"COMP_LINE": typed, "COMP_POINT": str(len(typed))}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**clean_environment(), "_HARNESS_COMPLETE": "bash_complete", **asked},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert "plain,json_extraction" in done.stdout
    assert done.stdout.splitlines()[-1] == "heavy:"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_itself_takes_the_script(project):
    folder = project / "bin"
    folder.mkdir()
    program = "from harness.cli import main; main(prog_name='harness')"
    (folder / "harness").write_text(f'#!/bin/sh\nexec {sys.executable} -c "{program}" "$@"\n')
    (folder / "harness").chmod(0o755)
    script = """
        compopt() { echo "compopt $1 $2"; }
        eval "$(harness completion bash)"
        COMP_LINE="harness chat --model adapter:ou"; COMP_POINT=${#COMP_LINE}
        _harness_completion harness
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        cwd=project,
        env={
            **clean_environment(),
            "PATH": f"{folder}:{os.environ['PATH']}",
            "PYTHONPATH": str(Path(ROOT)),
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.stdout.splitlines() == ["compopt -o nospace", "out/"]
    assert done.stderr == ""
