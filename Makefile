# Everything a person does with Tusker's source. Each target installs what it needs.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

JOBS ?= $(shell nproc)
DATA ?= tusker-data
PORT ?= 8080
FUZZ_SECONDS ?= 60
# Python of the machine; only makes virtual environments.
PYTHON ?= python3

BUILD := build
RELEASE := $(BUILD)/release/bin/tusker
DEV := $(BUILD)/dev/bin/tusker
NODE := $(BUILD)/venv-node/bin
export PATH := $(CURDIR)/$(NODE):$(PATH)
# cleanlab's reference is NumPy without these; names that a machine lacks are ignored.
AVX512 := AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_KNL AVX512_KNM
export PIP_DISABLE_PIP_VERSION_CHECK := 1
SOURCES = $(shell find src cmake CMakeLists.txt CMakePresets.json -type f 2>/dev/null)

.PHONY: help
help: ## What can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

# --- What is needed ---------------------------------------------------------------------------

$(BUILD)/.debian-build: setup/debian-build.txt
	setup/debian_packages.sh $<
	mkdir -p $(@D) && touch $@

$(BUILD)/.debian-fuzz: setup/debian-fuzz.txt $(BUILD)/.debian-build
	setup/debian_packages.sh $<
	touch $@

$(BUILD)/.debian-test: setup/debian-test.txt $(BUILD)/.debian-build
	setup/debian_packages.sh $<
	touch $@

# One virtual environment for each list of requirements.
define venv
$(BUILD)/venv-$(1)/.done: $(2) | $(BUILD)/.debian-build
	$(PYTHON) -m venv $(BUILD)/venv-$(1)
	$(BUILD)/venv-$(1)/bin/pip install -q -r $(2)
	touch $$@
endef
$(eval $(call venv,node,setup/requirements-node.txt))
$(eval $(call venv,demo,demo/requirements.txt))
$(eval $(call venv,test,tests/requirements.txt))
$(eval $(call venv,oracle,tests/requirements-oracle.txt))
$(eval $(call venv,nucleus,tests/requirements-nucleus.txt))
$(eval $(call venv,nucleus-0.18,tests/requirements-nucleus-0.18.txt))
$(eval $(call venv,bench,bench/requirements.txt))

# The Python package beside the cleanlab it must equal, and beside the one it is measured against.
$(BUILD)/venv-oracle/.tusker $(BUILD)/venv-bench/.tusker: $(BUILD)/venv-%/.tusker: \
		pyproject.toml $(shell find python src/base src/kernels -type f) $(BUILD)/venv-%/.done
	$(BUILD)/venv-$*/bin/pip install -q .
	touch $@

web/node_modules/.done: web/package.json web/package-lock.json $(BUILD)/venv-node/.done
	cd web && npm ci --no-audit --no-fund --loglevel=error
	touch $@

web/dist/index.html: web/node_modules/.done $(shell find web/src web/index.html web/public web/*.ts -type f 2>/dev/null)
	cd web && npm run --silent build

# --- Build ------------------------------------------------------------------------------------

.PHONY: build
build: $(RELEASE) ## The program: build/release/bin/tusker

$(RELEASE): $(SOURCES) web/dist/index.html | $(BUILD)/.debian-build
	cmake --preset release
	cmake --build --preset release -j $(JOBS)
	touch $@

.PHONY: dev
dev: $(DEV)
$(DEV): $(SOURCES) web/dist/index.html | $(BUILD)/.debian-test
	cmake --preset dev
	cmake --build --preset dev -j $(JOBS)
	touch $@

# --- Use --------------------------------------------------------------------------------------

.PHONY: demo demo-large
demo: $(RELEASE) $(BUILD)/venv-demo/.done ## Real data, their label errors, a link that opens them
	$(BUILD)/venv-demo/bin/python -m demo --binary $(RELEASE) --data $(DATA) --port $(PORT)

demo-large: $(RELEASE) $(BUILD)/venv-bench/.done ## 100,000 pictures with 1.8 million boxes in the app
	$(BUILD)/venv-bench/bin/python -m bench.demo_large --binary $(RELEASE) --data $(DATA)-large --port $(PORT)

# --- Check ------------------------------------------------------------------------------------

.PHONY: test test-unit test-web test-python test-sanitizers
test: test-unit test-web test-python ## Every test: units, the real clients, a real browser

test-unit: $(DEV)
	ctest --preset dev -j $(JOBS)

test-web: web/node_modules/.done
	cd web && npm run --silent test

test-python: $(DEV) $(BUILD)/venv-test/.done $(BUILD)/venv-oracle/.tusker $(BUILD)/venv-nucleus/.done \
		$(BUILD)/venv-nucleus-0.18/.done $(BUILD)/venv-demo/.done
	export TUSKER_BINARY=$(CURDIR)/$(DEV) TUSKER_ORACLE_PYTHON=$(CURDIR)/$(BUILD)/venv-oracle/bin/python \
		TUSKER_DEMO_PYTHON=$(CURDIR)/$(BUILD)/venv-demo/bin/python; \
	$(BUILD)/venv-test/bin/python -m pytest -q tests --ignore tests/nucleus --ignore tests/demo --ignore tests/python; \
	NPY_DISABLE_CPU_FEATURES="$(AVX512)" $(BUILD)/venv-oracle/bin/python -m pytest -q \
		--doctest-glob='*.md' tests/python docs/label-errors.md; \
	$(BUILD)/venv-demo/bin/python -m pytest -q tests/demo; \
	$(BUILD)/venv-nucleus/bin/python -m pytest -q tests/nucleus; \
	$(BUILD)/venv-nucleus-0.18/bin/python -m pytest -q tests/nucleus

test-sanitizers: $(BUILD)/.debian-test ## Unit tests under address and undefined-behaviour sanitizers
	cmake --preset asan
	cmake --build --preset asan -j $(JOBS)
	ctest --preset asan -j $(JOBS)

.PHONY: fuzz
fuzz: $(BUILD)/.debian-fuzz ## Each reader of files meets a minute of made-up ones (FUZZ_SECONDS=60)
	cmake --preset fuzz
	cmake --build --preset fuzz -j $(JOBS)
	$(PYTHON) fuzz/run.py --seconds $(FUZZ_SECONDS) $(BUILD)/fuzz

.PHONY: lint format
lint: $(DEV) web/node_modules/.done $(BUILD)/venv-test/.done ## Formatters, clang-tidy, type checks
	setup/lint_cpp.sh $(BUILD)/dev
	cd web && npm run --silent lint && npm run --silent check
	$(BUILD)/venv-test/bin/ruff check .
	$(BUILD)/venv-test/bin/ruff format --check .

format: $(BUILD)/.debian-test web/node_modules/.done $(BUILD)/venv-test/.done ## Writes the house's format into the files
	find src bench python fuzz \( -name '*.hpp' -o -name '*.cpp' \) -print0 | xargs -0 clang-format-19 -i
	cd web && npm run --silent format
	$(BUILD)/venv-test/bin/ruff check --fix . && $(BUILD)/venv-test/bin/ruff format .

.PHONY: bench
bench: $(RELEASE) $(BUILD)/venv-bench/.done $(BUILD)/venv-bench/.tusker $(BUILD)/.debian-test ## Ratios to peers and limits, into docs/benchmarks.md
	$(BUILD)/venv-bench/bin/python -m bench --binary $(RELEASE) --output docs/benchmarks.md

.PHONY: clean
clean: ## Removes what was built; data directories stay
	rm -rf $(BUILD) web/dist web/node_modules
