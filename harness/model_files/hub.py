"""Models of the Hugging Face hub: which locations name one, and the copy of it on this machine."""

import re
from importlib.util import find_spec
from pathlib import Path

from harness.core.errors import HarnessError
from harness.core.extras import require
from harness.core.printable import excerpt

_HUB_ID = re.compile(r"^(?P<name>\w[\w.-]*/\w[\w.-]*)(@(?P<revision>\w[\w./-]*))?$")
_FILES = ["*.json", "*.safetensors", "*.txt", "*.jinja", "*.model", "*.tiktoken", "*.py", "*.npz"]
_LEFT_OUT = ["*/*.safetensors", "*/*.json", "*/*.txt", "*/*.py", "*/*.npz"]
"""Other models of the same repository, such as checkpoints."""
_HEADS = ("config.json", "adapter_config.json")
"""The file that each model, or each adapter, has."""


def is_hub_id(location: str) -> bool:
    """True for ``owner/name`` or ``owner/name@revision``, unless a folder ``owner`` here says that
    it is a path."""
    return bool(_HUB_ID.match(location)) and not Path(location.partition("@")[0]).parent.is_dir()


def split_revision(hub_id: str) -> tuple[str, str | None]:
    """The model's name on the hub and its branch, tag or commit; ``None`` is the main branch."""
    match = _HUB_ID.match(hub_id)
    return (match["name"], match["revision"]) if match else (hub_id, None)


def with_revision(location: str, revision: object) -> str:
    """A hub id with the revision that an adapter pins, unless it names one itself; a folder, which
    holds one version only, as it is."""
    if not isinstance(revision, str) or not revision or not is_hub_id(location):
        return location
    name, own = split_revision(location)
    return f"{name}@{own or revision}"


def is_revision(folder: Path, revision: str) -> bool:
    """True where a folder is the hub's local copy of this branch, tag or commit."""
    commit, ref = folder.resolve().name, folder.resolve().parent.parent / "refs" / revision
    return commit == revision or (ref.is_file() and ref.read_text("utf-8").strip() == commit)


def check_hub_id(what: str, hub_id: str) -> None:
    """Raise a HarnessError that begins with ``what`` for a model that can never be downloaded:
    offline, it must have been before."""
    require(what, "huggingface_hub")
    if is_offline() and local_copy(hub_id) is None:
        raise HarnessError(
            f"{what}: {hub_id} is no folder and was never downloaded, and HF_HUB_OFFLINE is set"
        )


def is_offline() -> bool:
    """True where the hub's client must not ask it, as it read the environment."""
    from huggingface_hub import constants

    return bool(constants.HF_HUB_OFFLINE)


def local_copy(location: str) -> Path | None:
    """The folder, or what was downloaded of a hub id before; ``None`` where there is neither."""
    if Path(location).is_dir():
        return Path(location)
    if not is_hub_id(location) or find_spec("huggingface_hub") is None:
        return None
    from huggingface_hub import try_to_load_from_cache

    name, revision = split_revision(location)
    cached = (try_to_load_from_cache(name, head, revision=revision) for head in _HEADS)
    return next((Path(found).parent for found in cached if isinstance(found, str)), None)


def local_folder(location: str) -> Path:
    """The folder, or the local copy of a hub id, downloaded where it is not there yet.

    Raises:
        HarnessError: the hub does not have it, or cannot be reached.
    """
    folder = Path(location)
    if folder.is_dir():
        return folder
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        name, revision = split_revision(location)
        return Path(
            snapshot_download(
                name, revision=revision, allow_patterns=_FILES, ignore_patterns=_LEFT_OUT
            )
        )
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        first = next(iter(str(error).splitlines()), type(error).__name__)
        reason = excerpt(first.removeprefix("Got: "), 200)
        raise HarnessError(
            f"{location} is no folder, and the hub does not give it ({reason}): correct the name, "
            "or download it where there is a network"
        ) from None
