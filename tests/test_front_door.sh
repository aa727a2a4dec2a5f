#!/bin/sh
# From the package alone to a promoted shadow variant, as a new user would go: a fresh virtual environment with the
# built wheel, outside of the clone; no account, no network, no SAM CLI.
#
#   tests/test_front_door.sh [PYTHON]    PYTHON has the dependencies and setuptools; default: .venv/bin/python
#
# The dependencies are those of PYTHON, by a path file, which does not activate its editable installation: what is run
# of this project is the wheel. tests/test_front_door.py runs this script.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
python=${1:-$root/.venv/bin/python}
work=$(mktemp -d)
began=$(date +%s)

finish() {
  code=$?
  inference-experiment local stop >"$work/stop.txt" 2>&1 || true
  if [ "$code" -ne 0 ]; then
    echo "front door: failed with exit code $code; the last output:" >&2
    cat "$work/output.txt" >&2 || true
    tail -n 20 "$work/home/.local/state/inference-experiment/local/local.log" >&2 || true
  fi
  rm -rf "$work"
}

step() {
  echo "$(($(date +%s) - began)) s: $*"
}

# Run a command, and show its output where it fails.
run() {
  "$@" >"$work/output.txt" 2>&1
}

# Check that the last output has a line with these words.
shows() {
  grep -q -e "$1" "$work/output.txt" || {
    echo "front door: the output has no $1" >&2
    return 1
  }
}

# What a user's own settings could change, and where files could be left.
for name in $(env | sed -n 's/^\(AWS_[A-Z_0-9]*\|XDG_[A-Z_]*\|INFERENCE_[A-Z_]*\|PYTHON[A-Z]*\|COLUMNS\)=.*/\1/p'); do
  unset "$name"
done
mkdir "$work/home" "$work/tmp" "$work/wheel"
export HOME="$work/home" TMPDIR="$work/tmp" NO_COLOR=1
PATH="$work/venv/bin:/usr/bin:/bin"
trap finish EXIT
trap 'exit 130' INT TERM

step "build the wheel and install it in a fresh environment"
run "$python" "$root/scripts/distributions.py" "$work/wheel"
run "$python" -m venv --without-pip "$work/venv"
site=$("$work/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
run "$python" -m pip --quiet --disable-pip-version-check --python "$work/venv/bin/python" install --no-deps --no-index \
  "$work"/wheel/*.whl
"$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' >"$site/dependencies.pth"
cd "$work"
for package in inference_experiment inference_experiment_cli inference_experiment_local inference_experiment_rules; do
  python -c "import sys, $package as package; sys.exit(not package.__file__.startswith('$site/'))"
done

step "init: a project of its own"
run inference-experiment init --list
shows "^promotion  "
run inference-experiment init shadow-tests --example shadow-test --example broken
cd shadow-tests
for file in template.yaml samconfig.toml README.md src/requirements.txt src/inference_experiment/handler.py; do
  test -s "$file"
done

step "lint"
run inference-experiment lint template.yaml examples/shadow-test.yaml
test ! -s "$work/output.txt"
run inference-experiment lint examples/broken/shadow-test.yaml && exit 1
shows "^E9503 "

step "local start"
eval "$(inference-experiment local start 2>"$work/output.txt")"
shows "ready at https://127.0.0.1:"

step "deploy the provider and a shadow test"
run inference-experiment local deploy inference-experiment-provider template.yaml
shows "^ServiceToken .*arn:aws:lambda:"
run inference-experiment local deploy shop examples/shadow-test.yaml \
  --parameter ProductionImage=fraud:1 --parameter ShadowImage=fraud:2
shows "^ExperimentStatus .*Running"
run inference-experiment list
shows "shop-fraud-1 .*Running"

step "plan and update, by the stack and by hand"
run inference-experiment plan --stack shop --parameter SamplingPercentage=50
shows "UpdateInferenceExperiment"
run inference-experiment local deploy shop examples/shadow-test.yaml --parameter SamplingPercentage=50
run inference-experiment update shop-fraud-1 --sampling 40 --force --dry-run
shows "SamplingPercentage .*50 .*40"

step "report"
run inference-experiment local advance 1h
run inference-experiment report shop-fraud-1
shows "^Promote the shadow"

step "promote"
run inference-experiment local deploy shop examples/shadow-test.yaml --parameter Verdict=promote-shadow
shows "^ExperimentStatus .*Completed"
run inference-experiment report shop-fraud-1 --check
shows "promotion .*done .*production -> shadow"

step "delete"
run inference-experiment local delete shop
run inference-experiment local delete inference-experiment-provider
run inference-experiment list --format json
shows "^\[\]"

step "local stop"
run inference-experiment local stop
cd "$work"

step "nothing is left"
# A process that has been told to end may take a moment.
for _ in 1 2 3 4 5 6 7 8 9 10; do
  processes=$(ps -eo args | grep -F "$work" | grep -v grep || true)
  [ -n "$processes" ] || break
  sleep 0.5
done
if [ -n "$processes" ]; then
  echo "front door: processes are left: $processes" >&2
  exit 1
fi
# The state folder, and the cache of lint.
left=$(find home tmp -type f ! -path "home/.local/state/inference-experiment/*" ! -path "home/.cache/inference-experiment/*")
if [ -n "$left" ]; then
  echo "front door: files are left: $left" >&2
  exit 1
fi
(cd shadow-tests && inference-experiment init . --example shadow-test --example broken) >"$work/output.txt"
shows "^\.: up to date"
# cfn-lint compiles the file that loads the rules; the project's .gitignore has that.
test -z "$(find shadow-tests -name "*.part" -o -name "*.pyc" ! -path "shadow-tests/.cfnlint/*")"
step "done"
