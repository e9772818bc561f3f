# Enliven. A newcomer needs two targets: `make demo` and `make test`. Written for make 3.81.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SAM := .venv-sam
SAM_READY := $(SAM)/.ready
NODE_READY := node_modules/.ready
BROWSER_READY := $(VENV)/.browser

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
IMAGE ?=
ENVIRONMENT ?= dev
REGION ?=
PARAMETERS ?=

.PHONY: help setup badges demo up down test iproute2 chromium test-sam test-built build invoke start-api events quality categories gallery check lint \
	types policy templates bench bench-api bench-eta bench-moderation bench-motion bench-provenance bench-cold-start bench-fingerprints bench-selection fuzz-api deploy \
	destroy clean

help:  ## What can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(READY)  ## Make the development environment

$(READY): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@echo "Installing what requirements/dev.txt locks (about 440 MB, once) ..."
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-build-isolation --no-deps -e .
	@touch $@

demo: $(READY)  ## One photo in, one signed story out (PHOTO=… PROMPT=… OUT=… PEOPLE_CONSENT=yes)
	@$(BIN)/enliven up
	@$(BIN)/enliven create "$(PHOTO)" --prompt "$(PROMPT)" --out "$(OUT)" \
		$(if $(filter yes,$(PEOPLE_CONSENT)),--people-consent)

up: $(READY)  ## Bring the local stack up (LAN=yes or LAN=ADDRESS lets phones in)
	@$(BIN)/enliven up $(if $(LAN),--lan $(filter-out yes,$(LAN)))

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

destroy: $(READY)  ## Delete a stack in AWS (ENVIRONMENT=dev REGION=… YES=yes; EVERYTHING=yes keeps nothing)
	@$(BIN)/enliven destroy --environment "$(ENVIRONMENT)" $(if $(REGION),--region "$(REGION)") \
		$(if $(filter yes,$(YES)),--yes) $(if $(filter yes,$(EVERYTHING)),--everything)

# One of each kind of scene; `make quality` judges the clips of all.
CLIPS_OF := coffee_cup,face_astronaut,flower_dahlia,mountain_clouds,night_rocket,stream_waterfall

test: $(BROWSER_READY) iproute2 chromium  ## All tests
	@$(BIN)/pytest -n 4 -q tests/unit tests/contract tests/workflow tests/moderation \
		--ignore tests/moderation/measured
	@ENLIVEN_CLIPS_OF=$(CLIPS_OF) $(BIN)/pytest -q -n 2 --dist loadgroup tests/quality
	@$(BIN)/pytest -q -n 2 --dist loadfile tests/local tests/browser

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

$(BROWSER_READY): requirements/browser.txt $(READY)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/browser.txt
	@touch $@

test-sam: $(READY) $(SAM_READY)  ## Every function, built and invoked as Lambda would
	@$(BIN)/pytest -q tests/sam

test-built: $(READY) $(SAM_READY)  ## Of that what needs no container engine: the builds, and Lambda's emulator
	@$(BIN)/pytest -q tests/sam/test_build.py tests/sam/test_damage.py tests/sam/test_emulation.py

quality: $(READY)  ## Only the quality of clips, on every photo (ENLIVEN_EXTRA_PHOTOS=FOLDER for more)
	@$(BIN)/pytest -q -n 2 --dist loadgroup tests/quality

categories: $(READY)  ## Each category of the policy, through the whole workflow, at each gate
	@$(BIN)/pytest -q -n 2 tests/categories

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

bench-selection: $(READY)  ## Measure which frames gate 2 judges (CLIPS=FOLDER of MP4s); writes docs/benchmarks/selection.md
	@test -n "$(CLIPS)" || { echo "CLIPS= a folder of clips, e.g. what make gallery has made"; exit 1; }
	@$(BIN)/python -m tests.benchmark_selection "$(CLIPS)"

fuzz-api: $(READY)  ## Requests that nobody thought of, for five minutes (SECONDS=… SEED=…)
	@$(BIN)/python -m tests.fuzz_api $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED))

clean: down  ## Remove everything that was made, the stack included
	@rm -rf $(VENV) $(SAM) node_modules .enliven .aws-sam out
