"""Packages the registry type with the CloudFormation CLI, without Docker and without an account.

    python -m registry.build [--type-name NAME] [--architecture x86_64|arm64] [--output FOLDER]

The project of the CloudFormation CLI is put together in the folder, and `cfn submit --dry-run --no-docker` makes the
zip that `cfn submit` would upload.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from registry.generate import FOLDER, TYPE_NAME, files, package_of

ROOT: Final = FOLDER.parent
ENVIRONMENT: Final = ROOT / ".venv-contract"
LOCK: Final = ROOT / "requirements" / "contract.txt"
REQUIRED: Final = ("cloudformation-cli-python-lib", "jsonschema")
LAMBDA_PYTHON: Final = "3.12"
PLATFORMS: Final[Mapping[str, str]] = {"x86_64": "manylinux2014_x86_64", "arm64": "manylinux2014_aarch64"}
PYPROJECT: Final = """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "inference-experiment"
version = "0.1.0"

[tool.setuptools]
packages = ["inference_experiment", "inference_experiment.contract"]

[tool.setuptools.package-data]
"*" = ["*.json"]
"""


class BuildError(Exception):
    """The package cannot be built; the text says why."""


def build(folder: Path, type_name: str = TYPE_NAME, architecture: str = "") -> Path:
    """Build a type in a new folder and return its zip; without an architecture, for this machine. Raises BuildError."""
    write_project(folder, type_name)
    own = {**os.environ, "PATH": f"{ENVIRONMENT / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"}
    _run([str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
          "--disable-pip-version-check", "--wheel-dir", "wheels", "./lifecycle"], folder, own)  # fmt: skip
    wheel = next((folder / "wheels").glob("*.whl"))
    required = "".join(f"{line}\n" for line in ("-c constraints.txt", *REQUIRED, f"./wheels/{wheel.name}"))
    (folder / "requirements.txt").write_text(required, encoding="utf-8")
    (folder / "constraints.txt").write_text(_constraints(), encoding="utf-8")
    if architecture:
        own |= {"PIP_PLATFORM": PLATFORMS[architecture], "PIP_ONLY_BINARY": ":all:", "PIP_IMPLEMENTATION": "cp"}
        own |= {"PIP_PYTHON_VERSION": LAMBDA_PYTHON}
    _run(["cfn", "submit", "--dry-run", "--no-docker"], folder, own)
    return next(folder.glob("*.zip"))


def write_project(folder: Path, type_name: str) -> None:
    """Write the project of the CloudFormation CLI, and the lifecycle as a project of its own."""
    shutil.rmtree(folder, ignore_errors=True)
    ignored = shutil.ignore_patterns("__pycache__")
    package = folder / "src" / package_of(type_name)
    shutil.copytree(FOLDER / "src" / package_of(TYPE_NAME), package, ignore=ignored)
    init = (package / "__init__.py").read_text(encoding="utf-8").replace(TYPE_NAME, type_name)
    (package / "__init__.py").write_text(init, encoding="utf-8")
    shutil.copytree(FOLDER / "inputs", folder / "inputs")
    shutil.copytree(
        ROOT / "src" / "inference_experiment", folder / "lifecycle" / "inference_experiment", ignore=ignored
    )
    (folder / "lifecycle" / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    for name, text in files(type_name).items():
        (folder / name).write_text(text, encoding="utf-8")


def _constraints() -> str:
    """Return the locked versions as constraints, without hashes: pip would require one for our own wheel, too."""
    return "".join(
        f"{pin}\n" for pin in re.findall(r"^[a-z0-9-]+==[^ \\]+", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    )


def _run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
    try:
        finished = subprocess.run(  # noqa: S603 - our own commands
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise BuildError(f"{command[0]} is missing in {ENVIRONMENT.name}; run make registry") from error
    if finished.returncode:
        raise BuildError(f"{' '.join(command)} failed:\n{finished.stdout}{finished.stderr}")


def main(arguments: Sequence[str]) -> int:
    """Build, and print the path of the zip; return 1 where that fails."""
    parser = argparse.ArgumentParser(prog="python -m registry.build", description="Package the registry type.")
    parser.add_argument("--type-name", default=TYPE_NAME, help=f"default: {TYPE_NAME}")
    parser.add_argument("--architecture", choices=PLATFORMS, default="x86_64", help="of the function; default: x86_64")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "registry", help="default: build/registry")
    options = parser.parse_args(arguments)
    try:
        path = build(options.output / options.architecture, options.type_name, options.architecture)
    except BuildError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{path}: {path.stat().st_size / 1e6:.1f} MB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
