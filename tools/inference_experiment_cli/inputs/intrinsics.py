"""What a template's functions come to, as far as the template and given parameters tell.

What cannot be told becomes a Hole: a text that nobody takes for a value, so that no finding is made of it.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from inference_experiment_cli.inputs.documents import Keys

PARTITION: Final = {"AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"}
_ABSENT: Final = object()
_VARIABLE: Final = re.compile(r"\$\{(!?)([^}]*)\}")


class Hole(str):
    """What a value that is known at deployment only looks like in the template, for example !GetAtt Role.Arn."""

    __slots__ = ()


def _written(name: str, argument: object) -> Hole:
    short = name.removeprefix("Fn::")
    if short == "GetAtt" and isinstance(argument, list):
        return Hole(f"!GetAtt {'.'.join(map(str, argument))}")
    return Hole(f"!{short} {argument if isinstance(argument, str) else json.dumps(argument, default=str)}")


@dataclass
class Resolver:
    """Resolves values of one template; `holes` collects what stays unknown, by place."""

    template: Mapping[str, Any]
    given: Mapping[str, str]
    holes: dict[Keys, Hole] = field(default_factory=dict)

    def resolve(self, value: Any, keys: Keys) -> Any:  # noqa: ANN401 - any JSON value
        """Return a value without functions; members that come to AWS::NoValue are left out."""
        resolved = self._value(value, keys)
        return None if resolved is _ABSENT else resolved

    def _value(self, value: Any, keys: Keys) -> Any:  # noqa: ANN401
        if isinstance(value, list):
            items = (self._value(item, (*keys, index)) for index, item in enumerate(value))
            return [item for item in items if item is not _ABSENT]
        if not isinstance(value, Mapping):
            return value
        name = next(iter(value), "")
        if len(value) == 1 and (name == "Ref" or name.startswith("Fn::")):
            return self._call(name, value[name], keys)
        members = {key: self._value(item, (*keys, key)) for key, item in value.items()}
        return {key: item for key, item in members.items() if item is not _ABSENT}

    def _call(self, name: str, argument: Any, keys: Keys) -> Any:  # noqa: ANN401
        methods = {
            "Ref": self._ref,
            "Fn::Sub": self._sub,
            "Fn::If": self._if,
            "Fn::Join": self._join,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::FindInMap": self._find_in_map,
        }
        try:
            answer = methods[name](argument, keys)
        except (KeyError, TypeError, ValueError, IndexError):
            answer = None  # a function that we do not know, or that is not written as CloudFormation wants it
        if answer is None:
            answer = _written(name, argument)
        if isinstance(answer, Hole):
            self.holes[keys] = answer
        return answer

    def _inner(self, value: Any) -> Any:  # noqa: ANN401
        """Return an argument resolved; its holes are not places of the resource."""
        inner = Resolver(self.template, self.given)
        resolved = inner.resolve(value, ())
        return _written("", value) if inner.holes else resolved

    def _ref(self, name: str, _: Keys) -> Any:  # noqa: ANN401
        if name == "AWS::NoValue":
            return _ABSENT
        if name in self.given:
            text: Any = self.given[name]
        elif name in PARTITION:
            return PARTITION[name]
        else:
            text = self.template["Parameters"][name]["Default"]
        kind = str((self.template.get("Parameters") or {}).get(name, {}).get("Type", "String"))
        if kind.startswith("AWS::SSM"):
            return None
        lists = kind == "CommaDelimitedList" or kind.startswith("List<")
        return str(text).split(",") if lists else text

    def _sub(self, argument: Any, _: Keys) -> str:  # noqa: ANN401
        text, extra = argument if isinstance(argument, list) else (argument, {})
        unknown = False

        def fill(match: re.Match[str]) -> str:
            nonlocal unknown
            if match[1]:
                return "${" + match[2] + "}"
            name = match[2].strip()
            value = self._inner(extra.get(name, {"Ref": name}))
            unknown = unknown or isinstance(value, Hole)
            return match[0] if isinstance(value, Hole) else str(value)

        filled = _VARIABLE.sub(fill, text)
        return _written("Sub", filled) if unknown else filled

    def _if(self, argument: Any, keys: Keys) -> Any:  # noqa: ANN401
        condition, positive, negative = argument
        truth = self._truth({"Condition": condition})
        return None if truth is None else self._value(positive if truth else negative, keys)

    def _truth(self, condition: Any) -> bool | None:  # noqa: ANN401
        """Return what a condition comes to; None where it depends on something unknown."""
        name, argument = next(iter(condition.items()))
        if name == "Condition":
            return self._truth(self.template["Conditions"][argument])
        if name == "Fn::Equals":
            left, right = (self._inner(item) for item in argument)
            return None if isinstance(left, Hole) or isinstance(right, Hole) else str(left) == str(right)
        truths = [self._truth(item) for item in argument]
        if name == "Fn::Not":
            return None if truths[0] is None else not truths[0]
        decisive: bool = name == "Fn::Or"  # one true decides an Or, one false an And
        if decisive in truths:
            return decisive
        return None if None in truths else not decisive

    def _join(self, argument: Any, _: Keys) -> str | None:  # noqa: ANN401
        separator, parts = argument[0], self._inner(argument[1])
        return None if isinstance(parts, Hole) else str(separator).join(map(str, parts))

    def _select(self, argument: Any, _: Keys) -> Any:  # noqa: ANN401
        index, items = (self._inner(item) for item in argument)
        return None if isinstance(index, Hole) or isinstance(items, Hole) else items[int(index)]

    def _split(self, argument: Any, _: Keys) -> list[str] | None:  # noqa: ANN401
        text = self._inner(argument[1])
        return None if isinstance(text, Hole) else text.split(argument[0])

    def _find_in_map(self, argument: Any, _: Keys) -> Any:  # noqa: ANN401
        keys = [self._inner(item) for item in argument[:3]]
        if any(isinstance(key, Hole) for key in keys):
            return None
        return self.template["Mappings"][keys[0]][keys[1]][keys[2]]
