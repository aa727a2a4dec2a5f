"""Packages a function's folder as `sam build` and `sam package` would, offline.

The folder and the distributions of its requirements.txt as installed, with what they require, go into one zip.
boto3 and botocore with what comes with them are left out: Lambda's Python runtimes provide them. Bytecode is left
out as sam does.
"""

import io
import re
import zipfile
from importlib import metadata
from pathlib import Path, PurePosixPath

from inference_experiment_local.errors import UnusableInput

PROVIDED = frozenset({"boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3"})
"""Distributions that Lambda's Python runtimes provide."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_EPOCH = (1980, 1, 1, 0, 0, 0)


def package(folder: Path) -> bytes:
    """Return the zip of a function's folder; equal content gives equal bytes. Raises UnusableInput."""
    if not folder.is_dir():
        raise UnusableInput(f"the function's code folder {folder} does not exist")
    files: dict[str, Path] = {}
    for name in sorted(_closure(_required_names(folder / "requirements.txt"))):
        files |= _distribution_files(name)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not _is_bytecode(PurePosixPath(path.relative_to(folder).as_posix())):
            files[path.relative_to(folder).as_posix()] = path
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            # A fixed time and mode: the same content must make the same zip, or each deployment were an update.
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name].read_bytes())
    return buffer.getvalue()


def _required_names(requirements: Path) -> set[str]:
    """Return the distribution names in a requirements file; hashes, options and comments do not matter here."""
    if not requirements.exists():
        return set()
    lines = (line.strip() for line in requirements.read_text(encoding="utf-8").splitlines())
    matches = (_NAME.match(line) for line in lines)
    return {_normal(match.group()) for match in matches if match is not None}


def _closure(names: set[str]) -> set[str]:
    """Return the names with everything they require, without extras and without what the runtime provides."""
    closed: set[str] = set()
    waiting = [(name, False) for name in names]
    while waiting:
        name, conditional = waiting.pop()
        if name in PROVIDED or name in closed:
            continue
        try:
            requires = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            # A requirement under a marker (another Python, another system) may rightly be absent.
            if conditional:
                continue
            raise UnusableInput(
                f"the function requires {name}, which is not installed beside the local AWS; pip install it, or deploy "
                "what sam build wrote: .aws-sam/build/template.yaml"
            ) from None
        closed.add(name)
        waiting += [_requirement(text) for text in requires if "extra ==" not in text]
    return closed


def _requirement(text: str) -> tuple[str, bool]:
    match = _NAME.match(text)
    if match is None:
        raise UnusableInput(f"cannot read the requirement {text}")
    return _normal(match.group()), ";" in text


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _distribution_files(name: str) -> dict[str, Path]:
    """Return the files of an installed distribution: path in the zip -> path on disk."""
    return {
        entry.as_posix(): Path(str(entry.locate()))
        for entry in metadata.files(name) or ()
        # Scripts lie outside of the package folder ("../../bin/...").
        if ".." not in entry.parts and not _is_bytecode(entry) and Path(str(entry.locate())).is_file()
    }


def _is_bytecode(path: PurePosixPath) -> bool:
    return path.suffix == ".pyc" or "__pycache__" in path.parts
