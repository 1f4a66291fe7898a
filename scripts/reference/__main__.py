"""``python -m scripts.reference``: write the pages anew."""

from scripts.reference import pages

for path, text in pages().items():
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
