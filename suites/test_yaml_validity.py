"""The whole answer is one document of YAML."""

import pytest

from harness import check
from harness.checks import yaml_validity


@pytest.mark.behavior(needs=yaml_validity.NEEDS)
def test_yaml_validity(completion, task):
    check(yaml_validity, completion, task)
