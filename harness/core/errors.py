"""The exception for mistakes in the user's input, and any error in one line."""

from pickle import UnpicklingError


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


def one_line(error: Exception) -> str:
    """The reason for a person: a HarnessError's own words, else the type and the first line."""
    if isinstance(error, HarnessError):
        return str(error)
    if isinstance(error, UnpicklingError):  # torch's own text tells how to turn its safety off.
        return (
            "a file of weights is a pickle with more than tensors, which could run programs: "
            "refused, have its weights saved as safetensors"
        )
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
