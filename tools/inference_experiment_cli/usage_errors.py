"""Wrong usage as one line: what is wrong, with the option and the value as they were typed, and what is allowed.

Typer and Click each have their own sentences, which differ between their versions; a kind of mistake has one of ours.
"""

# Contexts, commands and parameters are Typer's or Click's, by Typer's version.
# ruff: noqa: ANN401

from collections.abc import Sequence
from typing import Any, Final

from inference_experiment_cli.errors import alternatives, nearest
from inference_experiment_cli.help_page import choices_of, label_of

_FILES: Final = {"-f", "--file", "-t", "--template"}
"""Options with a file that some commands have; the others take it as an argument."""
_ENTERED: Final = "inference_experiment_cli.entered"


def remember(ctx: Any, arguments: list[str]) -> None:
    """Keep the arguments of a command, so that a message can have the value that is wrong."""
    ctx.meta[_ENTERED] = list(arguments)


def usage_text(error: Any) -> str:
    """Return the line about an error that Typer or Click raised."""
    context = getattr(error, "ctx", None)
    writer = _WRITERS.get(type(error).__name__)
    text = writer(error, context) if writer and context else error.format_message().rstrip(".")
    return f"{text} (see {context.command_path} --help)" if context else str(text)


def did_you_mean(name: str, names: Sequence[str]) -> str:
    """Return a question after the name that was meant; empty where none is near."""
    near = nearest(name, names)
    return f"; did you mean {near}?" if near else ""


def _unknown_option(error: Any, context: Any) -> str:
    parameters = context.command.get_params(context)
    name = str(error.option_name)
    if name in _FILES and any(_is_file(each) for each in parameters):
        return f"{name}: no such option; write FILE without an option"
    names = [each for parameter in parameters for each in (*parameter.opts, *parameter.secondary_opts)]
    return f"{name}: no such option" + did_you_mean(name, [each for each in names if each.startswith("--")])


def _is_file(parameter: Any) -> bool:
    return parameter.param_type_name == "argument" and label_of(parameter).startswith("FILE")


def _wrong_value(error: Any, context: Any) -> str:
    parameter = error.param
    if parameter is None:
        return str(error.format_message())
    value = _entered(context, parameter)
    return f"{_named(parameter)} {value}".rstrip() + f": {_allowed(parameter, value) or _cleaned(error.message)}"


def _missing(error: Any, _context: Any) -> str:
    choices = choices_of(error.param)
    name = _named(error.param)
    kind = "argument" if error.param.param_type_name == "argument" else "option"
    return f"missing {kind} {name}" + (f"; choose {alternatives(choices)}" if choices else "")


def _bad_option(error: Any, context: Any) -> str:
    options = context.command.get_params(context)
    option = next((each for each in options if error.option_name in (*each.opts, *each.secondary_opts)), None)
    if option is None or option.is_flag:
        return f"{error.option_name}: takes no value"
    choices = choices_of(option)
    return f"{error.option_name}: needs a value" + (
        f"; choose {alternatives(choices)}" if choices else f": {label_of(option)}"
    )


def _other(error: Any, context: Any) -> str:
    """Return the text about a command that does not exist or is missing, or about one argument too many."""
    message = str(error.message)
    commands = list(getattr(context.command, "commands", ()))
    if commands and "'" in message:
        name = message.split("'")[1]
        return f"{name}: no such command" + did_you_mean(name, commands)
    if "unexpected extra argument" in message:
        extra = message[message.rfind("(") + 1 : message.rfind(")")]
        return f"unexpected argument: {extra}"
    return message.rstrip(".")


_WRITERS: Final = {
    "NoSuchOption": _unknown_option,
    "BadParameter": _wrong_value,
    "MissingParameter": _missing,
    "BadOptionUsage": _bad_option,
    "UsageError": _other,
    "NoSuchCommand": _other,
}


def _named(parameter: Any) -> str:
    is_option = parameter.param_type_name == "option"
    return max(parameter.opts, key=len) if is_option else label_of(parameter).removesuffix("...")


def _entered(context: Any, parameter: Any) -> str:
    """Return the value of a parameter as it was typed; all of them where it has several."""
    values, _, _ = context.command.make_parser(context).parse_args(list(context.meta.get(_ENTERED, ())))
    value = values.get(parameter.name)
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else "" if value is None else str(value)


def _allowed(parameter: Any, value: str) -> str:
    """Return what a value has to be: one of its choices, a number in a range; empty where its type does not say."""
    choices = choices_of(parameter)
    if choices:
        return f"choose {alternatives(choices)}" + did_you_mean(value, choices)
    kind = str(getattr(getattr(parameter, "type_descriptor", None), "annotation", "") or parameter.type.name)
    if "int" not in kind and "float" not in kind:
        return ""
    own = parameter if hasattr(parameter, "min") else parameter.type
    limits = (("at least", getattr(own, "min", None)), ("at most", getattr(own, "max", None)))
    within = " and ".join(f"{words} {limit:g}" for words, limit in limits if limit is not None)
    return f"must be {'a whole number' if 'int' in kind else 'a number'}" + (f", {within}" if within else "")


def _cleaned(message: str) -> str:
    return message.replace("Value error, ", "").rstrip(".")
