"""``harness init``, from a checkout and from the wheel that a user installs."""

import json
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from fixtures.datasets.writing import write_dataset
from harness.cli import main
from harness.cli._ci import FILES
from harness.cli._starter import MODEL, PIECES
from harness.core.extras import requirement
from tests.models import ROOT
from tests.patience import PATIENCE
from tests.project import clean_environment
from trainers.recipes.load import load


def init(folder: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["init", str(folder), *options], catch_exceptions=False)


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("new")
    assert init(folder).exit_code == 0
    return folder


def test_it_lists_what_it_wrote_and_the_next_commands(tmp_path: Path) -> None:
    lines = init(tmp_path).output.splitlines()
    wrote = [line.removeprefix(f"wrote {tmp_path}/") for line in lines if line.startswith("wrote")]
    assert wrote[:2] == ["suites/", "tasks/json_extraction/"]
    assert {".github/workflows/gate.yml", "pyproject.toml: [tool.harness]"} <= set(wrote)
    assert lines[len(wrote)] == f"next, in {tmp_path}:"
    assert max(map(len, lines[len(wrote) + 1 :])) <= 80


def test_its_behaviors_are_collected_for_its_own_model(new: Path) -> None:
    collected = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "harness.pytest_plugin"],
        cwd=new,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert collected.returncode == 0, collected.stdout + collected.stderr
    assert f"test_json_validity[json_extraction-{MODEL}]" in collected.stdout


def test_nothing_is_overwritten_and_a_second_time_writes_nothing(tmp_path: Path) -> None:
    for name in ("suites/test_mine.py", "README.md", ".gitignore", "requirements.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine\n")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n\n[tool.pytest.ini_options]\n')
    first = init(tmp_path)
    assert first.exit_code == 0
    assert f"kept {tmp_path}/suites/\n" in first.output
    assert f"kept {tmp_path}/requirements.txt\n" in first.output
    assert f"kept {tmp_path}/pyproject.toml: [tool.pytest.ini_options]\n" in first.output
    assert [path.name for path in (tmp_path / "suites").iterdir()] == ["test_mine.py"]
    assert (tmp_path / "requirements.txt").read_text() == "mine\n"
    for name in ("README.md", ".gitignore"):
        assert (tmp_path / name).read_text().startswith("mine\n\n")
    settings = tomllib.loads((tmp_path / "pyproject.toml").read_text())
    assert settings["project"] == {"name": "x"}
    assert settings["tool"]["harness"]["models"] == [MODEL]
    before = contents(tmp_path)
    again = init(tmp_path, "--json")
    assert json.loads(again.stdout)["wrote"] == []
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", ["README.md", "pyproject.toml"])
def test_a_file_that_cannot_be_read_stops_it_before_it_begins(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\xff")
    result = init(tmp_path)
    assert result.exit_code == 2
    assert result.output.startswith(f"harness: {tmp_path / name}: cannot be read")
    assert len(contents(tmp_path)) == 1


def test_a_pyproject_that_is_no_toml_stops_it_before_it_begins(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.harness\n")
    result = init(tmp_path)
    assert result.exit_code == 2
    assert result.output.startswith(f"harness: {tmp_path}/pyproject.toml: not valid TOML (")
    assert len(contents(tmp_path)) == 1


def test_a_table_is_found_however_it_is_spelled(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text('# no [tool.pytest.ini_options] yet\n[tool]\nharness = {tasks_dir = "own"}\n')
    assert init(tmp_path).exit_code == 0
    tools = tomllib.loads(file.read_text("utf-8"))["tool"]
    assert tools["harness"] == {"tasks_dir": "own"}
    assert tools["pytest"]["ini_options"] == {"testpaths": ["suites"]}


def repository(folder: Path, **remotes: str) -> Path:
    """A repository with these remotes, in which git reads no other configuration."""
    for command in (["init", "-q"], *(["remote", "add", n, url] for n, url in remotes.items())):
        subprocess.run(["git", "-C", folder, *command], check=True, env=clean_environment())
    return folder


def gates(folder: Path) -> set[str]:
    files = (".github/workflows/gate.yml", ".gitlab-ci.yml", ".gitlab/gate.yml")
    return {name for name in files if (folder / name).exists()}


@pytest.mark.parametrize(
    ("remotes", "gate"),
    [
        ({}, ".github/workflows/gate.yml"),
        ({"origin": "git@github.com:me/mine.git"}, ".github/workflows/gate.yml"),
        ({"origin": "git@gitlab.com:me/mine.git"}, ".gitlab-ci.yml"),
        ({"origin": "https://me@GitLab.example.org:8443/github/mine"}, ".gitlab-ci.yml"),
        ({"origin": "ssh://git@gitlab.example.org:22/mine.git"}, ".gitlab-ci.yml"),
        ({"a": "https://gitlab.com/x", "origin": "https://github.com/x"},
         ".github/workflows/gate.yml"),
        ({"a": "https://gitlab.com/x", "origin": "/srv/mine.git"}, ".gitlab-ci.yml"),
    ],
)  # fmt: skip
def test_the_gate_is_the_remote_s(tmp_path: Path, remotes: dict[str, str], gate: str) -> None:
    folder = repository(tmp_path, **remotes) / "new"
    assert init(folder).exit_code == 0
    assert gates(folder) == {gate}
    assert f"held against the baseline by `{gate}`" in (folder / "README.md").read_text("utf-8")
    assert (folder / gate).read_bytes() == (ROOT / gate).read_bytes(), "it has one home"


def test_the_gate_that_is_asked_for_goes_before_the_remote_s(tmp_path: Path) -> None:
    repository(tmp_path, origin="git@gitlab.com:me/mine.git")
    assert init(tmp_path, "--ci", "none").exit_code == 0
    assert gates(tmp_path) == set()
    assert "held against" not in (tmp_path / "README.md").read_text("utf-8")
    assert init(tmp_path, "--ci", "github").exit_code == 0
    assert init(tmp_path).exit_code == 0
    assert gates(tmp_path) == {".github/workflows/gate.yml", ".gitlab-ci.yml"}
    again = init(tmp_path, "--ci", "gitlab", "--json")
    assert json.loads(again.stdout)["wrote"] == []


def test_a_pipeline_of_one_s_own_gets_a_file_to_include(tmp_path: Path) -> None:
    own = tmp_path / ".gitlab-ci.yml"
    own.write_text("test: {script: [make]}\n")
    done = init(tmp_path)
    assert gates(tmp_path) == {".gitlab-ci.yml", ".gitlab/gate.yml"}
    assert own.read_text() == "test: {script: [make]}\n"
    assert "note: the gate is run once .gitlab-ci.yml has a line include: /.gitlab/gate.yml\n" in (
        done.output
    )
    own.write_text("include: /.gitlab/gate.yml\n" + own.read_text())
    assert "the gate is run once" not in init(tmp_path).output


def test_settings_that_were_there_and_do_not_fit_are_named(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.harness.gate]\nmargin = 0.1\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\ntestpaths = tests\n")
    done = init(tmp_path)
    assert done.exit_code == 0
    assert "note: tasks are looked for in fixtures/tasks: move tasks/json_extraction" in done.output
    assert f'note: no model is named: give [tool.harness] models = ["{MODEL}"]' in done.output
    assert "  pytest suites/  " in done.output
    assert "ini_options" not in (tmp_path / "pyproject.toml").read_text("utf-8")


def test_settings_that_cannot_be_read_stop_it_before_it_begins(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.harness]\nmodles = []\n")
    done = init(tmp_path)
    assert done.exit_code == 2
    assert "did you mean 'models'?" in done.output
    assert len(contents(tmp_path)) == 1


def test_a_file_in_a_folder_s_place_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "tasks").write_text("")
    result = init(tmp_path)
    assert result.exit_code == 2
    assert result.output == f"harness: {tmp_path}/tasks: is there and no folder, move it away\n"
    assert list(tmp_path.iterdir()) == [tmp_path / "tasks"]


def test_a_folder_that_cannot_be_made_is_one_line() -> None:
    result = init(Path("/dev/null/x"))
    assert result.exit_code == 2
    assert result.output.count("\n") == 1


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="a folder in which none can be made")
def test_so_is_one_where_the_system_refuses() -> None:
    result = init(Path("/proc/harness"))
    assert result.exit_code == 2
    assert result.output.startswith("harness: /proc/harness: cannot be made (")


def test_what_it_writes_is_the_project_s_own(new: Path) -> None:
    """No path leads out of the project, and none to where the files are maintained."""
    for name, content in contents(new).items():
        if not name.startswith(("models/", "suites/")):
            assert b"fixtures" not in content, name
    adapter = json.loads((new / "models/tiny-qwen2-adapter/adapter_config.json").read_bytes())
    assert adapter["base_model_name_or_path"] == "models/tiny-qwen2"
    for name in ("tasks/json_extraction/task.yaml", "recipes/json_extraction.yaml"):
        first = (new / name).read_text("utf-8").splitlines()[0]
        assert (new / name).parent.joinpath(first.partition("$schema=")[2]).is_file(), first


def test_the_recipe_and_the_rows_are_sound(new: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(new)
    recipe = load("recipes/json_extraction.yaml", ()).recipe
    assert all(Path(path).is_file() for path in recipe.data.train)
    assert Path(recipe.base).is_dir()
    rows = ROOT / "fixtures/starter/json_extraction.jsonl"
    made = new / "rows"
    write_dataset("json_extraction", 1000, 0, made)
    assert (made / "train.jsonl").read_bytes() == rows.read_bytes()


def test_the_workflow_gates_what_the_project_has(new: Path) -> None:
    text = (new / ".github/workflows/gate.yml").read_text("utf-8")
    assert text == (ROOT / ".github/workflows/gate.yml").read_text("utf-8"), "it has one home"
    assert (new / yaml.safe_load(text)["env"]["RECIPE"]).is_file()
    assert "pip install -r requirements.txt" in text
    *_, line = (new / "requirements.txt").read_text("utf-8").splitlines()
    assert line == requirement("hf", "train")


def test_the_model_that_comes_along_is_small(new: Path) -> None:
    assert sum(p.stat().st_size for p in (new / "models").rglob("*") if p.is_file()) < 5_000_000


@pytest.mark.slow
def test_the_wheel_is_enough(tmp_path):
    """Built, installed into an environment of its own beside the packages that are here."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "-q", "--no-deps", "-w", tmp_path, ROOT], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {
        "harness",
        "trainers",
        wheel.name.rsplit("-", 3)[0] + ".dist-info",
    }
    assert "harness/starter/suites/test_json_validity.py" in names
    assert {f"harness/starter/{name}" for name in FILES.values()} <= {*names}
    assert "harness/tasks/schemas/task.schema.json" in names
    assert "trainers/recipes/recipe.schema.json" in names
    venv.create(tmp_path / "venv", system_site_packages=False, with_pip=False)
    python = tmp_path / "venv/bin/python"
    (site,) = (tmp_path / "venv/lib").glob("python3.*/site-packages")
    here = next(p for p in sys.path if p.endswith("site-packages"))
    (site / "packages.pth").write_text(here + "\n")
    subprocess.run([*pip, "install", "-q", "--no-deps", "--target", site, wheel], check=True)
    run = {"cwd": tmp_path, "env": clean_environment(PYTHONPATH=str(site)), "check": True}
    subprocess.run([python, "-m", "harness", "init", "new"], **run)
    assert (tmp_path / "new/suites/test_json_validity.py").is_file()
    again = ("--no-deps", "--target", tmp_path / "again", "-r", tmp_path / "new/requirements.txt")
    subprocess.run([*pip, "install", "-q", *again], cwd=tmp_path / "new", check=True)
    assert (tmp_path / "again/harness/starter").is_dir()
    assert (tmp_path / "new/tasks/json_extraction/cases.jsonl").is_file()
    for piece in PIECES:
        assert (tmp_path / "new" / piece.target).exists(), piece.target
    judged = subprocess.run(
        [python, "-m", "pytest", "-q", "-p", "harness.pytest_plugin"],
        cwd=tmp_path / "new",
        env=clean_environment(PYTHONPATH=str(site), HARNESS_STORE=str(tmp_path / "store")),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert judged.returncode == 0, judged.stdout + judged.stderr
