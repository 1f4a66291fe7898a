"""``format`` as an assertion, for a task that asks for it: the formats that models are asked for.

A format that is not among them asserts nothing: ``Schema.unheld_formats`` names it, and a task that
has one is refused.
"""

import ipaddress
import re
from typing import Any

from jsonschema import FormatChecker

from harness.checks.schema.pattern import PatternError, compile_pattern
from harness.checks.text.calendar import is_time, read_date, read_date_time

FORMATS = FormatChecker(formats=())
_DURATION = re.compile(
    r"P(?:[0-9]+W|(?=.)(?:[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?|[0-9]+M(?:[0-9]+D)?|[0-9]+D)?"
    r"(?:T(?=.)(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S))?)"
)
_EMAIL = re.compile(
    r"(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r'|"(?:[^"\\\x00-\x1f]|\\.)*")@'
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}"
    r"[A-Za-z0-9])?)*|\[[^\[\]\s]+\])"
)
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_POINTER = re.compile(r"(?:/(?:[^~/]|~[01])*)*")
_RELATIVE_POINTER = re.compile(r"(?:0|[1-9][0-9]*)(?:#|(?:/(?:[^~/]|~[01])*)*)")
_URI = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*"
)
_URI_REFERENCE = re.compile(r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*")
_HOSTNAME = re.compile(
    r"(?=.{1,253}\Z)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
)


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return not isinstance(value, str) or pattern.fullmatch(value) is not None


@FORMATS.checks("date")
def _date(value: Any) -> bool:
    return not isinstance(value, str) or read_date(value) is not None


@FORMATS.checks("time")
def _time(value: Any) -> bool:
    return not isinstance(value, str) or is_time(value)


@FORMATS.checks("date-time")
def _date_time(value: Any) -> bool:
    return not isinstance(value, str) or read_date_time(value) is not None


@FORMATS.checks("duration")
def _duration(value: Any) -> bool:
    return _matches(_DURATION, value)


@FORMATS.checks("email")
def _email(value: Any) -> bool:
    return _matches(_EMAIL, value)


@FORMATS.checks("uuid")
def _uuid(value: Any) -> bool:
    return _matches(_UUID, value)


@FORMATS.checks("json-pointer")
def _pointer(value: Any) -> bool:
    return _matches(_POINTER, value)


@FORMATS.checks("relative-json-pointer")
def _relative_pointer(value: Any) -> bool:
    return _matches(_RELATIVE_POINTER, value)


@FORMATS.checks("uri")
def _uri(value: Any) -> bool:
    return _matches(_URI, value)


@FORMATS.checks("uri-reference")
def _uri_reference(value: Any) -> bool:
    return _matches(_URI_REFERENCE, value)


@FORMATS.checks("hostname")
def _hostname(value: Any) -> bool:
    return _matches(_HOSTNAME, value)


@FORMATS.checks("ipv4", raises=ValueError)
def _ipv4(value: Any) -> bool:
    return not isinstance(value, str) or bool(ipaddress.IPv4Address(value))


@FORMATS.checks("ipv6", raises=ValueError)
def _ipv6(value: Any) -> bool:
    if isinstance(value, str) and "%" in value:
        return False
    return not isinstance(value, str) or bool(ipaddress.IPv6Address(value) is not None)


@FORMATS.checks("regex", raises=PatternError)
def _regex(value: Any) -> bool:
    return not isinstance(value, str) or compile_pattern(value) is not None
