"""The page that --help prints: usage, text, arguments, options, examples and exit codes in at most 80 columns.

A docstring is paragraphs of text, a block of commands below the line `Examples:`, which is printed as it is written so
that it can be copied, and paragraphs that begin with `Exit codes` and `Documentation:`, which end the page.
"""

# Contexts, commands and parameters are Typer's or Click's, by Typer's version.
# ruff: noqa: ANN401

import inspect
import re
from collections.abc import Iterator
from enum import Enum
from typing import Any, Final

EXAMPLES: Final = "Examples:"
LAST: Final = ("Exit codes", "Documentation:")
LONGEST_CHOICES: Final = 30
"""Characters of the choices that are shown beside an option; longer ones are listed in its sentence."""
_LABELS: Final = {"path": "FILE", "int": "NUMBER", "float": "NUMBER"}


def choices_of(parameter: Any) -> list[str]:
    """Return the values that an option or argument can have; none where it is free."""
    described = getattr(parameter, "type_descriptor", None) or getattr(parameter, "type", None)
    return [str(getattr(each, "value", each)) for each in getattr(described, "choices", None) or ()]


def label_of(parameter: Any) -> str:
    """Return what stands for the value of an option or argument: FILE, NAME, json|yaml."""
    if parameter.metavar:
        return str(parameter.metavar)
    name = (max(parameter.opts, key=len).strip("-") or str(parameter.name)).replace("_", "-").upper()
    choices = "|".join(choices_of(parameter))
    if choices:
        return choices if len(choices) <= LONGEST_CHOICES else name
    if parameter.param_type_name == "argument":
        return name
    described = getattr(parameter, "type_descriptor", None)
    kind = str(described.annotation if described else parameter.type.name).lower()
    return next((label for part, label in _LABELS.items() if part in kind), "TEXT")


class HelpPage:
    """A command, or a group of commands, with our page of help. A mix-in of Typer's classes."""

    help: str | None

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return what follows the name in the line of usage."""
        pieces = ["[OPTIONS]"]
        for each in self._shown(ctx, "argument"):
            label = label_of(each).removesuffix("...")
            pieces.append((label if each.required else f"[{label}]") + ("..." if each.nargs != 1 else ""))
        return [*pieces, *(["COMMAND [ARGS]..."] if hasattr(self, "commands") else [])]

    def format_help_text(self, _ctx: Any, formatter: Any) -> None:
        """Write the paragraphs before the options."""
        for text in self._paragraphs():
            if not text.startswith((EXAMPLES, *LAST)):
                _write(formatter, text)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments and options, and the commands of a group."""
        for kind in ("argument", "option"):
            rows = [(_names(each), _sentence(each)) for each in self._shown(ctx, kind)]
            if rows:
                with formatter.section(f"{kind.capitalize()}s"):
                    formatter.write_dl(rows)
        if hasattr(self, "commands"):
            self.format_commands(ctx, formatter)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands of a group, each with its whole first sentence."""
        rows = [(name, str(command.help).split("\n\n")[0]) for name, command in ctx.command.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl([row for row in rows if row[0]])

    def format_epilog(self, _ctx: Any, formatter: Any) -> None:
        """Write the examples, as they are written, and the last paragraphs."""
        for text in self._paragraphs():
            if text.startswith(EXAMPLES):
                formatter.write(f"\n{text}\n")
            elif text.startswith(LAST):
                _write(formatter, text, indented=False)

    def _paragraphs(self) -> list[str]:
        return re.split(r"\n{2,}(?! )", inspect.cleandoc(self.help or ""))

    def _shown(self, ctx: Any, kind: str) -> Iterator[Any]:
        for each in self.get_params(ctx):  # type: ignore[attr-defined] # Typer's
            if each.param_type_name == kind and not each.hidden:
                yield each


def _write(formatter: Any, text: str, *, indented: bool = True) -> None:
    formatter.write_paragraph()
    if indented:
        formatter.indent()
    formatter.write_text(" ".join(text.split()))
    if indented:
        formatter.dedent()


def _names(parameter: Any) -> str:
    """Return the names of an option and its value, or the label of an argument."""
    if parameter.param_type_name == "argument":
        label = label_of(parameter)
        return label if parameter.nargs == 1 or label.endswith("...") else f"{label}..."
    names = ", ".join(sorted(parameter.opts, key=len))
    return " / ".join([names, *parameter.secondary_opts]) if parameter.is_flag else f"{names} {label_of(parameter)}"


def _sentence(parameter: Any) -> str:
    """Return the help of an option or argument with its choices, its default and its environment variable."""
    text, choices = parameter.help or "", choices_of(parameter)
    # options.choice() says itself which values of an enumeration an option takes.
    said = "|".join(choices) == label_of(parameter) or "One of " in text or "Currently only " in text
    if choices and not said:
        text += f" One of {', '.join(choices)}."
    default = parameter.default.value if isinstance(parameter.default, Enum) else parameter.default
    extra = []
    if parameter.envvar and parameter.param_type_name == "option":
        extra.append(f"env var: {parameter.envvar}")
    if default not in (None, "", False, True) and parameter.show_default:
        extra.append(f"default: {default:g}" if isinstance(default, float) else f"default: {default}")
    if parameter.required:
        extra.append("required")
    return f"{text}  [{'; '.join(extra)}]" if extra else text
