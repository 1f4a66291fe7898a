"""What is missing is a skip, and where it is promised a failure."""

import pytest

from tests.needs import BROWSER, REAL_MODEL, missing

PROMISES = pytest.mark.parametrize("promise", [BROWSER, REAL_MODEL])


@PROMISES
@pytest.mark.parametrize("said", [None, "", "0"])
def test_elsewhere_it_is_skipped(
    monkeypatch: pytest.MonkeyPatch, promise: str, said: str | None
) -> None:
    monkeypatch.delenv(promise, raising=False)
    if said is not None:
        monkeypatch.setenv(promise, said)
    with pytest.raises(pytest.skip.Exception, match="no browser"):
        missing("no browser", promise)


@PROMISES
def test_where_it_is_promised_it_fails(monkeypatch: pytest.MonkeyPatch, promise: str) -> None:
    monkeypatch.setenv(promise, "1")
    with pytest.raises(pytest.fail.Exception, match=f"no browser, and {promise} is set"):
        missing("no browser", promise)
