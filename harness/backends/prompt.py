from harness.engine.prompt import encode, has_template, render  # noqa: F401
