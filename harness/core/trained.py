"""Words for the cases of a run that a model was trained on."""


def trained_share(trained: int, asked: int, task: str) -> str:
    """``12 of these 300 cases of json_extraction were trained on``."""
    verb = "was" if trained == 1 else "were"
    return f"{trained:,} of these {asked:,} cases of {task} {verb} trained on"
