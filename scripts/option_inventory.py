"""The options of all commands: what each name means, its value, its default and the commands that have it."""

# Commands and options are Typer's or Click's, by Typer's version.
# ruff: noqa: ANN401

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from inference_experiment_cli import main as cli
from inference_experiment_cli.help_page import choices_of, label_of


@dataclass(frozen=True)
class Use:
    """An option in one command. `meaning` is the first sentence of its help; the rest is about the command."""

    command: str
    names: tuple[str, ...]
    value: str
    meaning: str
    default: str

    @classmethod
    def of(cls, command: str, option: Any) -> "Use":
        """Read an option of Typer's."""
        value = "" if option.is_flag else "one of" if choices_of(option) else label_of(option)
        default = getattr(option.default, "value", option.default)
        shown = "required" if option.required else "" if default in (None, False, "") else str(default)
        names = sorted((*option.opts, *option.secondary_opts), key=len)
        return cls(command, tuple(names), value, str(option.help).partition(". ")[0].rstrip("."), shown)


def uses() -> Mapping[str, list[Use]]:
    """Return the uses of each option by its name, such as --region."""
    found = defaultdict(list)
    for name, command in cli.application().commands.items():
        for full, leaf in leaves(name, command.load()):
            for option in leaf.params:
                if option.param_type_name == "option":
                    found[main_name(option)].append(Use.of(full, option))
    return dict(sorted(found.items()))


def leaves(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Yield a command, or the commands of a group, by their names, such as `policy check`."""
    inner = getattr(command, "commands", None)
    if not inner:
        yield name, command
    for each, child in (inner or {}).items():
        yield from leaves(f"{name} {each}", child)


def main_name(option: Any) -> str:
    """Return the long name of an option: of several, that of its parameter, else the first."""
    long = [name for name in option.opts if name.startswith("--")]
    return "--region" if "--region" in long else long[0]
