"""Creates the adapter's folder: it appears complete after a successful training, or not at all.

Training writes into ``<output>.partial`` beside it, which is renamed at the end. That folder is
also a lock: two trainings cannot write into one output. It stays where a training ended before its
end and has written checkpoints.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil

from harness.core.errors import HarnessError
from harness.files.atomic import publish_folder
from harness.files.refused import WRITE_ERRORS
from harness.files.staging import cannot_write, folder_mistake
from harness.model_files.folders import ADAPTER_CONFIG
from trainers.output.checkpoints import WRITING, checkpoint_folders, how_to_go_on

PROCESS_FILE = "process"
"""Holds the id of the process that writes the partial folder."""


RECIPE = "recipe.json"
"""Holds the recipe of the training, as resolved, from its beginning on."""
PARTIAL = ".partial"


def partial_folder(output: Path) -> Path:
    return output.with_name(f"{output.name}{PARTIAL}")


def output_of(folder: Path) -> Path:
    """The output whose folder this is, finished or partial."""
    return folder.with_name(folder.name.removesuffix(PARTIAL))


def watched_folder(output: Path) -> Path:
    """Holds the curve of checkpoints that another process judges."""
    return output.with_name(f"{output.name}.watched")


def batch_file(output: Path) -> Path:
    """Holds the rows of the batch at which a training diverged."""
    return output.with_name(f"{output.name}.diverged.jsonl")


def is_finished(output: Path) -> bool:
    """The output holds an adapter, and no training into it waits to go on."""
    return (output / ADAPTER_CONFIG).is_file() and not checkpoint_folders(partial_folder(output))


def mistake_in(
    output: Path, inputs: tuple[Path, ...], *, overwrite: bool, resume: bool
) -> str | None:
    """One line that says why ``output`` cannot be written; ``None`` where it can.

    Args:
        inputs: the base and the data, which must not lie inside the folder to be replaced.
    """
    if wrong := folder_mistake(output, inputs):
        return f"{output} {wrong}"
    partial = partial_folder(output)
    if not (overwrite or resume) and (found := checkpoint_folders(partial)):
        return (
            f"{partial} holds {found[0].name} of a training that did not end, go on with --resume "
            "or begin anew with --overwrite"
        )
    if not output.is_dir() or not any(output.iterdir()):
        return None
    if not (output / ADAPTER_CONFIG).is_file():
        return f"{output} holds files that are not an adapter's, name another folder"
    if not (overwrite or (resume and checkpoint_folders(partial))):
        return f"{output} holds an adapter already, name another folder or add --overwrite"
    return None


@contextlib.contextmanager
def staged(output: Path, *, resume: bool = False) -> Iterator[Path]:
    """Yield a partial folder, which becomes ``output`` when the block ends without error.

    A previous adapter is removed only after the new one is complete. After an error or Ctrl-C the
    partial folder is removed, unless it holds a checkpoint, and the previous one is untouched.

    Args:
        resume: keep what an earlier training left in the partial folder.

    Raises:
        HarnessError: the folder cannot be written, or another training writes it; or the block's
            own, with a line on how to go on from a checkpoint.
    """
    partial = partial_folder(output)
    try:
        _claim(partial, resume)
    except OSError as error:
        raise HarnessError(cannot_write(output, error.strerror or str(error))) from None
    try:
        yield partial
        (partial / PROCESS_FILE).unlink()
        previous = output.with_name(f"{output.name}.previous")
        shutil.rmtree(previous, ignore_errors=True)
        publish_folder(partial, output, previous)
        shutil.rmtree(previous, ignore_errors=True)
    except Exception as error:
        reason = _disk_reason(error)
        if reason is None and not isinstance(error, HarnessError):
            raise
        left = how_to_go_on(partial)
        what = (
            error.mistakes
            if isinstance(error, HarnessError)
            else (_unwritten(output, reason, left),)
        )
        raise HarnessError(*what, *([left] if left else [])) from error
    finally:
        _clear(partial)


def _disk_reason(error: Exception) -> str | None:
    """The reason why the disk takes no more; ``None`` for any other fault."""
    if isinstance(error, OSError):
        return error.strerror if error.errno in WRITE_ERRORS else None
    # safetensors and tokenizers have errors of their own for it, with the system's words; torch's
    # has none.
    text = str(error)
    known = [words for words in map(os.strerror, WRITE_ERRORS) if words in text]
    is_torchs = "file write failed" in text or "unexpected pos" in text
    return known[0] if known else "the disk is full" if is_torchs else None


def _unwritten(output: Path, reason: str | None, left: str) -> str:
    return f"{output}: cannot be written ({reason})" if left else cannot_write(output, str(reason))


def _clear(partial: Path) -> None:
    """Remove what is no whole checkpoint, and the folder where there is none."""
    if not checkpoint_folders(partial):
        shutil.rmtree(partial, ignore_errors=True)
        return
    (partial / PROCESS_FILE).unlink(missing_ok=True)
    shutil.rmtree(partial / WRITING, ignore_errors=True)


def _claim(partial: Path, resume: bool) -> None:
    """Make the partial folder this process' own, and empty it unless ``resume``.

    Raises:
        HarnessError: another process owns it.
    """
    partial.mkdir(parents=True, exist_ok=True)
    own = partial / f"{PROCESS_FILE}.{os.getpid()}"
    own.write_text(str(os.getpid()))
    try:
        _require_unowned(partial)
        # Of processes that come at once, one alone can make the name.
        os.link(own, partial / PROCESS_FILE)
    except FileExistsError:
        _require_unowned(partial)
        raise
    except OSError:  # A file system without hard links.
        (partial / PROCESS_FILE).write_text(str(os.getpid()))
    finally:
        own.unlink(missing_ok=True)
    if resume:
        return
    for left in partial.iterdir():
        if left.name.partition(".")[0] != PROCESS_FILE:
            shutil.rmtree(left) if left.is_dir() else left.unlink()


def _require_unowned(partial: Path) -> None:
    """Free the folder of an owner that was killed; refuse where it lives."""
    if owner := living_owner(partial):
        raise HarnessError(
            f"{partial}: process {owner} is training into this folder; wait for it, or name "
            "another output"
        ) from None
    (partial / PROCESS_FILE).unlink(missing_ok=True)


def living_owner(partial: Path) -> int | None:
    """The other process that is writing the folder."""
    try:
        process = int((partial / PROCESS_FILE).read_text())
    except (OSError, ValueError):
        return None
    return process if process != os.getpid() and psutil.pid_exists(process) else None
