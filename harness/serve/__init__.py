"""A model behind HTTP: OpenAI's protocol, and tasks whose answers are judged as by the suites."""
