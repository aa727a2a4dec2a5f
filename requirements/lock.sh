#!/bin/sh
# Rewrites the locked, hash-pinned requirements (make lock), by the uv on the PATH, else by that of .venv.
set -eu
cd "$(dirname "$0")/.."
PATH=$PATH:$PWD/.venv/bin
lock() {
    output=$1
    shift
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
        --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" "$@" --output-file "$output"
}
lock requirements/dev.txt pyproject.toml --extra local --extra query --extra captures --extra report --group dev
# What make demo needs of these.
lock requirements/demo.txt pyproject.toml --extra local --extra captures --group demo --constraints requirements/dev.txt
lock requirements/uv.txt requirements/uv.in
lock requirements/sam.txt requirements/sam.in
lock requirements/cdk.txt requirements/cdk.in
lock requirements/clients.txt requirements/clients.in
lock requirements/bench.txt requirements/bench.in
lock requirements/security.txt requirements/security.in
lock requirements/docs.txt requirements/docs.in
lock requirements/contract.txt requirements/contract.in
# What the function is deployed with, for its bill of materials.
lock requirements/function.txt src/requirements.txt
