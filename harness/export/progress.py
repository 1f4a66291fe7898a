"""Shows a progress bar on a terminal, and nothing elsewhere."""

import contextlib
import sys
from collections.abc import Callable, Iterator

Advance = Callable[[float], None]
"""Called with the finished share, 0 to 1."""
OnTensor = Callable[[int], None]
"""Called with the ``numel`` of each tensor that is written."""


@contextlib.contextmanager
def bar(what: str) -> Iterator[Advance]:
    """A bar on standard error while the block runs, where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda share: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=1.0)
        yield lambda share: progress.update(task, completed=share)


def counter(advance: Advance, whole: int) -> Callable[[int], None]:
    """A callback that counts written weights out of ``whole``."""
    done = 0

    def on_tensor(numel: int) -> None:
        nonlocal done
        done += numel
        advance(done / max(1, whole))

    return on_tensor
