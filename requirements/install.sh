#!/bin/sh
# A virtual environment with the packages of a lock file, and of this project where a third word says so:
#     PYTHON=python3 requirements/install.sh .venv dev --editable
# By uv, which takes a fifteenth of pip's time: the one on the PATH, else that of uv.txt. pip does it where uv has no
# wheel or cannot: uv does not read pip's settings, such as the address of a mirror. Nothing is resolved, since lock
# files are complete, nor compiled: that takes longer than the modules that are used do when they are first imported.
set -eu
cd "$(dirname "$0")/.."
folder=$1
lock=$2
project=${3:+"--no-build-isolation --editable ."}
python=$folder/bin/python
pip="$python -m pip --quiet --disable-pip-version-check install --no-compile --no-deps"

PYTHON=${PYTHON:-python3}
"$PYTHON" -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed, this is "
    + sys.version.split()[0] + "; try make PYTHON=python3.11")'
"$PYTHON" -m venv --clear "$folder"
uv=$(command -v uv) || {
    uv=$folder/bin/uv
    $pip --only-binary :all: --require-hashes -r requirements/uv.txt 2>/dev/null || true
}
with_uv() { "$uv" pip install --quiet --python "$python" --no-deps "$@" 2>/dev/null; }
with_uv --require-hashes -r "requirements/$lock.txt" || $pip --require-hashes -r "requirements/$lock.txt"
# shellcheck disable=SC2086
test -z "$project" || with_uv $project || $pip $project
