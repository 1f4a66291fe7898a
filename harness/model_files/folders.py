"""What can be said of a model's folder without loading it: the mistakes a user makes most."""

import json
import os
import re
from pathlib import Path

from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.suggestion import nearest
from harness.files.strict_json import UnreadableFile, read_object

WHOLE_WEIGHTS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
ADAPTER_WEIGHTS = ("adapter_model.safetensors", "adapter_model.bin")
_HUB_ID = re.compile(r"^\w[\w.-]*/\w[\w.-]*$")


def check_options(ref: ModelRef, *known: str) -> None:
    for name, _ in ref.options:
        if name not in known:
            there = ", ".join(f"+{k}=" for k in known) or "none"
            raise HarnessError(f"--model {ref}: unknown option +{name}=, there are: {there}")


def check_whole_model(what: str, location: str) -> None:
    """Raise a HarnessError that begins with ``what`` unless a model can be at ``location``."""
    folder = Path(location)
    if not folder.exists():
        if is_hub_id(location):
            return _check_hub(what, location)
        raise HarnessError(f"{what}: {location} is not there{_neighbor(folder)}")
    if not folder.is_dir():
        raise HarnessError(f"{what}: {location} is a file, name the folder that holds the model")
    if not (folder / "config.json").is_file():
        if (folder / "adapter_config.json").is_file():
            raise HarnessError(f"{what}: holds an adapter, say adapter:{location}")
        raise HarnessError(f"{what}: {location} is no model, it has no config.json")
    if not any((folder / name).is_file() for name in WHOLE_WEIGHTS):
        raise HarnessError(f"{what}: {location} has no weights, expected {WHOLE_WEIGHTS[0]}")


def check_adapter(what: str, location: str) -> None:
    """Raise a HarnessError, beginning with ``what``, unless ``location`` holds an adapter."""
    folder = Path(location)
    if not folder.exists():
        raise HarnessError(f"{what}: {location} is not there{_neighbor(folder)}")
    if not (folder / "adapter_config.json").is_file():
        if (folder / "config.json").is_file():
            raise HarnessError(f"{what}: holds a whole model, say base:{location}")
        raise HarnessError(f"{what}: {location} is no adapter, it has no adapter_config.json")
    if not any((folder / name).is_file() for name in ADAPTER_WEIGHTS):
        raise HarnessError(f"{what}: {location} has no weights, expected {ADAPTER_WEIGHTS[0]}")


def check_file(what: str, location: str) -> None:
    """Raise a HarnessError, beginning with ``what``, unless ``location`` is a file."""
    file = Path(location)
    if not file.exists():
        raise HarnessError(f"{what}: {location} is not there{_neighbor(file)}")
    if not file.is_file():
        found = sorted(p.name for p in file.glob("*.gguf"))
        hint = f", such as {file / found[0]}" if found else ""
        raise HarnessError(f"{what}: {location} is a folder, name the .gguf file{hint}")


def adapter_base(ref: ModelRef) -> str:
    """Where the adapter's base is: a folder, or a hub id.

    Raises:
        HarnessError: the adapter's configuration cannot be read, or names no base.
    """
    if (given := ref.option("base")) is not None:
        return given
    config = Path(ref.location) / "adapter_config.json"
    try:
        named = json.loads(config.read_text("utf-8")).get("base_model_name_or_path")
    except (OSError, ValueError, AttributeError) as error:
        raise HarnessError(f"--model {ref}: {config} cannot be read ({error})") from None
    if not named or not isinstance(named, str):
        raise HarnessError(f"--model {ref}: {config} names no base, add +base=FOLDER")
    for folder in (Path(named), Path(ref.location) / named):
        if folder.is_dir():
            return os.path.normpath(folder)
    if is_hub_id(named):
        return named
    raise HarnessError(f"--model {ref}: its base {named} is not there, add +base=FOLDER")


def may_be_quantized(location: str) -> bool:
    """False for a folder whose configuration says nothing of quantised weights; of what is not
    here, or cannot be read, it is not known."""
    config = Path(location) / "config.json"
    try:
        return not config.is_file() or bool(read_object(config).get("quantization_config"))
    except UnreadableFile:
        return True


def is_hub_id(location: str) -> bool:
    """True for ``owner/name``, unless a folder ``owner`` here says that it is a path."""
    return bool(_HUB_ID.match(location)) and not Path(location).parent.is_dir()


def _check_hub(what: str, hub_id: str) -> None:
    """Offline, a hub id must be among what was downloaded before."""
    from huggingface_hub import constants, try_to_load_from_cache

    if constants.HF_HUB_OFFLINE and not isinstance(
        try_to_load_from_cache(hub_id, "config.json"), str
    ):
        raise HarnessError(
            f"{what}: {hub_id} is no folder and was never downloaded, and HF_HUB_OFFLINE is set"
        )


def _neighbor(folder: Path) -> str:
    """A hint at the nearest name beside a missing folder."""
    if not folder.parent.is_dir():
        return ""
    name = nearest(folder.name, (p.name for p in folder.parent.iterdir()))
    return "" if name is None else f", did you mean {folder.parent / name}?"
