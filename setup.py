"""What pyproject.toml cannot say: files outside of the packages that the wheel has to have.

`inference-experiment init` writes them. They are the repository's own: the build copies them into the package that
reads them (inference_experiment_cli/project/sources.py); an editable installation reads them where they are.
"""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

TARGET = "inference_experiment_cli/project/files"
FILES = ("LICENSE", "samconfig.toml", "src/requirements.txt", "template.yaml")
FOLDERS = ("examples",)


def project_files() -> list[str]:
    """Return the paths of the files, relative to this folder."""
    found = (path for folder in FOLDERS for path in Path(folder).rglob("*") if path.is_file())
    return sorted([*FILES, *(path.as_posix() for path in found if not any(map(_is_unwanted, path.parts)))])


def _is_unwanted(part: str) -> bool:
    return part.startswith(".") or part == "__pycache__"


class BuildWithProject(build_py):
    """The packages, and the files."""

    def run(self) -> None:
        """Build the packages, then copy the files."""
        super().run()
        if not self.editable_mode:
            for source in project_files():
                target = Path(self.build_lib, TARGET, source)
                self.mkpath(str(target.parent))
                self.copy_file(source, str(target))

    def get_source_files(self) -> list[str]:
        """Return what a source distribution has to have."""
        return [*super().get_source_files(), *project_files()]


setup(cmdclass={"build_py": BuildWithProject})
