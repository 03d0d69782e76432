# make fuzz    set up the environment, fuzz Inductor for two minutes, show what came of it
# make test    set up the environment, run the tests
# make check   set up the environment, then format, lint, types, import rules and tests
#
# torch is installed first, so that its build is your choice and not the resolver's. Other builds:
# set PIP_EXTRA_INDEX_URL to the wheel index you want, or TORCH to another version or wheel file.

PYTHON ?= python3
TORCH ?= torch==2.13.0
VENV ?= .venv
CXX ?= g++

bin := $(abspath $(VENV))/bin
torch_stamp := $(VENV)/.torch-installed
stamp := $(VENV)/.tensorsmith-installed

# Findings are no failure of `make fuzz`: tensorsmith exits with 1 when it has some.
findings_are_fine := || test $$? -eq 1

.PHONY: setup fuzz test check format lint types imports clean

setup: $(stamp)

fuzz: $(stamp)
	$(bin)/tensorsmith fuzz campaigns/first --target inductor --time 2m $(findings_are_fine)
	$(bin)/tensorsmith status campaigns/first $(findings_are_fine)
	$(bin)/tensorsmith findings campaigns/first $(findings_are_fine)

test: $(stamp)
	$(bin)/pytest -n 2

check: lint types imports test

format: $(stamp)
	$(bin)/ruff format
	$(bin)/ruff check --fix

lint: $(stamp)
	$(bin)/ruff format --check
	$(bin)/ruff check

types: $(stamp)
	$(bin)/mypy

imports: $(stamp)
	cd .typing && $(bin)/lint-imports --no-logo --config ../pyproject.toml

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .typing/.import_linter_cache

$(stamp): $(torch_stamp) pyproject.toml setup.py fuzz/coverage/native/breakpoints.c
	$(bin)/pip install -q -e ".[dev,tvm]" onnx onnxscript onnxruntime
	@# onnx2torch asks for torchvision, and that for a torch of its own build; nothing here needs it.
	$(bin)/pip install -q --no-deps onnx2torch
	@touch $@

$(torch_stamp):
	@command -v $(CXX) >/dev/null || { echo "$(CXX) is missing: torch.compile builds C++ (Debian, Ubuntu: apt-get install g++)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make environments (Debian, Ubuntu: apt-get install python3-venv)" >&2; exit 1; }
	@$(PYTHON) -c 'import os, sysconfig; os.stat(sysconfig.get_path("include") + "/Python.h")' 2>/dev/null || { echo "Python.h is missing: torch.compile builds Python extensions (Debian, Ubuntu: apt-get install python3-dev)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(bin)/pip install -q "$(TORCH)"
	@touch $@
