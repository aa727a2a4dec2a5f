"""Members of a JSON text: the same values and places as of the whole text, whatever the size of the window."""

import json
from typing import Any

import pytest

from cfn_template import json_items
from cfn_template.json_items import members
from cfn_template.json_reader import parse_json
from cfn_template.located import DocumentError, plain

TEXT = '{\n "a": [{"x": 1},\n  {"y": "\u4e00\U0001f600"}, 12345, []],\n\t"é": {"z": [1, 2]}, "n": -12.5e3, "e": [] }\n'


def positions(value: Any) -> Any:
    """Return the places of all values that have one."""
    mark = getattr(value, "start_mark", None)
    if isinstance(value, dict):
        return mark, [(positions(key), positions(item)) for key, item in value.items()]
    return mark, [positions(each) for each in value] if isinstance(value, list) else None


@pytest.mark.parametrize("window", [1, 2, 7, 1 << 18])
def test_members_have_the_values_and_places_of_the_whole(window: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_items, "_CHUNK", window)
    whole = parse_json(TEXT)
    found = {member.path: member for member in members(TEXT.encode())}

    assert list(found) == [("a", 0), ("a", 1), ("a", 2), ("a", 3), ("é",), ("n",)]
    for path, member in found.items():
        expected = whole
        for step in path:
            expected = expected[step]
        assert member.value == plain(expected) == plain(member.slice.parse())
        assert positions(member.slice.parse()) == positions(expected)


@pytest.mark.parametrize("window", [1, 5, 1 << 18])
def test_values_one_after_the_other_are_a_list(window: int, monkeypatch: pytest.MonkeyPatch) -> None:
    text = '{"a": 1}\n{"a": [2]}\n\n{"a": 3}'
    values = [member.value for member in members(text.encode())]
    monkeypatch.setattr(json_items, "_CHUNK", window)
    assert values == [{"a": 1}, {"a": [2]}, {"a": 3}]
    assert [member.path for member in members(b"[1, 2]")] == [(0,), (1,)]
    assert [member.value for member in members(b' "text" ')] == ["text"]


@pytest.mark.parametrize("window", [1, 5, 1 << 18])
@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b'{"a": [1, 2}', 1),
        (b'{"a"\n 1}', 2),
        (b"{a: 1}", 1),
        (b'{"a": 1\n "b": 2}', 2),
        (b'{"a": 1} x', 1),
        (b'{"a":\n "\xff"}', 2),
        (b'{"a": ', 1),
        (b"[" * 5000, 1),
    ],
)
def test_what_is_no_json_is_an_error_with_its_line(
    data: bytes, line: int, window: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_items, "_CHUNK", window)
    with pytest.raises(DocumentError) as raised:
        list(members(data))
    assert raised.value.line == line


def test_a_slice_is_checked_like_any_document() -> None:
    (member,) = members(json.dumps({"a": "\ud800"}).encode())
    with pytest.raises(DocumentError):
        member.slice.parse()
