"""The page that --help prints: usage, text, arguments, options, examples and exit codes in at most 80 columns.

A docstring is paragraphs of text, a block of commands below the line `Examples:`, which is printed as it is written so
that it can be copied, and paragraphs that begin with `Exit codes` and `Documentation:`, which end the page.
"""

# Contexts, commands and parameters are Typer's or Click's, by Typer's version.
# ruff: noqa: ANN401

import inspect
import re
import shutil
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Final

EXAMPLES: Final = "Examples:"
LAST: Final = ("Exit codes", "Documentation:")
GROUP_USAGE: Final = "COMMAND [ARGS]..."
INDENT: Final = "  "
NARROW_USAGE: Final = " " * 11
MIN_USAGE_WIDTH: Final = 20
MIN_WIDTH: Final = 50
MAX_WIDTH: Final = 80
MAX_NAME_WIDTH: Final = 30
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

    def get_help(self, ctx: Any) -> str:
        """Return the page."""
        sections = {}
        for kind in ("argument", "option"):
            sections[f"{kind.capitalize()}s"] = [(_names(each), _sentence(each)) for each in self._shown(ctx, kind)]
        commands = getattr(self, "commands", {})
        summaries = {name: str(command.help).split("\n\n")[0] for name, command in commands.items()}
        sections["Commands"] = [*summaries.items()]
        return page(ctx.command_path, self.collect_usage_pieces(ctx), self.help or "", sections)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return what follows the name in the line of usage."""
        pieces = ["[OPTIONS]"]
        for each in self._shown(ctx, "argument"):
            label = label_of(each).removesuffix("...")
            pieces.append((label if each.required else f"[{label}]") + ("..." if each.nargs != 1 else ""))
        return [*pieces, *([GROUP_USAGE] if hasattr(self, "commands") else [])]

    def _shown(self, ctx: Any, kind: str) -> Iterator[Any]:
        for each in self.get_params(ctx):  # type: ignore[attr-defined] # Typer's
            if each.param_type_name == kind and not each.hidden:
                yield each


def page(path: str, usage: Sequence[str], text: str, sections: Mapping[str, Sequence[tuple[str, str]]]) -> str:
    """Return a page of help: a command's name, what follows it, its docstring, and rows by their headings."""
    width = max(min(shutil.get_terminal_size().columns, MAX_WIDTH) - 2, MIN_WIDTH)
    paragraphs = re.split(r"\n{2,}(?! )", inspect.cleandoc(text))
    start = f"Usage: {path} "
    is_narrow = width < len(start) + MIN_USAGE_WIDTH
    first, rest = (f"{start}\n{NARROW_USAGE}", NARROW_USAGE) if is_narrow else (start, " " * len(start))
    parts = [first + _filled(" ".join(usage), width, rest, rest).lstrip()]
    parts += [_filled(each, width, INDENT, INDENT) for each in paragraphs if not each.startswith((EXAMPLES, *LAST))]
    parts += ["\n".join([f"{title}:", *_table(rows, width)]) for title, rows in sections.items() if rows]
    for each in paragraphs:
        if each.startswith((EXAMPLES, *LAST)):
            parts.append(each if each.startswith(EXAMPLES) else _filled(each, width))
    return "\n\n".join(parts)


class _Wrapper(textwrap.TextWrapper):
    """Divides a word that is longer than a line where the line ends."""

    def _handle_long_word(self, reversed_chunks: list[str], cur_line: list[str], cur_len: int, width: int) -> None:
        space = max(width - cur_len, 1)
        cur_line.append(reversed_chunks[-1][:space])
        reversed_chunks[-1] = reversed_chunks[-1][space:]


def _filled(text: str, width: int, first: str = "", rest: str = "") -> str:
    return _Wrapper(width, initial_indent=first, subsequent_indent=rest).fill(" ".join(text.split()))


def _table(rows: Sequence[tuple[str, str]], width: int) -> Iterator[str]:
    """Yield the lines of rows, with the sentence beside the name, or below one that is too long."""
    column = min(max(len(name) for name, _ in rows), MAX_NAME_WIDTH) + 2
    for name, sentence in rows:
        first, *others = _Wrapper(max(width - column - 2, 10), replace_whitespace=False).wrap(sentence) or [""]
        if len(name) + 2 <= column:
            yield f"{INDENT}{name:{column}}{first}".rstrip()
        else:
            yield INDENT + name
            others = [first, *others]
        yield from (f"{INDENT}{'':{column}}{each}" for each in others if each)


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
