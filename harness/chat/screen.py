"""Shows answers: on a terminal as they grow, elsewhere whole and without colors."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from rich.console import Group, RenderableType
from rich.text import Text

from harness.chat import drawing
from harness.chat.exchange import Reply
from harness.core.printable import printable
from harness.report.console.output import say, say_text
from harness.report.console.screen import as_text, folded, show
from harness.serve.batching import OnText

if TYPE_CHECKING:
    from rich.live import Live

LEAST_COLUMN = 48
"""Columns that an answer has where several stand side by side."""
ANY_WIDTH = 10_000
"""Lines that nobody folds."""


@dataclass(frozen=True, slots=True)
class ModelToAsk:
    """A model about to answer."""

    name: str
    """Empty where there is only one."""
    reply: Callable[[OnText], Reply]
    """Has the model answer."""


class Screen(Protocol):
    """A place where answers are shown."""

    def answers(self, asking: Sequence[ModelToAsk]) -> list[Reply]:
        """Have each model answer and show it. A stopped answer is the last one."""
        ...

    def details(self, reply: Reply) -> None:
        """Show the verdicts and times of a reply."""
        ...

    def notes(self, *lines: str) -> None:
        """Show lines that are no answer."""
        ...

    def mistakes(self, *lines: str) -> None:
        """Show on standard error why a line was not obeyed."""
        ...


class PlainScreen:
    """A file or a pipe: each answer whole, every line whole."""

    def answers(self, asking: Sequence[ModelToAsk]) -> list[Reply]:
        replies = []
        for model in asking:
            reply = model.reply(lambda text: None)
            replies.append(reply)
            if model.name:
                say(model.name)
            if reply.answer.text:
                say_text(reply.answer.text.removesuffix("\n") + "\n")
            self.details(reply)
            if reply.answer.is_stopped:
                break
        say("")
        return replies

    def details(self, reply: Reply) -> None:
        say_text(as_text(drawing.details(reply, 80), width=ANY_WIDTH))

    def notes(self, *lines: str) -> None:
        say(*(f"  {line}" for line in lines))

    def mistakes(self, *lines: str) -> None:
        say(*lines, err=True)


class TerminalScreen:
    """A terminal: answers grow as they are generated, side by side where there is room."""

    @property
    def columns(self) -> int:
        return shutil.get_terminal_size().columns

    def answers(self, asking: Sequence[ModelToAsk]) -> list[Reply]:
        if len(asking) > 1 and self.columns >= LEAST_COLUMN * len(asking):
            return self._side_by_side(asking)
        replies: list[Reply] = []
        for model in asking:
            if model.name:
                show(Text(printable(model.name), "bold"), self.columns)
            replies.append(self._streamed(model))
            if replies[-1].answer.is_stopped:
                break
        say("")
        return replies

    def details(self, reply: Reply) -> None:
        show(drawing.details(reply, self.columns), self.columns)

    def notes(self, *lines: str) -> None:
        say(*folded((f"  {line}" for line in lines), self.columns))

    def mistakes(self, *lines: str) -> None:
        say(*folded(lines, self.columns), err=True)

    def _streamed(self, model: ModelToAsk) -> Reply:
        said = ""

        def more(text: str) -> None:
            nonlocal said
            is_begun = bool(said) and not said.endswith("\n")
            said += text
            say_text(text, is_begun=is_begun)

        reply = model.reply(more)
        text = reply.answer.text
        if not text.startswith(said):  # Its tokenizer reads the end otherwise than the beginning.
            say_text("\n" if said else "")
            said = ""
        more(text[len(said) :])
        if said and not said.endswith("\n"):
            say_text("\n", is_begun=True)
        self.details(reply)
        return reply

    def _side_by_side(self, asking: Sequence[ModelToAsk]) -> list[Reply]:
        from rich.console import Console
        from rich.live import Live

        names = [model.name for model in asking]
        texts = [""] * len(asking)
        width = self.columns
        replies: list[Reply] = []
        console = Console(highlight=False, markup=False, emoji=False)
        with Live(console=console, transient=True, auto_refresh=False) as live:
            for index, model in enumerate(asking):
                replies.append(model.reply(_Growing(live, names, texts, index, width)))
                texts[index] = replies[-1].answer.text
                if replies[-1].answer.is_stopped:
                    break
        each = width // len(names) - 2
        cells = [_whole(reply, each) for reply in replies]
        cells += [Text()] * (len(names) - len(cells))
        show(drawing.columns_of(names, cells, width), width)
        say("")
        return replies


@dataclass
class _Growing:
    """Draws the columns again with each piece of one answer."""

    live: "Live"
    names: Sequence[str]
    texts: list[str]
    index: int
    width: int

    def __call__(self, text: str) -> None:
        self.texts[self.index] += text
        size = shutil.get_terminal_size()
        # The end of a long answer: what is above the screen could not be erased again.
        most = max(1, size.lines - 4) * max(1, self.width // len(self.names) - 2) // 2
        cells = [Text(printable(t[-most:], one_line=False), overflow="fold") for t in self.texts]
        self.live.update(drawing.columns_of(self.names, cells, self.width), refresh=True)


def _whole(reply: Reply, columns: int) -> RenderableType:
    text = Text(printable(reply.answer.text, one_line=False), overflow="fold")
    return Group(text, drawing.details(reply, columns))
