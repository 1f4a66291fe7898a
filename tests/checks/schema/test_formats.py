"""``format`` as an assertion."""

import pytest

from harness.checks.schema.schema import compile_schema

FORMATS = {
    "date": (["2024-02-29"], ["2023-02-29", "x"]),
    "time": (["10:00:00Z"], ["10:00", "25:00:00Z"]),
    "date-time": (["2024-02-29T10:00:00Z"], ["2024-02-29", "2024-02-29 10:00:00Z"]),
    "duration": (["P1D", "PT1H30M", "P2W", "P1Y2M3DT4S"], ["P", "PT", "1D", "P1H", "P1W2D"]),
    "email": (["a@b.c", '"a b"@c', "a.b@[127.0.0.1]"], ["a", "@b", "a@", ".a@b", "a@-b"]),
    "uuid": (["2eb8aa08-aa98-11ea-b4aa-73b441d16380"], ["2eb8aa08aa9811eab4aa73b441d16380", "x"]),
    "json-pointer": (["", "/a~0b/~1", "/"], ["a", "/~2", "/~"]),
    "relative-json-pointer": (["0", "1/a", "2#"], ["/a", "01", "0##", ""]),
    "uri": (["http://a.b/c?d#e", "urn:x:y"], ["a b", "//a", "http://a b", "http:/%zz", ""]),
    "uri-reference": (["//a", "a/b?c#d", "", "http://a.b"], ["a b", "%zz", "<a>"]),
    "hostname": (
        ["a", "a-b.c1", "1.2", "a" * 63],
        ["-not a host-!", "-a", "a-", "a..b", "a" * 64, "", "a." * 127 + "b"],
    ),
    "ipv4": (["127.0.0.1"], ["127.0.0", "256.0.0.1", "127.0.0.01", "a"]),
    "ipv6": (["::1", "fe80::1"], ["::1%eth0", "1", ":::1"]),
    "regex": (["^\\p{L}$"], ["(", "\\a"]),
}


@pytest.mark.parametrize("name", FORMATS)
def test_format(name):
    right, wrong = FORMATS[name]
    schema = compile_schema({"format": name}, assert_formats=True)
    for value in (*right, 1, None, []):
        assert not schema.errors(value), value
    for value in wrong:
        assert schema.errors(value), value


def test_other_formats_assert_nothing_and_are_named():
    schema = compile_schema(
        {"properties": {"a": {"format": "iri"}, "b": {"format": "date"}}, "format": "mine"},
        assert_formats=True,
    )
    assert not schema.errors({"a": "-"})
    assert schema.unheld_formats == ("iri", "mine")
    assert compile_schema({"format": "iri"}).unheld_formats == ()
