# Needs Python 3.10 or newer, pip, git and make; everything else goes into .venv.

PYTHON ?= python3
BIN := .venv/bin
# One more than there are cores, as tests wait for servers and for installations.
PROCESSES = $(shell $(PYTHON) -c 'import os; print(min(8, (os.cpu_count() or 1) + 1))')
SOURCES := qw_codemod checks codemods

# The tests start Python some hundred times: each would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test lint bench trust clean

# The main job on a copy of the sample project: what is found, the diff, what is left, and back.
demo: .venv/installed
	@set -e; \
	tool=$$PWD/$(BIN)/qw-codemod; folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
	cp -R fixtures/pipeline "$$folder/pipeline"; cd "$$folder/pipeline"; \
	echo '$$ qw-codemod check --select timeouts'; \
	"$$tool" check --select timeouts --output "$$folder/findings.txt" || test $$? -eq 1; \
	echo; echo 'The first of them, with the reasons:'; echo; \
	"$$tool" check --select timeouts --why --output "$$folder/why.txt" >/dev/null || test $$? -eq 1; \
	sed -n '1,24p' "$$folder/why.txt"; \
	echo; echo '$$ qw-codemod apply timeouts --diff        (the first 60 lines)'; \
	"$$tool" apply timeouts --diff 2>/dev/null >"$$folder/diff.txt" || test $$? -eq 1; \
	sed -n '1,60p' "$$folder/diff.txt"; \
	echo; echo '$$ qw-codemod apply timeouts'; \
	"$$tool" apply timeouts; \
	echo; echo '$$ qw-codemod check --select timeouts      (what is left)'; \
	"$$tool" check --select timeouts --output "$$folder/left.txt" || test $$? -eq 1; \
	echo; echo '$$ qw-codemod undo'; \
	"$$tool" undo | tail -n 1; \
	diff -r "$$folder/pipeline" "$(CURDIR)/fixtures/pipeline" -x __pycache__ -x .pytest_cache \
	&& echo 'Every byte is back.'

test: .venv/ready
	$(BIN)/python -m pytest -n $(PROCESSES) --dist worksteal

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict $(SOURCES)

bench: .venv/ready
	$(BIN)/python -m benchmarks

trust: .venv/ready
	$(BIN)/python -m benchmarks trust

clean:
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache *.egg-info

.venv/installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed: make PYTHON=python3.11 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

.venv/ready: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@
