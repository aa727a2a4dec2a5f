"""No message shows a Python value as Python writes it, whatever value a property has.

The same is asserted of every run of the command line in tests/tools, and of every finding in tests/rules.
"""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from experiment_properties import properties
from no_repr import assert_no_repr

from inference_experiment import properties as property_rules

ODD: list[Any] = [None, True, [], {}, [None], {"a": None}, [{"a": 1}], "", -1, 1.5, "x" * 200]
FULL = properties(
    Schedule={"StartTime": "2030-01-31T08:00:00Z", "EndTime": "2030-02-01T08:00:00Z"},
    DataStorageConfig={"Destination": "s3://bucket", "ContentType": {"CsvContentTypes": ["text/csv"]}},
    ModelVariantActions={"shadow": "Remove"},
    PromotionCriteria={"MaxErrorRate": "1%"},
    Description="text",
    DesiredState="Running",
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from places(item, (*path, key))


def replaced(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    changed: Any = copy.deepcopy(FULL)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return dict(changed)


@pytest.mark.parametrize("path", list(places(FULL)), ids=lambda path: "/".join(map(str, path)))
def test_messages_about_a_property(path: tuple[Any, ...]) -> None:
    findings = [finding for value in ODD for finding in property_rules.validate(replaced(path, value))[1]]
    assert_no_repr("\n".join(map(str, findings)))
    assert findings or path[0] in ("ServiceToken", "Tags", "Description", "DataStorageConfig")
