"""The Hugging Face hub as this environment sees it, without importing its client.

The variables are those of huggingface_hub's documentation ("Environment variables").
"""

import http.client
import os
import threading
import urllib.error
import urllib.request
from pathlib import Path

OFFLINE = "HF_HUB_OFFLINE"
_OFFLINE_TOO = "TRANSFORMERS_OFFLINE"
"""Counts where ``OFFLINE`` is empty."""
DEFAULT_URL = "https://huggingface.co"
SECONDS = 3.0
"""The longest time that the hub is waited for."""
_TRUE = ("1", "on", "yes", "true")


def offline_by() -> str | None:
    """The variable that says that the hub must not be asked; ``None`` where it may be."""
    name = OFFLINE if os.environ.get(OFFLINE) else _OFFLINE_TOO
    return name if os.environ.get(name, "").lower() in _TRUE else None


def url() -> str:
    """The hub's address, a mirror's where one is set."""
    return os.environ.get("HF_ENDPOINT") or DEFAULT_URL


def cache() -> Path:
    """The folder of what was downloaded."""
    named = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    if named:
        return Path(named).expanduser()
    home = os.environ.get("HF_HOME")
    above = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    return (Path(home) if home else above).expanduser() / "hub"


def cached_models() -> int:
    """Number of models of which something was downloaded."""
    return sum(1 for _ in cache().glob("models--*"))


def problem_reaching(seconds: float = SECONDS) -> str | None:
    """Why the hub does not answer, in one line; ``None`` where it does.

    The look-up of a name has no limit of its own, so that it is waited for in another thread.
    """
    reasons = [f"no answer within {seconds:g} s"]

    def ask() -> None:
        try:
            request = urllib.request.Request(url(), method="HEAD")
            with urllib.request.urlopen(request, timeout=seconds):
                reasons.clear()
        except urllib.error.HTTPError:
            reasons.clear()  # It answers, whatever it says.
        except (OSError, ValueError, http.client.HTTPException) as error:
            reasons[:] = [str(getattr(error, "reason", error))]

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    return next(iter([*reasons]), None)
