"""The one reader: every syntax, encoding and fault gives a located value or an error with code, line and column."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cfn_template.documents import MAXIMUM_BYTES, decode, parse, parse_document, syntax_tree
from cfn_template.json_reader import parse_json
from cfn_template.located import DictNode, DocumentError, StringNode, mark_of
from cfn_template.yaml_reader import MAXIMUM_VALUES, parse_yaml

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
ODD = (
    "\ufeffa: b\r\nc: [1, {d: e}]\r\n",
    "a: &x {b: 1}\nc:\n  <<: *x\n  d: |\n    e\n     f\n  g: >-\n    h\n",
    "a:\nb: !Ref\nc: !GetAtt d.e\n? f\n: - g\n  - !If [h, 'i: j', \"k\\n\"]\n",
    "é: 😀\nü: 1_000\nn: ~\nd: 2026-11-30\no: 0o17\ny: yes\nt: !!str 1\n",
)
BOMB = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 8)}]" for n in range(1, 10)]
)


@pytest.mark.parametrize(
    ("source", "code", "message", "place"),
    [
        ('{"a": 1,}', "invalid-json", "remove the comma", (1, 9)),
        ('{"a": [1,]}', "invalid-json", "remove the comma", (1, 10)),
        ('{"a" 1}', "invalid-json", 'expected ":"', (1, 6)),
        ('{"a": 1\n "b": 2}', "invalid-json", 'expected ","', (2, 2)),
        ('{"a": tru}', "invalid-json", "expecting value", (1, 7)),
        ('{"a": NaN}', "invalid-json", "expected a value", (1, 7)),
        ('{"a', "invalid-json", "unterminated string", (1, 2)),
        ('{"a": ' + "9" * 5000 + "}", "invalid-json", "too many digits", (1, 7)),
        ('{"a": "\\ud800"}', "encoding", r"\\ud800 is not a character", (1, 7)),
        ("{} {}", "invalid-json", "text after the end", (1, 4)),
        ("", "invalid-json", "ends too early", (1, 1)),
        ("[" * 200, "too-deep", "levels deep", (1, 102)),
    ],
)
def test_faults_of_json_have_a_code_and_a_place(source: str, code: str, message: str, place: tuple[int, int]) -> None:
    with pytest.raises(DocumentError, match=message) as caught:
        parse_json(source)

    assert (caught.value.code, (caught.value.line, caught.value.column)) == (code, place)


@pytest.mark.parametrize(
    ("source", "code", "message", "place"),
    [
        ("a: [", "invalid-yaml", "expected the node content", (1, 5)),
        ("a: b\n\tc: d", "invalid-yaml", "cannot start any token", (2, 1)),
        ("a: *b", "invalid-yaml", "undefined alias", (1, 4)),
        ("a\n---\nb", "invalid-yaml", "another document", (2, 1)),
        ("a:\n  b: \x00", "invalid-yaml", "#x0000 is not allowed", (2, 6)),
        ("a: 1\n? [x]\n: 2", "invalid-yaml", "a key has to be a text", (2, 3)),
        ("a:\n  <<: 3", "invalid-yaml", "<< takes a mapping", (2, 7)),
        ("<<: !Sub x", "invalid-yaml", "<< takes a mapping", (1, 5)),
        ('a: "\\ud800"', "encoding", "not a character", (1, 4)),
        ("", "empty", "is empty", (1, 1)),
        ("# nothing\n", "empty", "is empty", (1, 1)),
        ("a: &a\n  - *a", "recursive-alias", "recursive alias", (1, 4)),
        (BOMB, "too-large", f"{MAXIMUM_VALUES:,} values", (1, 25)),
        ("a: " + "[" * 3000, "too-deep", "levels deep", (1, 103)),
    ],
)
def test_faults_of_yaml_have_a_code_and_a_place(source: str, code: str, message: str, place: tuple[int, int]) -> None:
    with pytest.raises(DocumentError, match=message) as caught:
        parse_yaml(source)

    assert (caught.value.code, (caught.value.line, caught.value.column)) == (code, place)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ('{"a": [1, {"b": null}]}', {"a": [1, {"b": None}]}),
        ('\t{\t"a":\t1}\n', {"a": 1}),
        ("{a: 1, b: [c]}", {"a": 1, "b": ["c"]}),
        ('{"a": 1,}', {"a": 1}),  # as YAML reads it, and cfn-lint with it
        ("a: 2030-01-31\nb: 2030-01-31T08:00:00Z", {"a": "2030-01-31", "b": "2030-01-31T08:00:00Z"}),
        ("a: 010\nb: yes\nc: ~\nd: 1.5\ne: '1'", {"a": 8, "b": True, "c": None, "d": 1.5, "e": "1"}),
        ("1: a\ntrue: b", {"1": "a", "true": "b"}),
        ("a: !!int x\nb: !!bool maybe\nc: !!str 1", {"a": "x", "b": "maybe", "c": "1"}),
        (
            "a: !Sub '${b}'\nc: !Ref d\ne: !Condition f",
            {"a": {"Fn::Sub": "${b}"}, "c": {"Ref": "d"}, "e": {"Condition": "f"}},
        ),
        ("a: !GetAtt b.c.d\ne: !GetAtt [f, g]", {"a": {"Fn::GetAtt": ["b", "c.d"]}, "e": {"Fn::GetAtt": ["f", "g"]}}),
        ("a: !Select [0, !GetAZs '']", {"a": {"Fn::Select": [0, {"Fn::GetAZs": ""}]}}),
        ("x: &x {a: 1, b: 2}\ny:\n  <<: *x\n  b: 3", {"x": {"a": 1, "b": 2}, "y": {"a": 1, "b": 3}}),
        ("x: &x {a: 1}\ny: {b: 3, <<: [*x, {a: 2, c: 4}]}", {"x": {"a": 1}, "y": {"a": 1, "b": 3, "c": 4}}),
        (
            "x: &x {a: 1}\ny: &y {<<: *x, b: 2}\nz: {<<: *y}",
            {"x": {"a": 1}, "y": {"a": 1, "b": 2}, "z": {"a": 1, "b": 2}},
        ),
        ("'<<': {a: 1}", {"<<": {"a": 1}}),
        ("plain", "plain"),
    ],
)
def test_each_syntax_is_read(source: str, value: Any) -> None:
    assert parse(source) == value


@pytest.mark.parametrize("source", ["a: 1\nb: 2\na: 3", '{"a": 1,\n"b": 2,\n"a": 3}'])
def test_a_repeated_key_is_an_error_of_a_template_and_a_fact_of_a_value(source: str) -> None:
    value = parse(source)
    assert (value, value.duplicates) == ({"a": 3, "b": 2}, ("a",))

    with pytest.raises(DocumentError, match=r"^a: duplicate key$") as caught:
        parse_document(source, "t")
    assert (caught.value.code, caught.value.line) == ("duplicate-key", 3)


def test_a_repeated_key_is_found_where_it_is() -> None:
    with pytest.raises(DocumentError, match=r"^a/1/b: duplicate key$"):
        parse_document("a:\n  - {b: 1}\n  - {b: 1, b: 2}", "t")


def test_a_merged_key_that_an_own_key_overrides_is_not_repeated() -> None:
    document = parse_document("x: &x {a: 1}\ny:\n  a: 2\n  <<: *x", "t")
    assert document.value["y"] == {"a": 2}


SOURCES = ('{"a": [1,\n  "b"], "c":\n {"d": null}}', "a: [1,\n  'b']\nc:\n  d: null\n", "a: [1,\n b]\nc: {\n  d: null}")


@pytest.mark.parametrize("source", SOURCES)
def test_lines_are_those_of_keys_and_items(source: str) -> None:
    document = parse_document(source, "t")

    lines = {path: document.line(path) for path in [(), ("a",), ("a", 0), ("a", 1), ("c",), ("c", "d")]}

    assert list(lines.values())[:4] == [1, 1, 1, 2]
    assert lines["c",] in (2, 3)
    assert lines["c", "d"] == source[: source.index("d")].count("\n") + 1
    assert document.line(("c", "nothing", 0)) == lines["c",]
    assert document.line(("a", 9)) == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_encodings_are_recognized(encoding: str) -> None:
    assert parse(decode('{"ä": "€"}'.encode(encoding))) == {"ä": "€"}


@pytest.mark.parametrize(
    ("data", "code", "message"),
    [
        (b"a: \xff", "encoding", "is not UTF-8 text"),
        ('{"a": 1}'.encode("utf-16")[:-1], "encoding", "is not UTF-16 text"),
        (b" " * (MAXIMUM_BYTES + 1), "too-large", "64 MiB"),
    ],
)
def test_bytes_that_are_not_text_are_refused(data: bytes, code: str, message: str) -> None:
    with pytest.raises(DocumentError, match=message) as caught:
        decode(data)

    assert caught.value.code == code


def test_line_ends_are_kept() -> None:
    assert decode(b"a: 1\r\nb: 2") == "a: 1\r\nb: 2"


def test_the_syntax_tree_of_json_with_tabs_has_the_offsets_of_the_text() -> None:
    text = '{\n\t"a":\t"b"}'
    ((key, value),) = syntax_tree(text).value

    assert isinstance(value, yaml.ScalarNode)
    assert [text[node.start_mark.index : node.end_mark.index] for node in (key, value)] == ['"a"', '"b"']


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(JSON, st.sampled_from([None, 1]))
def test_json_is_read_as_the_standard_library_reads_it(value: Any, indent: int | None) -> None:
    assert parse_json(json.dumps(value, indent=indent)) == value


@given(JSON)
def test_yaml_is_read_as_pyyaml_writes_it(value: Any) -> None:
    text = yaml.safe_dump({"value": value})

    read = parse_yaml(text)

    assert json.dumps(read["value"], sort_keys=True) == json.dumps(value, sort_keys=True)


def places(value: Any) -> Any:
    """Return a located value with its type and its places, to be compared."""
    at = [str(getattr(value, name, "")) for name in ("start_mark", "marks", "duplicates")]
    if isinstance(value, dict):
        return ["mapping", at, [(places(key), places(item)) for key, item in value.items()]]
    if isinstance(value, list):
        return ["list", at, list(map(places, value))]
    return [type(value).__name__, at, value]


@pytest.mark.parametrize("source", [*ODD, *sorted(EXAMPLES.rglob("*.yaml"))])
def test_libyaml_and_pyyaml_read_the_same_values_at_the_same_places(
    source: str | Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = source.read_text(encoding="utf-8") if isinstance(source, Path) else source
    by_libyaml = places(parse_yaml(text))
    monkeypatch.setattr(yaml, "__with_libyaml__", False)

    assert places(parse_yaml(text)) == by_libyaml


@given(JSON)
def test_every_value_of_a_container_has_a_place(value: Any) -> None:
    text = json.dumps([value], indent=1)
    stack = [(parse_json(text), ())]
    while stack:
        node, path = stack.pop()
        line, column = mark_of(parse_json(text), path)
        assert line < len(text.splitlines())
        assert column <= len(text)
        if isinstance(node, DictNode):
            assert all(isinstance(key, StringNode) for key in node)
        inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        stack += [(item, (*path, key)) for key, item in inner]


def outcome(read: Callable[[Any], object], source: object) -> DocumentError | None:
    """Return the error of reading, if there is one."""
    try:
        read(source)
    except DocumentError as error:
        return error
    return None


@given(st.text() | st.text(alphabet='{}[]:,"\n\t -&*!<?|>a1', max_size=40))
def test_whatever_a_text_is_it_has_a_value_or_a_located_error(text: str) -> None:
    error = outcome(parse, text)

    assert error is None or (error.code and error.message and 1 <= error.line <= len(text) + 3)


@given(st.binary(max_size=40))
def test_whatever_bytes_are_they_are_text_or_an_error(data: bytes) -> None:
    error = outcome(decode, data)

    assert error is None or error.code == "encoding"
