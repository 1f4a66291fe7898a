"""The one exception that means "the user's input is wrong"."""


class HarnessError(Exception):
    """A mistake in what the user gave us: shown as its message alone, never as a traceback.

    Each line of the message says what is wrong, where, and what to do next. Several mistakes that
    were found together are several lines of one error.
    """
