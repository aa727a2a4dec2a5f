"""Nested stacks whose template is a local file: parent and children as one template.

The resources of a child come under `Stack/Resource`, with the parent's values for its parameters and its outputs in the
parent. Files are read only beneath the folder of the linted template, or beneath the working directory around it.
"""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path as File
from typing import Any, Final

from cfn_template.documents import decode, parse
from cfn_template.language_extensions import TRANSFORM, expand
from cfn_template.located import DictNode, DocumentError, ListNode, placed_like
from cfn_template.mentions import mentioned
from cfn_template.parameters import is_list, is_secret, is_stored
from cfn_template.scenarios import shorten
from cfn_template.template import TemplateView
from cfn_template.values import NO_VALUE, SUB_VARIABLE, Path, Raw, function_of, scalar_text, values_beneath

LOCATIONS: Final = {"AWS::CloudFormation::Stack": "TemplateURL", "AWS::Serverless::Application": "Location"}
SEPARATOR: Final = "/"
MAXIMUM_BYTES: Final = 1_000_000  # of a template that CloudFormation accepts
MAXIMUM_DEPTH: Final = 5
MAXIMUM_STACKS: Final = 32  # all together
MAXIMUM_VALUES: Final = 200_000
SECTIONS: Final = ("Parameters", "Mappings", "Conditions", "Resources")
# A nested stack has a name of its own; everything else is as in the parent.
STACK_NAME: Final = "AWS::StackName"


@dataclass
class Composition:
    """A template of one file, and as one with its nested stacks."""

    label: str  # the file, as the parent has it
    original: Mapping[str, Raw]
    children: "dict[str, Composition]" = field(default_factory=dict)
    loops: list[str] = field(default_factory=list)  # the stacks whose template is this file, or one that leads to it

    def chains(self) -> "Iterator[tuple[str, ...]]":
        """Yield for each stack whose template leads back to itself the stacks on the way, as far as the last."""
        yield from ((stack,) for stack in self.loops)
        for stack, child in self.children.items():
            yield from ((stack, *chain) for chain in itertools.islice(child.chains(), 1))

    @cached_property
    def template(self) -> Mapping[str, Raw]:
        """The template with its nested stacks; the original itself if it has none."""
        try:
            return _composed(self) if self.children else self.original
        except (RecursionError, OverflowError):
            return self.original

    def inner(self, path: Path) -> tuple[str, Path]:
        """Return the stack that a path leads into, empty for none, and the path in that child."""
        stack, separator, name = str(path[1]).partition(SEPARATOR) if len(path) > 1 else ("", "", "")
        return (stack, (path[0], name, *path[2:])) if separator and stack in self.children else ("", path)

    def is_passed(self, path: Path) -> bool:
        """Tell whether a value passes from this template to a nested stack, or back."""
        if not self.children:
            return False
        place = self.place(path)
        if self.inner(path)[0]:
            return place[2:4] == ("Properties", "Parameters")
        raw, _ = _walk(self.original, place)
        return bool(function_of(raw)) and any(name in self.children for _, name in mentioned(raw))

    def place(self, path: Path) -> Path:
        """Return the place in the file itself of what has a path in `template`: in a child, what the parent passes."""
        stack, inside = self.inner(path)
        if stack:
            path = ("Resources", stack)
            raw, rest = _walk(self.children[stack].template, inside)
            passed = section(self.original, "Resources", stack, "Properties", "Parameters")
            names = [name for kind, name in mentioned(raw) if kind == "name" and name in passed]
            if names and (function_of(raw) or not isinstance(raw, dict | list)):
                path = (*path, "Properties", "Parameters", names[0], *rest)
        _, rest = _walk(self.original, path)
        return path[: len(path) - len(rest)]

    def word(self, path: Path, message: str, limit: int) -> str:
        """Return the message of a finding with a path in `template`, with the names that the files have."""
        inner = [str(path[1])] if self.inner(path)[0] else []
        names = "|".join(re.escape(stack + SEPARATOR) for stack in self.children)

        def bare(match: re.Match[str]) -> str:
            if not any(match[0] in section(self.template, part) for part in SECTIONS):
                return match[0]
            inner.append(match[0])
            return match[0].rpartition(SEPARATOR)[2]

        text = re.sub(rf"\b(?:{names})[A-Za-z0-9/]+", bare, message) if names else message
        where = f" ({self._file_of(inner[0])})" if inner else ""
        return shorten(text, limit - len(where)) + where

    def _file_of(self, name: str) -> str:
        """Return a resource of a nested stack and its file, such as `Role in roles.yaml`."""
        stack, _, inner = name.partition(SEPARATOR)
        child = self.children[stack]
        return child._file_of(inner) if SEPARATOR in inner else f"{inner} in {child.label}"  # noqa: SLF001 - its own class


def as_written(template: Raw, file: str | None) -> Raw:
    """Return the template of a file instead of the one that cfn-lint has made of it, which is one row of each mapping.

    That is so with AWS::LanguageExtensions only. A template of other resources is another text.
    """
    transform = template.get("Transform") if isinstance(template, dict) else None
    if not file or TRANSFORM not in str(transform) or not File(file).is_file():
        return template
    written = _decoded(File(file).read_bytes())
    return written if section(written, "Resources").keys() == section(template, "Resources").keys() else template


def compose(template: Raw, file: str | None, subject: str = "") -> Composition:
    """Return a template with the nested stacks whose templates are files around its own.

    `subject` is a pattern: where neither the template nor a child has it or children, the children are not decoded.
    """
    composition = Composition("", template if isinstance(template, dict) else {})
    if file and composition.original:
        path = File(file).absolute()
        here = File.cwd()
        within_here = path.resolve().is_relative_to(here) and here != File(here.anchor)
        reader = _Reader(here if within_here else path.parent.resolve(), subject)
        reader.add_children(composition, path, (path.resolve(),))
    return composition


def section(raw: Raw, *names: str) -> Mapping[str, Raw]:
    """Return a member of a member and so on, if it is a mapping; empty for any other value."""
    for name in names:
        raw = raw.get(name) if isinstance(raw, dict) else None
    return raw if isinstance(raw, dict) and function_of(raw) is None else {}


def _walk(raw: Raw, path: Path) -> tuple[Raw, Path]:
    """Follow a path as far as it leads; return the value there and the rest of the path."""
    for index, key in enumerate(path):
        is_item = isinstance(raw, list) and isinstance(key, int) and key < len(raw)
        if not is_item and not (isinstance(raw, dict) and key in raw):
            return raw, path[index:]
        raw = raw[key]
    return raw, ()


class _Reader:
    """Reads the templates beneath a folder."""

    def __init__(self, folder: File, subject: str) -> None:
        self._folder = folder
        self._subject = subject
        self._count = 0

    def add_children(self, parent: Composition, file: File, around: tuple[File, ...]) -> None:
        """Add the nested stacks of a template; `around` are the files that lead to it, itself included."""
        files: dict[str, tuple[str, File, bytes]] = {}
        for name, raw in section(parent.original, "Resources").items():
            kind = raw.get("Type") if isinstance(raw, dict) else None
            location = section(raw, "Properties").get(LOCATIONS.get(str(kind), ""))
            if not isinstance(location, str) or "://" in location or len(around) > MAXIMUM_DEPTH:
                continue
            path = file.parent / location
            if _resolved(path) in around:
                parent.loops.append(name)
                continue
            data = self._content(path)
            if data is not None:
                files[name] = location, path, data
        if len(around) == 1 and files and not self._is_relevant(parent, [data for _, _, data in files.values()]):
            return
        for name, (location, path, data) in files.items():
            template = _decoded(data)
            if isinstance(template, dict):
                parent.children[name] = Composition(location, template)
                self.add_children(parent.children[name], path, (*around, path.resolve()))

    def _is_relevant(self, parent: Composition, contents: list[bytes]) -> bool:
        pattern = "|".join([self._subject, *LOCATIONS])
        own = re.search(self._subject, str(parent.original), re.IGNORECASE)
        return bool(own) or any(re.search(pattern.encode(), data, re.IGNORECASE) for data in contents)

    def _content(self, path: File) -> bytes | None:
        try:
            real = path.resolve()
            is_readable = real.is_relative_to(self._folder) and self._count < MAXIMUM_STACKS
            # A file that does not exist is opened too: whoever notes what is read learns that it is missing.
            if not is_readable or (real.exists() and not real.is_file()):
                return None
            with path.open("rb") as opened:
                data = opened.read(MAXIMUM_BYTES + 1)
        except (OSError, ValueError, RuntimeError):
            return None
        self._count += 1
        return data if len(data) <= MAXIMUM_BYTES else None


def _resolved(path: File) -> File | None:
    try:
        return path.resolve()
    except (OSError, ValueError, RuntimeError):
        return None


def _decoded(data: bytes) -> Raw:
    try:
        template = parse(decode(data))
    except (DocumentError, RecursionError):
        return None  # whoever lints that file says what is wrong
    if not isinstance(template, dict):
        return None
    return _with_globals(expand(template, TemplateView(template).deployment({}).evaluator.evaluate))


def _with_globals(template: Mapping[str, Raw]) -> Mapping[str, Raw]:
    """Return a template with SAM's Globals in its functions, as cfn-lint has it for the linted file."""
    common = section(template, "Globals", "Function")
    resources = section(template, "Resources")
    functions = {
        name: {**raw, "Properties": _merged(common, section(raw, "Properties"))}
        for name, raw in resources.items()
        if isinstance(raw, dict) and raw.get("Type") == "AWS::Serverless::Function"
    }
    return {**template, "Resources": {**resources, **functions}} if common else template


def _merged(common: Raw, own: Raw) -> Raw:
    if not isinstance(common, dict) or not isinstance(own, dict) or function_of(own):
        return own
    return {**common, **{key: _merged(common.get(key), value) for key, value in own.items()}}


@dataclass
class _Binding:
    """Copies values of a template: `values` replace Ref of a name and GetAtt of a.b, and `names` get a prefix."""

    values: Mapping[str, Raw]
    names: frozenset[str] = frozenset()
    prefix: str = ""

    def named(self, name: Raw) -> Raw:
        """Return the name of a resource, attribute, condition or mapping in the whole."""
        return self.prefix + name if isinstance(name, str) and name.partition(".")[0] in self.names else name

    def value(self, raw: Raw) -> Any:  # noqa: ANN401 - any JSON value
        """Return a value as it is in the whole."""
        if isinstance(raw, list):
            return placed_like(raw, ListNode(map(self.value, raw)))
        if not isinstance(raw, dict):
            return raw
        function, argument = function_of(raw) or ("", None)
        name = ".".join(map(str, argument)) if isinstance(argument, list) else argument
        if function in ("Ref", "Fn::GetAtt") and isinstance(name, str) and name in self.values:
            return self.values[name]
        return placed_like(raw, DictNode((key, self._argument(str(key), value)) for key, value in raw.items()))

    def _argument(self, key: str, argument: Raw) -> Raw:
        """Return a member; those of functions name resources, conditions and mappings."""
        if key == "Fn::Sub":
            return self._sub(argument)
        if key in ("Ref", "Condition", "Fn::GetAtt") and isinstance(argument, str):
            return self.named(argument)
        value = self.value(argument)
        if key in ("Fn::GetAtt", "Fn::If", "Fn::FindInMap") and isinstance(value, list) and value:
            value[0] = self.named(value[0])
        return value

    def _sub(self, argument: Raw) -> Raw:
        text, variables = argument, {}
        if isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], dict):  # noqa: PLR2004
            text, variables = argument[0], self.value(argument[1])
        if not isinstance(text, str):
            return self.value(argument)
        parts = SUB_VARIABLE.split(text)
        for index in range(1, len(parts), 2):
            name = parts[index].strip()
            if name not in variables and name in self.values:
                variables = {**variables, name: self.values[name]}
            parts[index] = f"${{{name if name in variables else self.named(name)}}}"
        return ["".join(parts), variables] if variables else "".join(parts)


def _bounded(raw: Raw) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value. Raises OverflowError if it is too large: what is passed on several times multiplies."""
    if any(count >= MAXIMUM_VALUES for count, _ in enumerate(values_beneath(raw))):
        raise OverflowError
    return raw


def _composed(parent: Composition) -> Mapping[str, Raw]:
    sections = {name: dict(section(parent.original, name)) for name in (*SECTIONS, "Outputs")}
    whole: dict[str, Any] = {**parent.original, **sections}
    outputs: dict[str, Raw] = {}
    for stack, child in parent.children.items():
        outputs |= _add(whole, stack, child.template)
    _bounded(outputs)
    binding = _Binding(outputs)
    # What a stack passes may be another's output, and so on.
    for _ in range(min(len(parent.children), MAXIMUM_DEPTH)):
        binding = _Binding(_bounded({name: binding.value(raw) for name, raw in outputs.items()}))
    _bounded(whole)
    for name in ("Resources", "Outputs"):
        whole[name] = binding.value(section(whole, name))
    for name, raw in section(parent.original, "Resources").items():
        # What uses an output waits for the whole stack.
        used = {stack for _, stack in mentioned(raw) if stack in parent.children}
        if used and isinstance(raw, dict):
            resource = whole["Resources"][name]
            whole["Resources"][name] = {**resource, "DependsOn": [*_listed(resource.get("DependsOn")), *sorted(used)]}
    return _bounded(whole)  # type: ignore[no-any-return]


def _add(whole: dict[str, Any], stack: str, child: Mapping[str, Raw]) -> dict[str, Raw]:
    """Add the resources of a nested stack; return its outputs by what the parent writes for them."""
    resource = whole["Resources"][stack]
    prefix = stack + SEPARATOR
    names = frozenset(str(name) for part in SECTIONS for name in section(child, part))
    binding = _Binding(dict(_values(whole, stack, child)), names, prefix)
    for part in ("Mappings", "Conditions"):
        whole[part] |= {prefix + name: binding.value(raw) for name, raw in section(child, part).items()}
    before = [name for kind, name in mentioned(resource) if kind == "name"] + _listed(resource.get("DependsOn"))
    resources = section(child, "Resources")
    for name, raw in resources.items():
        if not isinstance(name, str) or not isinstance(raw, dict):
            continue
        depends = [*before, *map(binding.named, _listed(raw.get("DependsOn")))]
        condition = _both(whole["Conditions"], resource.get("Condition"), binding.named(raw.get("Condition")))
        added = {key: binding.value(member) for key, member in raw.items() if key not in ("DependsOn", "Condition")}
        whole["Resources"][prefix + name] = {**added, "DependsOn": depends, **condition}
    depends = [*_listed(resource.get("DependsOn")), *(f"{prefix}{name}" for name in resources)]
    whole["Resources"][stack] = {**resource, "DependsOn": depends}
    outputs = section(child, "Outputs")
    exported = {name: raw for name, raw in outputs.items() if isinstance(raw, dict) and "Export" in raw}
    whole["Outputs"] |= {prefix + name: binding.value(raw) for name, raw in exported.items()}
    values = {name: raw["Value"] for name, raw in outputs.items() if isinstance(raw, dict) and "Value" in raw}
    return {f"{stack}.Outputs.{name}": _text(binding.value(raw)) for name, raw in values.items()}


def _listed(raw: Raw) -> list[Raw]:
    return list(raw) if isinstance(raw, list) else [raw] if raw else []


def _both(conditions: dict[str, Raw], outer: Raw, inner: Raw) -> dict[str, Raw]:
    """Return the condition of a resource whose stack has one too."""
    if not isinstance(outer, str) or not isinstance(inner, str):
        return {"Condition": outer or inner} if outer or inner else {}
    name = f"{outer} and {inner}"
    conditions[name] = {"Fn::And": [{"Condition": outer}, {"Condition": inner}]}
    return {"Condition": name}


def _values(whole: dict[str, Any], stack: str, child: Mapping[str, Raw]) -> Iterator[tuple[str, Raw]]:
    """Yield what Ref of each parameter of a nested stack gives; an unknown one becomes a parameter of the whole."""
    yield STACK_NAME, {"Ref": stack + SEPARATOR + STACK_NAME}
    yield "AWS::StackId", {"Ref": stack}
    properties = whole["Resources"][stack].get("Properties")
    passed = section(properties, "Parameters")
    # Parameters may itself be a function.
    is_known = isinstance(properties, dict) and properties.get("Parameters", passed) == passed
    for name, declared in section(child, "Parameters").items():
        default = scalar_text(declared.get("Default")) if isinstance(declared, dict) else None
        value = _passed(passed[name], default) if name in passed else default
        if value is not None and is_known and not is_stored(declared) and not is_secret(declared):
            yield name, {"Fn::Split": [",", value]} if is_list(declared) else value
        else:
            known = declared if isinstance(declared, dict) else {}
            whole["Parameters"][f"{stack}{SEPARATOR}{name}"] = {k: v for k, v in known.items() if k != "Default"}
            yield name, {"Ref": f"{stack}{SEPARATOR}{name}"}


def _passed(raw: Raw, default: Raw) -> Raw:
    """Return a value that a parent passes; AWS::NoValue leaves the parameter out."""
    name, argument = function_of(raw) or ("", None)
    if name == "Ref" and argument == NO_VALUE:
        return default
    if name == "Fn::If" and isinstance(argument, list) and len(argument) == 3:  # noqa: PLR2004
        branches = [_passed(branch, default) for branch in argument[1:]]
        return None if None in branches else {name: [argument[0], *branches]}
    return _text(scalar_text(raw) if scalar_text(raw) is not None and not isinstance(raw, str) else raw)


def _text(raw: Raw) -> Raw:
    """Return a value that crosses a stack: always a text, so that no rule takes it for a Ref that cfn-lint sees."""
    name, argument = function_of(raw) or ("", None)
    return {"Fn::Sub": f"${{{argument}}}"} if name == "Ref" and isinstance(argument, str) else raw
