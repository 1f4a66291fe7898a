"""A missing browser is a skip, and where one is promised a failure."""

import pytest

from tests.report.needs import REQUIRED, missing


@pytest.mark.parametrize("said", [None, "", "0"])
def test_elsewhere_it_is_skipped(monkeypatch: pytest.MonkeyPatch, said: str | None) -> None:
    monkeypatch.delenv(REQUIRED, raising=False)
    if said is not None:
        monkeypatch.setenv(REQUIRED, said)
    with pytest.raises(pytest.skip.Exception, match="no browser"):
        missing("no browser")


def test_where_it_is_promised_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REQUIRED, "1")
    with pytest.raises(pytest.fail.Exception, match="no browser, and HARNESS_REQUIRE_BROWSER"):
        missing("no browser")
