"""The glossary, from the words that ``harness explain`` knows."""

from harness.report.words.glossary import TERMS

INTRODUCTION = """\
# Glossary

The words of terminal, page and records. `harness explain WORD` prints the same text.
"""


def page() -> str:
    return "\n".join(
        [INTRODUCTION, *(_section(term.word, term.meaning, term.page) for term in TERMS)]
    )


def _section(word: str, meaning: str, page: str) -> str:
    name = page.partition("#")[0].removesuffix(".md").replace("-", " ")
    more = f" More: [{name}]({page})." if page else ""
    return f"## {word}\n\n{meaning}{more}\n"
