"""Checks of a model's folder that need no model: the common mistakes in what a user named."""

import os
from collections.abc import Iterator
from pathlib import Path

from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.suggestion import nearest
from harness.files.project import project_folder
from harness.files.strict_json import UnreadableFile, read_object
from harness.model_files.hub import (
    check_hub_id,
    is_hub_id,
    is_offline,
    local_folder,
    with_revision,
)
from harness.model_files.weights import INDEX, SINGLE

WHOLE_WEIGHTS = (SINGLE, INDEX, "pytorch_model.bin", "pytorch_model.bin.index.json")
CONFIG = "config.json"
TOKENIZER_CONFIG = "tokenizer_config.json"
ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"


def check_options(ref: ModelRef, *known: str) -> None:
    for name, _ in ref.options:
        if name not in known:
            there = ", ".join(f"+{k}=" for k in known) or "none"
            raise HarnessError(f"--model {ref}: unknown option +{name}=, there are: {there}")


def check_whole_model(what: str, location: str) -> None:
    """Raise a HarnessError that begins with ``what`` unless a model can be at ``location``."""
    folder = Path(location)
    if not folder.exists():
        if not is_hub_id(location):
            raise HarnessError(f"{what}: {location} is not there{_neighbor(folder)}")
        check_hub_id(what, location)
        if not is_offline():
            return  # What is missing of it is downloaded when it is opened.
        folder = local_folder(location)
    if not folder.is_dir():
        raise HarnessError(f"{what}: {location} is a file, name the folder that holds the model")
    if not (folder / CONFIG).is_file():
        if (folder / ADAPTER_CONFIG).is_file():
            raise HarnessError(f"{what}: holds an adapter, say adapter:{location}")
        raise HarnessError(f"{what}: {location} is no model, it has no config.json")
    if not any((folder / name).is_file() for name in WHOLE_WEIGHTS):
        raise HarnessError(f"{what}: {location} has no weights, expected {WHOLE_WEIGHTS[0]}")


def check_adapter(what: str, location: str) -> None:
    """Raise a HarnessError, beginning with ``what``, unless ``location`` holds an adapter. One of
    the hub is downloaded: it is small, and names the base."""
    folder = Path(location)
    if not folder.exists():
        if not is_hub_id(location):
            raise HarnessError(f"{what}: {location} is not there{_neighbor(folder)}")
        check_hub_id(what, location)
        try:
            folder = local_folder(location)
        except HarnessError as error:
            raise HarnessError(*(f"{what}: {m}" for m in error.mistakes)) from None
    if not (folder / ADAPTER_CONFIG).is_file():
        if (folder / CONFIG).is_file():
            raise HarnessError(f"{what}: holds a whole model, say base:{location}")
        raise HarnessError(f"{what}: {location} is no adapter, it has no {ADAPTER_CONFIG}")
    if not any((folder / name).is_file() for name in (ADAPTER_WEIGHTS, "adapter_model.bin")):
        raise HarnessError(f"{what}: {location} has no weights, expected {ADAPTER_WEIGHTS}")


def check_file(what: str, location: str) -> None:
    """Raise a HarnessError, beginning with ``what``, unless ``location`` is a file."""
    file = Path(location)
    if not file.exists():
        raise HarnessError(f"{what}: {location} is not there{_neighbor(file)}")
    if not file.is_file():
        if not file.is_dir():
            raise HarnessError(f"{what}: {location} is no regular file, name the .gguf file")
        found = sorted(p.name for p in file.glob("*.gguf"))
        hint = f", such as {file / found[0]}" if found else ""
        raise HarnessError(f"{what}: {location} is a folder, name the .gguf file{hint}")


def adapter_base(ref: ModelRef) -> str:
    """The location of an adapter's base: a folder, or a hub id with the revision that it pins.

    Raises:
        HarnessError: the adapter's configuration cannot be read, or names no base.
    """
    if (given := ref.option("base")) is not None:
        return given
    adapter = local_folder(ref.location)
    config = adapter / ADAPTER_CONFIG
    try:
        values = read_object(config)
    except UnreadableFile as error:
        raise HarnessError(f"--model {ref}: {config} {error}, copy or train it again") from None
    named = values.get("base_model_name_or_path")
    if not named or not isinstance(named, str):
        raise HarnessError(f"--model {ref}: {config} names no base, add +base=FOLDER")
    for folder in _bases_named(named, adapter):
        if folder.is_dir():
            return os.path.normpath(folder)
    if is_hub_id(named):
        return with_revision(named, values.get("revision"))
    raise HarnessError(f"--model {ref}: its base {named} is not there, add +base=FOLDER")


def _bases_named(named: str, adapter: Path) -> Iterator[Path]:
    """Where a base may be: named from here, from the adapter, or from the project of either."""
    yield from (Path(named), adapter / named)
    for start in dict.fromkeys((Path.cwd(), adapter.absolute())):
        yield Path(os.path.relpath(project_folder(start) / named))


def tokenizer_folder(adapter: Path, base: Path) -> Path:
    """The folder with an adapter's tokenizer: its own, where it has one, else its base's."""
    return adapter if (adapter / TOKENIZER_CONFIG).is_file() else base


def may_be_quantized(location: str) -> bool:
    """False for a folder whose configuration names no quantization; True for what is not here yet
    or cannot be read."""
    try:
        return not (Path(location) / CONFIG).is_file() or is_quantized(Path(location))
    except UnreadableFile:
        return True


def is_quantized(folder: Path) -> bool:
    """True where the model's configuration says that its weights are stored quantized.

    Raises:
        UnreadableFile: the configuration cannot be read.
    """
    return bool(read_object(folder / CONFIG).get("quantization_config"))


def _neighbor(folder: Path) -> str:
    """A hint: the name beside a missing folder that is most like it."""
    if not folder.parent.is_dir():
        return ""
    name = nearest(folder.name, (p.name for p in folder.parent.iterdir()))
    return "" if name is None else f", did you mean {folder.parent / name}?"
