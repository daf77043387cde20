# Thin on purpose: each target is one or two commands you could type yourself.
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help setup hooks lock demo test coverage soak drift mutants lint check bench peers build ci clean

help:
	@echo "make demo    install amq into $(VENV), then watch two small agents wake each other"
	@echo "make test    set up, then run the tests"
	@echo "make check   lint and tests      make lint   ruff and mypy only"
	@echo "make soak    every test at full length, for two hours or so"
	@echo "make drift   the newest agent CLIs beside the pinned ones: is what amq knows of them true?"
	@echo "make coverage  every branch of what mail and typing stand on: is it tested?"
	@echo "make mutants  programs that lack one guard each: do the tests find them?"
	@echo "make hooks   let git check what you commit      make lock   renew the locked versions"
	@echo "make peers   amq beside other programs of its kind, with the real CLIs: docs/comparison.md"
	@echo "make build   a wheel in dist/    make ci     all that CI runs"

setup: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml requirements-dev.txt
	@sh scripts/install.sh --make-venv $(VENV)
	@echo "Setting up $(VENV), once: this takes about half a minute."
	@$(PIP) --require-hashes --requirement requirements-dev.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $(VENV)/.program $@

# amq alone, as a user gets it; `make setup` has more, in locked versions
$(VENV)/.program: pyproject.toml
	@sh scripts/install.sh --make-venv $(VENV)
	@echo "Installing amq into $(VENV), once: this takes about ten seconds."
	@$(PIP) --editable .
	@touch $@

hooks: setup
	@$(BIN)/pre-commit install

# what is locked stays as it is if pyproject.toml allows; UPGRADE=1 takes the newest versions
lock: setup
	@$(PIP) 'uv>=0.9,<1'
	@$(BIN)/uv pip compile --quiet --no-config $(if $(UPGRADE),--upgrade) --universal --python-version 3.11 --generate-hashes \
		--all-extras --group dev --custom-compile-command "make lock" --output-file requirements-dev.txt pyproject.toml

demo: $(VENV)/.program
	@$(BIN)/amq demo

test: setup
	$(BIN)/python -m pytest -n auto --dist worksteal

soak: setup
	AMQ_SOAK=1 $(BIN)/python -m pytest --timeout 3600

drift: setup
	$(BIN)/python scripts/install-agents.py --all
	$(BIN)/python scripts/drift.py --tests
	AMQ_SOAK=1 $(BIN)/python -m pytest --timeout 3600 tests/real

mutants: setup
	$(BIN)/python -m tests.mutants

# what covers the parts that must be covered, and nothing that does so by chance
COVERING := tests/store tests/wire $(filter-out tests/test_project.py,$(wildcard tests/test_*.py)) tests/cli tests/hostile/test_files.py tests/hostile/test_frames.py tests/hostile/test_links.py tests/crash/test_order.py tests/crash/test_guards.py \
	$(filter-out tests/pty/test_host.py tests/pty/test_guard.py tests/pty/test_controlling_tty.py,$(wildcard tests/pty/test_*.py)) \
	tests/runtime/test_schedule.py tests/runtime/test_injection.py tests/runtime/test_hook_decision.py tests/runtime/test_receipts.py

coverage: setup
	$(BIN)/coverage run -m pytest -q --timeout 300 -m 'not hypothesis' $(COVERING)
	$(BIN)/coverage report

lint: setup
	$(BIN)/ruff check --output-format concise .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

check: lint test

peers: setup
	@$(BIN)/python scripts/peers $(PEERS)

bench: setup
	@$(BIN)/python scripts/bench $(BENCH)

build: setup
	rm -rf dist
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .

ci:
	bash .ci/run

clean:
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
