"""Reads ``[tool.harness]`` of ``pyproject.toml``: defaults of the command line."""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

from harness.core.errors import HarnessError
from harness.core.portable import expanded
from harness.files.project import PYPROJECT, project_folder, seen_from
from harness.files.yaml_file import explain
from harness.gate.policy import GatePolicy

TABLE = "tool.harness"
Folder = Annotated[str, AfterValidator(expanded)]
"""A folder of the project, or one below ``~``."""


def _ref_alone(value: Any) -> Any:
    return {"ref": value} if isinstance(value, str) else value


class ModelSetting(BaseModel):
    """A default model and its tasks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ref: str
    """``kind:location``, as after ``--model``."""
    tasks: tuple[str, ...] | None = None
    """Tasks of this model; ``None`` means all."""


class Settings(BaseModel):
    """The table ``[tool.harness]``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    models: tuple[Annotated[ModelSetting, BeforeValidator(_ref_alone)], ...] = ()
    """Models that are judged where no ``--model`` names one."""
    tasks_dir: Folder = "fixtures/tasks"
    """The folder of task folders."""
    report_dir: Folder = "reports/runs"
    """The folder that records are written to."""
    baselines_dir: Folder = "reports/baselines"
    """The folder of baselines and their ledger."""
    stall_seconds: float = Field(600.0, gt=0, allow_inf_nan=False)
    """Seconds without a message after which a backend counts as hung."""
    store: Literal[False] | str | None = None
    """Folder of the store of completions, from the project's; ``false`` for none. ``None``: in the
    user's cache directory."""
    gate: GatePolicy = GatePolicy()
    """The table ``[tool.harness.gate]``."""


def project_settings() -> Settings:
    """The settings of the project around the working folder, with paths as seen from there.

    Raises:
        HarnessError: as ``read_settings``.
    """
    here = Path.cwd()
    root = project_folder(here)
    settings = read_settings(root)
    if root == here:
        return settings
    folders = ("tasks_dir", "report_dir", "baselines_dir")
    seen = {name: str(seen_from(here, root, getattr(settings, name))) for name in folders}
    models = [m.model_copy(update={"ref": from_root(root, m.ref)}) for m in settings.models]
    store = settings.store and str(root / expanded(settings.store))
    return settings.model_copy(update={**seen, "models": tuple(models), "store": store})


def from_root(root: Path, ref: str) -> str:
    """A model of the settings, whose paths are the project's, as seen from the working folder."""
    here = Path.cwd()
    parts = re.split(r"(^[a-z]+:|\+[a-z_]+=)", ref)
    return "".join(
        str(seen_from(here, root, part)) if part and (root / part).exists() else part
        for part in parts
    )


def read_settings(root: Path) -> Settings:
    """Read the table from ``root/pyproject.toml``; without file or table, the defaults.

    Raises:
        HarnessError: the file is no TOML, or the table does not fit.
    """
    path = root / PYPROJECT
    if not path.is_file():
        return Settings()
    try:
        tools = tomllib.loads(path.read_text("utf-8")).get("tool", {})
        table = tools.get("harness", {}) if isinstance(tools, dict) else None
        if not isinstance(table, dict):
            raise HarnessError(f"{path}: tool.harness is no table, write [{TABLE}]")
        return Settings.model_validate(table)
    except ValidationError as error:
        found = [f"{path}: [{TABLE}] {explain(e, Settings)}" for e in error.errors()]
        raise HarnessError(*found) from None
    except OSError as error:
        raise HarnessError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError) as error:  # no TOML, not UTF-8, or nested too deep
        raise HarnessError(f"{path}: not valid TOML: {error}") from None
