"""Build the wheel and the source distribution reproducibly: make dist.

    python scripts/distributions.py OUTPUT

setuptools builds both from a copy of the sources. Every file has mode 644 and the time SOURCE_DATE_EPOCH, or that of
the last commit, or 1980. The source distribution is repacked without owners and without the current time.
"""

import gzip
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONTENTS = (
    "pyproject.toml",
    "setup.py",
    "README.md",
    "docs",
    "CHANGELOG.md",
    "LICENSE",
    "template.yaml",
    "samconfig.toml",
    "examples",
    "src",
    "lib",
    "rules",
    "tools",
)
EARLIEST_ZIP_TIME = 315532800  # 1980
# In a process of its own: setuptools replaces sys.argv.
BUILD = (
    "import sys, setuptools.build_meta as backend; output = sys.argv[1]; "
    "backend.build_wheel(output); backend.build_sdist(output)"
)


def source_time() -> int:
    """Return the modification time of every file."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch:
        return int(epoch)
    git = shutil.which("git")
    command = [git or "false", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    return int(finished.stdout) if finished.returncode == 0 and finished.stdout.strip() else EARLIEST_ZIP_TIME


def copy_sources(folder: Path) -> None:
    """Copy the contents of a distribution, without caches and build files."""
    for name in CONTENTS:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "*.pyc"))
        else:
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copy2(source, folder / name)
    # The source distribution contains everything that was copied.
    (folder / "MANIFEST.in").write_text("graft docs\ngraft src\ngraft lib\ngraft rules\ngraft tools\ninclude *.md\n")


def normalize(folder: Path, at: int) -> None:
    """Set the same time and mode on every file, independent of the checkout and the umask."""
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (at, at))


def repack(archive: Path, at: int) -> None:
    """Repack a source distribution with one time and without owners."""
    with tarfile.open(archive) as packed, tempfile.TemporaryFile() as plain:
        with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as written:
            for member in sorted(packed.getmembers(), key=lambda each: each.name):
                member.mtime, member.uid, member.gid, member.uname, member.gname = at, 0, 0, "", ""
                member.mode = 0o755 if member.isdir() else 0o644
                member.pax_headers = {}
                written.addfile(member, packed.extractfile(member) if member.isfile() else None)
        plain.seek(0)
        content = plain.read()
    with archive.open("wb") as file, gzip.GzipFile("", "wb", fileobj=file, mtime=at) as compressed:
        compressed.write(content)


def main() -> None:
    """Build both into the folder of the first argument."""
    output, at = Path(sys.argv[1]).resolve(), source_time()
    output.mkdir(parents=True, exist_ok=True)
    os.umask(0o022)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        copy_sources(folder)
        normalize(folder, at)
        environment = {**os.environ, "SOURCE_DATE_EPOCH": str(at), "PYTHONHASHSEED": "0"}
        command = [sys.executable, "-c", BUILD, str(output)]
        finished = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if finished.returncode:
        sys.exit(finished.stderr)
    for archive in output.glob("*.tar.gz"):
        repack(archive, at)


if __name__ == "__main__":
    main()
