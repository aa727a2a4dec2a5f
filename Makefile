# make demo and make test do all the set-up themselves: Python 3.11+ and make are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
INSTALL := PYTHON="$(PYTHON)" requirements/install.sh
# Those of examples/broken are wrong on purpose.
EXAMPLES := $(filter-out examples/broken/%,$(wildcard examples/*.yaml examples/*/*.yaml))
PACKAGES := $(notdir $(patsubst %/,%,$(dir $(wildcard src/*/__init__.py lib/*/__init__.py rules/*/__init__.py tools/*/__init__.py))))
SECURITY := $(PYTHON) scripts/security.py .venv-security
# Without .pyc files imports take more than twice as long.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-all check security site format sam-check cdk-check types clients-check lint-corpus lint-recall lint-versions contract registry faults mutation bench docs dist lock clean

# Whoever has not installed all of it gets what the demo needs, a third of it.
demo: $(if $(wildcard $(STAMP)),$(STAMP),$(VENV)/.demo)
	$(BIN)/inference-experiment demo

# One process per core. A sample: every test function, of many cases a few, and no slow test; no coverage, which takes
# half as long again.
PYTEST := $(BIN)/python -m pytest --numprocesses auto --dist loadfile --durations 20
test: $(STAMP)
	$(PYTEST) --sample --snapshot-warn-unused

# All tests, with the coverage of branches.
test-all: $(STAMP)
	$(PYTEST) --cov --cov-report=
	$(BIN)/coverage report --include='src/*' --fail-under=100
	@for package in $(filter-out inference_experiment,$(PACKAGES)); do \
		printf '%s: branch coverage in %% ' $$package; \
		$(BIN)/coverage report --include="*/$$package/*" --format=total --fail-under=92 || exit 1; \
	done

check: $(STAMP) types .venv-security/.installed site
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/cfn-lint -a inference_experiment_rules -t template.yaml $(EXAMPLES)
	PATH="$(CURDIR)/.venv-docs/bin:$$PATH" actionlint
	$(SECURITY)

# bandit, bills of materials in build/ and pip-audit; a release adds --audit-required. Their tools have an environment of
# their own.
security: .venv-security/.installed
	$(SECURITY)

.venv-security/.installed: requirements/security.txt
	$(INSTALL) .venv-security security
	touch $@

# The documentation as a site in build/site; a dead link or a page outside the navigation is an error.
site: .venv-docs/.installed
	NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --strict

.venv-docs/.installed: requirements/docs.txt
	$(INSTALL) .venv-docs docs
	touch $@

types: $(STAMP)
	$(BIN)/mypy $(foreach package,$(PACKAGES),-p $(package)) -p benchmarks -p registry -p shadowtests_sagemaker_inferenceexperiment -p scripts -p protocol_driver -p lambda_runtime
	$(BIN)/mypy tests/typing/iam_policy_api.py

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The SAM CLI pins versions that the local AWS does not accept, so it lives in an environment of its own. It builds
# with the function's own Python, which has to be on the PATH or named: make sam-check FUNCTION_PYTHON=/path/python3.13
FUNCTION_PYTHON ?= python3.13
sam-check: .venv-sam/.installed
	$(PYTHON) scripts/sam_check.py .venv-sam $(FUNCTION_PYTHON)

.venv-sam/.installed: requirements/sam.txt pyproject.toml
	$(INSTALL) .venv-sam sam --editable
	touch $@

# What docs/cdk.md and examples/cdk show, synthesized and linted. The CDK and Node take 500 MB in an environment of
# their own.
cdk-check: $(STAMP) .venv-cdk/.installed
	$(BIN)/python scripts/cdk_check.py .venv-cdk $(BIN)/cfn-lint

.venv-cdk/.installed: requirements/cdk.txt
	$(INSTALL) .venv-cdk cdk
	touch $@

# docs/local.md's lines of the AWS CLI, the SageMaker SDK, SAM and CDK against the local AWS; needs node, and what
# sam-check needs.
CDK_VERSION := 2.1148.1
clients-check: $(STAMP) .venv-clients/.installed .venv-sam/.installed
	CLIENTS_PATH="$(CURDIR)/.venv-clients/bin:$(CURDIR)/.venv-clients/node_modules/.bin:$(CURDIR)/.venv-sam/bin:$$(dirname $$($(FUNCTION_PYTHON) -c 'import sys; print(sys.executable)'))" \
		$(BIN)/python -m pytest -q tests/tools/local/test_local_page.py

.venv-clients/.installed: requirements/clients.txt
	$(INSTALL) .venv-clients clients
	npm install --silent --no-audit --no-fund --prefix .venv-clients aws-cdk@$(CDK_VERSION)
	touch $@

# Rules over every template at hand, and their fixtures on the oldest, an intermediate and the newest cfn-lint.
lint-corpus: $(STAMP)
	$(BIN)/python tests/rules/corpus.py --download

# What the rules find in realistic templates with one mistake each, and in correct ones.
lint-recall: $(STAMP)
	$(BIN)/python tests/recall/recall.py

lint-versions: $(STAMP)
	$(BIN)/python tests/rules/versions.py

# The registry type: AWS's contract tests on the local AWS, with broken adapters that they have to find; and the package
# for cfn submit, of a type name and for an architecture: make registry TYPE_NAME=Acme::Testing::Shadow ARCHITECTURE=arm64
TYPE_NAME ?= ShadowTests::SageMaker::InferenceExperiment
ARCHITECTURE ?= x86_64
contract: $(STAMP) .venv-contract/.installed
	$(BIN)/python tests/registry/contract.py

registry: .venv-contract/.installed $(STAMP)
	$(BIN)/python -m registry.build --type-name $(TYPE_NAME) --architecture $(ARCHITECTURE)

.venv-contract/.installed: requirements/contract.txt
	$(INSTALL) .venv-contract contract
	touch $@

# Every network call of every operation, killed, timed out, throttled and refused; writes docs/faults.md.
faults: $(STAMP)
	$(BIN)/python tests/faults/crash_matrix.py

# A sample of mutants of planner, actions, policy evaluator and template values, ten minutes of one core; writes
# docs/reference/mutation.md.
mutation: $(STAMP)
	$(BIN)/python -m scripts.mutation --output docs/reference/mutation.md

# Everything as a ratio to a peer in the same run, into docs/benchmarks.md; fails where a floor is broken. The peers for
# IAM policies live in an environment of their own.
bench: $(STAMP) .venv-bench/.installed
	$(BIN)/python -m benchmarks --output docs

.venv-bench/.installed: requirements/bench.txt
	$(INSTALL) .venv-bench bench
	touch $@

docs: $(STAMP)
	$(BIN)/python -m scripts.documentation
	$(BIN)/python -m pytest -q tests/rules/test_documentation.py --update-docs

# Wheel and source distribution, the same bytes for the same commit.
dist: $(STAMP)
	$(BIN)/python scripts/distributions.py dist

lock:
	requirements/lock.sh

clean:
	rm -rf $(VENV) .venv-* build dist .aws-sam .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage

$(STAMP): requirements/dev.txt pyproject.toml
	$(INSTALL) $(VENV) dev --editable
	touch $@

$(VENV)/.demo: requirements/demo.txt pyproject.toml
	$(INSTALL) $(VENV) demo --editable
	touch $@
