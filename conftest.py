"""Loads the plugin, so that the suites run from a checkout that was never installed."""

pytest_plugins = ["harness.pytest_plugin"]
