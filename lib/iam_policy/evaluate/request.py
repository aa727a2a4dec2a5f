"""A request as IAM evaluates it: principal, action, resource, and the known context."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import TypeAlias

from iam_policy.match.symbols import Text
from iam_policy.service_data import actions


class Given(Enum):
    """A context key without a known value: it is certainly absent, or unknown."""

    ABSENT = "absent"
    UNKNOWN = "unknown"


# A single-valued key is a text, a multi-valued one (aws:TagKeys) a tuple; an empty tuple is a missing key.
Value: TypeAlias = Text | tuple[Text, ...] | Given


@dataclass(frozen=True)
class Request:
    """One action on one resource (`*` where the action works on none).

    A context key without a value is absent if `complete` or if the action cannot have it, else unknown.
    `aws:RequestTag/*` stands for all other keys with that prefix.
    `principal` is (type, value), such as ("Service", "ec2.amazonaws.com"); only trust policies use it.
    """

    action: str
    resource: Text = "*"
    context: Mapping[str, Value] = field(default_factory=dict, hash=False)
    complete: bool = False
    principal: tuple[str, Text] | None = None

    @cached_property
    def name(self) -> str:
        """The action in lower case."""
        return self.action.lower()

    @cached_property
    def _values(self) -> dict[str, Value]:
        """The values by key in lower case; tags may differ only in case, and which one counts is undocumented."""
        values: dict[str, Value] = {}
        for key, value in self.context.items():
            values[key.lower()] = value if values.get(key.lower(), value) == value else Given.UNKNOWN
        return values

    def value_of(self, key: str) -> Value:
        """Return the known value of a context key (lower case)."""
        value = self._values.get(key)
        if value is None and "/" in key:
            value = self._values.get(key.partition("/")[0] + "/*")
        if value is not None:
            return Given.ABSENT if value == () else value
        if self.complete or not actions.can_carry(self.name, key):
            return Given.ABSENT
        return Given.UNKNOWN
