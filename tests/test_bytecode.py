"""The bytecode that README adds to what `sam build` leaves is still used after the zip, which keeps no times."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILT = Path(".aws-sam", "build", "ProviderFunction")


def command() -> list[str]:
    """Return README's command, for the interpreter of the tests."""
    (found,) = re.findall(
        r"^python3\.\d+ (-m compileall .+)$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    return [sys.executable, *found.split()]


def deployed(folder: Path, compile_command: list[str]) -> Path:
    """Build, compile, zip as the SAM CLI does, with 1980 as every time, and unpack."""
    built = folder / BUILT
    shutil.copytree(
        ROOT / "src" / "inference_experiment",
        built / "inference_experiment",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    subprocess.run(compile_command, cwd=folder, check=True)
    with zipfile.ZipFile(folder / "function.zip", "w") as archive:
        for path in sorted(path for path in built.rglob("*") if path.is_file()):
            archive.writestr(zipfile.ZipInfo(path.relative_to(built).as_posix()), path.read_bytes())
    with zipfile.ZipFile(folder / "function.zip") as archive:
        archive.extractall(folder / "task")
    return folder / "task"


def compiled_again(task: Path) -> int:
    """Return how many of our modules an import compiles from source."""
    code = "import sys; sys.path.insert(0, sys.argv[1]); import inference_experiment.planner as p; assert p.__file__"
    asked = [sys.executable, "-I", "-B", "-v", "-c", code, str(task)]
    finished = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert f"{task}/inference_experiment/planner.py" in finished.stderr
    return len(re.findall(rf"^# code object from '?{re.escape(str(task))}\S+\.py'?$", finished.stderr, re.MULTILINE))


def test_the_bytecode_is_used_from_the_zip(tmp_path: Path) -> None:
    assert compiled_again(deployed(tmp_path, command())) == 0


def test_bytecode_by_time_would_not_be_used(tmp_path: Path) -> None:
    """Why the command says --invalidation-mode."""
    without = [word for word in command() if word not in ("--invalidation-mode", "unchecked-hash")]

    assert compiled_again(deployed(tmp_path, [*without, "--invalidation-mode", "timestamp"])) > 5
