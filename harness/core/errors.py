"""The exception for mistakes in the user's input."""


class HarnessError(Exception):
    """One or more mistakes in the user's input, shown as messages and never as a traceback.

    Each argument is one mistake in one line: what is wrong, where, and what to do next. A caller
    that knows the location prefixes it to each of ``mistakes``.
    """

    def __init__(self, *mistakes: str) -> None:
        super().__init__(*mistakes)

    @property
    def mistakes(self) -> tuple[str, ...]:
        """The messages, in the order found."""
        return self.args

    def __str__(self) -> str:
        return "\n".join(self.args)
