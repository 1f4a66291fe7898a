"""The files of ``harness init``: where they come from, and what a project changes in them."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.core.errors import HarnessError
from harness.core.extras import file_of, installed_from, requirement
from harness.files.project import PYPROJECT, configures_pytest
from harness.files.starter import PACKAGE, starter_root

MODEL = "adapter:models/tiny-qwen2-adapter"
"""The model that ``pytest`` judges in a new project, until it has a model of its own."""
SCHEMA = "# yaml-language-server: $schema="
WHEELS = "wheels"
"""The folder of the project's own copy of the harness."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A file or a folder of a new project."""

    target: str
    """Below the project."""
    source: str = ""
    """As ``harness.files.starter`` has it."""
    text: Callable[[], str] = str
    """Makes the text of a file that has no source; it is empty unless this is given."""
    changes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By file of the piece (``""`` is the piece itself): old text to the project's own."""
    is_packaged: bool = False
    """The source is a part of the package, in a wheel as in a checkout."""

    def find(self) -> Path:
        """The source in this installation.

        Raises:
            HarnessError: it is not there.
        """
        place = (PACKAGE if self.is_packaged else starter_root()) / self.source
        if place.exists():
            return place
        raise HarnessError(f"this installation lacks {self.target}: install slm-harness again")

    def changed(self, name: str, text: str) -> str:
        """The text of one of its files as the project has it."""
        for old, new in self.changes.get(name, {}).items():
            assert old in text, f"{self.source} has no {old!r}"
            text = text.replace(old, new)
        return text


def wheel() -> Path | None:
    """The wheel that the harness was installed from, where it is still there."""
    place = installed_from()
    path = file_of(place) if place else None
    return path if path and path.suffix == ".whl" and path.is_file() else None


def requirements() -> str:
    """The text of ``requirements.txt``: the harness from where this one was installed, a wheel from
    the copy that the project has of it."""
    if (own := wheel()) is not None:
        return f"# In the project, so that CI installs it too\n./{WHEELS}/{own.name}[hf,train]\n"
    line = requirement("hf", "train")
    is_here = " @ file:" in line
    return f"{_ELSEWHERE if is_here else ''}{line}\n"


_ELSEWHERE = """\
# Where the harness was installed from. Another machine, such as CI, cannot read this place: put a
# wheel into the repository and name it (./slm_harness-VERSION-py3-none-any.whl[hf,train]), or name
# a repository of it (slm-harness[hf,train] @ git+URL).
"""
_RECIPE_CHANGES = {
    f"{SCHEMA}recipe.schema.json": f"{SCHEMA}../schemas/recipe.schema.json",
    "trainers/recipes/json_extraction_tiny.yaml": "recipes/json_extraction.yaml",
    "Teaches the bundled tiny model": "Teaches the tiny model that came along",
    " Every key and default: trainers/recipes/schema.py.": "",
    "fixtures/models/tiny-qwen2": "models/tiny-qwen2",
    "  make: harness data example json_extraction --rows 2000 -o data/json_extraction\n": "",
    "this is two passes over 1,600 rows": "this is four passes over 800 rows",
}
_TASK_SCHEMA = "harness/tasks/schemas/task.schema.json"
PIECES = (
    Piece("suites", "suites"),
    Piece(
        "tasks/json_extraction",
        "fixtures/tasks/json_extraction",
        changes={"task.yaml": {f"../../../{_TASK_SCHEMA}": "../../schemas/task.schema.json"}},
    ),
    Piece("models/tiny-qwen2", "fixtures/models/tiny-qwen2"),
    Piece(
        "models/tiny-qwen2-adapter",
        "fixtures/models/tiny-qwen2-adapter",
        changes={"adapter_config.json": {"fixtures/models/tiny-qwen2": "models/tiny-qwen2"}},
    ),
    Piece("data/json_extraction/train.jsonl", "fixtures/starter/json_extraction.jsonl"),
    Piece(
        "recipes/json_extraction.yaml",
        "trainers/recipes/json_extraction_tiny.yaml",
        changes={"": _RECIPE_CHANGES},
        is_packaged=True,
    ),
    Piece("schemas/task.schema.json", _TASK_SCHEMA, is_packaged=True),
    Piece("schemas/case.schema.json", "harness/tasks/schemas/case.schema.json", is_packaged=True),
    Piece("schemas/recipe.schema.json", "trainers/recipes/recipe.schema.json", is_packaged=True),
    Piece("reports/baselines/.gitkeep"),
    Piece("requirements.txt", text=requirements),
)
"""The files of a project that has none of them, whatever runs its gate."""


def pieces(gate: Piece | None) -> tuple[Piece, ...]:
    """``PIECES``, the gate of the project's CI, and the wheel that the harness came from."""
    own = wheel()
    wheels = () if own is None else (Piece(f"{WHEELS}/{own.name}", str(own)),)
    return (*PIECES, *(() if gate is None else (gate,)), *wheels)


TASKS = "tasks"
SETTINGS = f"""\
[tool.harness]
tasks_dir = "{TASKS}"
models = ["{MODEL}"]  # what pytest judges where no --model is named
"""
PYTEST = """\
[tool.pytest.ini_options]
testpaths = ["suites"]
"""
IGNORED = """\
# The runs of models; baselines are committed
/reports/*
!/reports/baselines/
/out/
/.venv/
__pycache__/
.pytest_cache/
"""
README = """\
## Model behavior

`suites/` holds the behaviors that a model must show, `tasks/` the prompts and what a good answer
is.

    pip install -r requirements.txt
    pytest suites/                              # judge the models of pyproject.toml
    harness report --open                       # look at the answers
    harness baseline save main --texts          # keep the latest run; commit reports/baselines/
    harness task new NAME                       # say what a model of yours must do
    pytest --task kept                          # what else can it do? four skills to keep
    harness train recipes/json_extraction.yaml  # train an adapter into out/
    pytest suites/ --model adapter:out/json_extraction && harness gate main latest

{gated}The model in `models/` and its task are examples: put your own in their place, in
`pyproject.toml` too.
"""
GATED = "Every change is held against the baseline by `{}`.\n"


@dataclass(frozen=True, slots=True)
class Addition:
    """Text at the end of a file that may be there."""

    target: str
    text: str
    is_there: Callable[[str, Path], bool]
    """True where the file's text, or another file of its folder, has it already; raises
    TOMLDecodeError for a text that is none."""
    name: str = ""
    """A name for what is added, in a message; empty where it is the file."""


def _has_settings(text: str, _: Path) -> bool:
    """True where a ``pyproject.toml`` has the harness's table, however it is spelled."""
    tools = tomllib.loads(text).get("tool")
    return isinstance(tools, dict) and "harness" in tools


def _configures_pytest(text: str, folder: Path) -> bool:
    tools = tomllib.loads(text).get("tool")
    return configures_pytest(folder) or (isinstance(tools, dict) and "pytest" in tools)


def _holds(words: str) -> Callable[[str, Path], bool]:
    return lambda text, _: words in text


def additions(gate: Piece | None) -> tuple[Addition, ...]:
    """What belongs into files that a project may have; the README names the gate's file."""
    gated = "" if gate is None else GATED.format(gate.target)
    return (
        Addition(PYPROJECT, SETTINGS, _has_settings, "[tool.harness]"),
        Addition(PYPROJECT, PYTEST, _configures_pytest, "[tool.pytest.ini_options]"),
        Addition(".gitignore", IGNORED, _holds("/reports/*"), "runs and trainings"),
        Addition("README.md", README.format(gated=gated), _holds("## Model behavior"), "a section"),
    )
