"""Where the files of a project come from: provider, settings and examples.

The build copies them from the repository into the wheel (setup.py). In a checkout they are read where they are.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

import inference_experiment
from inference_experiment_cli.errors import UsageError, nearest

PACKAGED: Final = Path(__file__).parent / "files"
CHECKOUT: Final = Path(__file__).resolve().parents[3]
PROVIDER_FILES: Final = ("LICENSE", "samconfig.toml", "src/requirements.txt", "template.yaml")
EXAMPLES: Final = "examples"
ALL: Final = "all"
BROKEN: Final = "broken"
"""The example with errors on purpose, which `all` leaves out."""
_MENTION: Final = re.compile(rf"\b{EXAMPLES}/([\w./-]+\.\w+)")


@dataclass(frozen=True)
class Example:
    """A template of the gallery, or a folder of them; `files` are those in examples/, with others that they mention."""

    name: str
    summary: str
    files: tuple[str, ...]

    @property
    def is_template(self) -> bool:
        """Whether it begins with a template of its own name, not with a folder."""
        return f"{self.name}.yaml" in self.files


def sources_folder() -> Path:
    """Return the folder that has template.yaml and examples/."""
    return PACKAGED if PACKAGED.is_dir() else CHECKOUT


def provider_files() -> dict[str, Path]:
    """Return the files of the provider: path in a project -> path on disk."""
    function = Path(inference_experiment.__file__).parent
    code = {f"src/{function.name}/{path}": function / path for path in _files_below(function)}
    return {name: sources_folder() / name for name in PROVIDER_FILES} | code


def example_files(examples: Iterable[Example]) -> dict[str, Path]:
    """Return the files of examples: path in a project -> path on disk."""
    gallery = sources_folder() / EXAMPLES
    return {f"{EXAMPLES}/{name}": gallery / name for each in examples for name in each.files}


def all_examples() -> dict[str, Example]:
    """Return the examples by name: a template without its suffix, or a folder that no template belongs to."""
    gallery = sources_folder() / EXAMPLES
    own: dict[str, list[str]] = {}
    for path in _files_below(gallery):
        own.setdefault(path.split("/")[0].removesuffix(".yaml"), []).append(path)
    mentions = {path: _mentions(gallery, path) for paths in own.values() for path in paths}
    parts = {each.split("/")[0] for path, others in mentions.items() if "/" not in path for each in others}
    return {
        name: Example(name, _summary(gallery, name, paths), _with_mentioned(paths, mentions))
        for name, paths in sorted(own.items())
        if name not in parts
    }


def choose_examples(names: Iterable[str]) -> list[Example]:
    """Return the examples of these names, each a name, the path of its file, or the unique beginning of a name.

    Raises UsageError for an unknown one.
    """
    available = all_examples()
    chosen: dict[str, Example] = {}
    for name in names:
        if name == ALL:
            chosen |= {each: example for each, example in available.items() if each != BROKEN}
        else:
            example = _choose(name, available)
            chosen[example.name] = example
    return list(chosen.values())


def _choose(name: str, available: Mapping[str, Example]) -> Example:
    wanted = name.lower().removeprefix("./").removeprefix(f"{EXAMPLES}/").rstrip("/").removesuffix(".yaml")
    matches = [wanted] if wanted in available else [each for each in available if wanted and each.startswith(wanted)]
    if len(matches) == 1:
        return available[matches[0]]
    meant = " or ".join(matches) or nearest(wanted, available)
    hint = f"did you mean {meant}? " if meant else ""
    what = f"no example {name}" if name else "--example has no name"
    raise UsageError(f"{what}; {hint}the examples are {', '.join(available)}")


def _files_below(folder: Path) -> list[str]:
    """Return the paths of the files below a folder, relative to it, without caches and hidden ones."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(
        path.as_posix() for path in paths if not any(part.startswith((".", "__pycache__")) for part in path.parts)
    )


def _mentions(gallery: Path, path: str) -> list[str]:
    text = (gallery / path).read_text(encoding="utf-8")
    return [each for each in _MENTION.findall(text) if each != path and (gallery / each).is_file()]


def _with_mentioned(paths: Iterable[str], mentions: Mapping[str, list[str]]) -> tuple[str, ...]:
    complete: dict[str, None] = {}
    waiting = list(paths)
    while waiting:
        path = waiting.pop(0)
        if path not in complete:
            complete[path] = None
            waiting += mentions[path]
    return tuple(complete)


def _summary(gallery: Path, name: str, paths: Iterable[str]) -> str:
    """Return the description of a template, or the heading of a folder's README.md."""
    first = min(paths, key=lambda path: (path != f"{name}.yaml", not path.endswith("README.md"), path))
    for line in (gallery / first).read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            return line.removeprefix("# ")
        if line.startswith("Description:"):
            return str(yaml.safe_load(line)["Description"])
    return ""
