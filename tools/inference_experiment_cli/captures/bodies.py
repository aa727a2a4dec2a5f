"""The body of a captured request or answer: its text or array, its records, and the prediction of each record.

A body says little about itself: BASE64 may hide text, JSON, CSV or an array, a JSON array may be the scores of one
record or the predictions of several. What the bytes are decides, not the declared type; where an array could be both,
the number of records in the request does.
"""

import base64
import binascii
import csv
import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from inference_experiment_cli.captures import npy

NUMBER: Final = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?")
BOOLEANS: Final = {"true": 1.0, "false": 0.0}
NOT_FINITE: Final = {"nan", "inf", "-inf", "infinity", "-infinity"}
# Members that hold one element per record, in answers and in requests.
RECORD_MEMBERS: Final = (
    *("predictions", "outputs", "results", "choices", "instances", "inputs", "dataframe_records", "data"),
)
# Members of a record, the more specific name first.
LABEL_MEMBERS: Final = (
    *("predicted_label", "predicted_class", "prediction", "closest_cluster", "class_name", "class", "label"),
    *("labels", "category", "target", "generated_text", "summary_text", "translation_text", "completion"),
    *("answer", "message", "content", "text", "output", "outputs", "result", "value"),
)
SCORES_MEMBERS: Final = ("probabilities", "scores", "probability", "score", "confidence", "prob")
ITEM_MEMBERS: Final = ("items", "ranking", "recommendations", "ids")
SUM_TOLERANCE: Final = 0.01
"""How far from 1 the sum of class probabilities may be, rounded as models write them."""


class Prediction(NamedTuple):
    """What a model said about one record.

    `text` is the class, the text or the JSON of what it is; `number` is its value where it is one; `score` is that of
    the class: of class 1 where there are two. `form` is number, label, scores,
    items, binary (bytes in no known format) or other.
    """

    form: str
    text: str
    number: float | None = None
    score: float | None = None


Body = Any
"""A parsed body: a JSON value, an array, or rows."""


class Rows(list[list[str]]):
    """Rows of CSV."""


def content(data: str, encoding: str) -> str | bytes:
    """Return what was sent: the text, or the bytes that BASE64 stands for where they are no text."""
    if encoding.upper() != "BASE64":
        return data
    try:
        decoded = base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return data
    if decoded.startswith(npy.MAGIC):
        return decoded
    try:
        return decoded.decode("utf-8-sig")
    except UnicodeDecodeError:
        return decoded


def parse(data: str, encoding: str, content_type: str = "") -> Body:
    """Return a body as a JSON value, an array, rows of CSV, or text; bytes for what is none of these."""
    found = content(data, encoding)
    if isinstance(found, bytes):
        try:
            return npy.read(found) if found.startswith(npy.MAGIC) else found
        except ValueError:
            return found
    text = found.strip().removeprefix("\ufeff").strip()
    if text[:1] in {"[", "{", '"'}:
        for read in (_json, _json_lines):
            try:
                return read(text)
            except (ValueError, RecursionError):
                continue
    return _rows_or_text(text, "csv" in content_type.lower() or encoding.upper() == "CSV", content_type)


def _json(text: str) -> Body:
    value = json.loads(text)
    # A text that was encoded twice, as some containers do.
    if isinstance(value, str) and value[:1] in {"[", "{"}:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _json_lines(text: str) -> Body:
    return _Several(json.loads(line) for line in text.splitlines() if line.strip())


def _rows_or_text(text: str, is_csv: bool, content_type: str) -> Body:  # noqa: FBT001 - internal
    lines = [line for line in text.splitlines() if line.strip()]
    if not is_csv:
        cells = [cell.strip() for line in lines for cell in line.split(",")]
        words = "text/plain" not in content_type.lower() and all(len(line.split()) == 1 for line in lines)
        if not (words or all(map(NUMBER.fullmatch, cells))):
            return text
    try:
        return Rows([cell.strip() for cell in row] for row in csv.reader(lines, skipinitialspace=True))
    except csv.Error:
        return text


def number_of_records(data: str, encoding: str, content_type: str = "") -> int | None:
    """Return how many records a request holds; None where it does not say."""
    body = parse(data, encoding, content_type)
    if isinstance(body, npy.Array):
        return body.shape[0] if len(body.shape) > 1 else 1
    if isinstance(body, Rows):
        return len(body) - _has_header(body)
    if isinstance(body, Mapping):
        return _records_of_object(body)
    if isinstance(body, list):
        return len(body) if any(isinstance(each, list | dict | str) for each in body) else 1
    return None if isinstance(body, bytes) else 1


def _has_header(rows: Rows) -> bool:
    """Return whether a request begins with the names of its columns: words alone, above rows with numbers."""
    numbers = [any(map(NUMBER.fullmatch, row)) for row in rows]
    return len(rows) > 1 and not numbers[0] and all(numbers[1:])


def _records_of_object(body: Mapping[str, Any]) -> int:
    split = body.get("dataframe_split")
    for name in RECORD_MEMBERS:
        value = (split if isinstance(split, Mapping) else body).get(name)
        if isinstance(value, list):
            one = name in {"inputs", "data"} and not any(isinstance(each, list | dict | str) for each in value)
            return 1 if one else len(value)
    return 1


def predictions(body: Body, records: Callable[[], int | None], path: str = "") -> list[Prediction]:
    """Return the prediction of each record of an answer. `records` tells the number of records of the request.

    `path` is a JSONPath or a column, instead of what is found by itself.
    """
    chosen = select(body, path) if path else None
    value = chosen if chosen is not None else _by_record(body, records)
    if isinstance(value, _Several):
        each_path = path if chosen is None else ""
        return [_of_record(_member(each, each_path)) for each in value]
    return [_of_record(value)]


class _Several(list[Any]):
    """The values of several records."""


def _by_record(body: Body, records: Callable[[], int | None]) -> Any:  # noqa: ANN401 - any value
    if isinstance(body, Rows):
        return _rows_by_record(body, records)
    if isinstance(body, npy.Array):
        body = body.nested()
    if isinstance(body, Mapping):
        if "scores" in body and "labels" in body:
            return body
        for name in RECORD_MEMBERS:
            if isinstance(body.get(name), list):
                return _list_by_record(_tensor(body[name]), records)
    return _list_by_record(body, records) if isinstance(body, list) else body


def _tensor(values: list[Any]) -> list[Any]:
    """Return the values of the first output of the Open Inference Protocol, or what is given."""
    first = values[0] if values else None
    if not (
        isinstance(first, Mapping) and isinstance(first.get("shape"), list) and isinstance(first.get("data"), list)
    ):
        return values
    shape = tuple(first["shape"])
    if not all(isinstance(length, int) for length in shape) or math.prod(shape) != len(first["data"]):
        return list(first["data"])
    nested = npy.Array(shape, first["data"]).nested()
    return nested if isinstance(nested, list) else [nested]


def _rows_by_record(rows: Rows, records: Callable[[], int | None]) -> Any:  # noqa: ANN401 - any value
    if _is_header(rows):
        return _Several(dict(zip(rows[0], row, strict=False)) for row in rows[1:])
    if len(rows) == 1 and len(rows[0]) > 1 and records() == len(rows[0]):
        return _Several(rows[0])
    return _Several(row[0] if len(row) == 1 else row for row in rows)


def _is_header(rows: Rows) -> bool:
    known = {*LABEL_MEMBERS, *SCORES_MEMBERS, *ITEM_MEMBERS}
    return len(rows) > 1 and len(set(rows[0])) == len(rows[0]) and any(cell.lower() in known for cell in rows[0])


def _list_by_record(values: list[Any], records: Callable[[], int | None]) -> Any:  # noqa: ANN401 - any value
    objects = any(isinstance(each, Mapping) for each in values)
    scores = _class_scores(values)
    one_each = len(values) <= 1 or any(isinstance(each, list) for each in values) or (objects and scores is None)
    if one_each or isinstance(values, _Several):
        return _Several(values)
    count = records()
    if count in {1, len(values)}:
        return values if count == 1 else _Several(values)
    return values if scores is not None and _sums_to_one(values) else _Several(values)


def _sums_to_one(values: Sequence[Any]) -> bool:
    numbers = [each.get("score") if isinstance(each, Mapping) else each for each in values]
    valid = all(isinstance(each, int | float) and each >= 0 for each in numbers)
    return valid and abs(sum(numbers) - 1) <= SUM_TOLERANCE  # type: ignore[arg-type] # numbers, see above


def _of_record(value: Any) -> Prediction:  # noqa: ANN401 - any value
    if isinstance(value, list):
        return _of_list(value)
    if isinstance(value, Mapping):
        return _of_object(value)
    if isinstance(value, bytes):
        return Prediction("binary", f"binary {hashlib.sha256(value).hexdigest()[:16]}")
    return scalar(value)


def scalar(value: object) -> Prediction:
    """Return a single value as a prediction. A number is the same however it is written."""
    if value is None:
        return Prediction("other", "")
    text = repr(value).lower() if isinstance(value, bool | int | float) else str(value).strip()
    lower = text.lower()
    if lower in BOOLEANS:
        return Prediction("number", text, BOOLEANS[lower])
    if NUMBER.fullmatch(text) and math.isfinite(number := float(text)):
        return Prediction("number", text, number)
    return Prediction("label", lower if lower in NOT_FINITE else text)


def _of_list(values: list[Any]) -> Prediction:
    if len(values) == 1:
        return _of_record(values[0])
    scores = _class_scores(values)
    if scores is not None:
        return _label_and_score(values) or _top(scores)
    cells = [scalar(each) for each in values if not isinstance(each, list | dict)]
    if len(cells) == len(values) and any(cell.form == "label" for cell in cells) and values and _is_row(cells):
        label = next(cell for cell in cells if cell.form == "label")
        score = next((cell.number for cell in cells if cell.number is not None), None)
        return Prediction("label", label.text, None, score)
    form = "items" if len(cells) == len(values) and values else "other"
    return Prediction(form, _compact([cell.text for cell in cells] if form == "items" else values))


def _label_and_score(values: Sequence[Any]) -> Prediction | None:
    """Return the prediction of a pair such as 2, 0.93: a class and its score, and not the scores of two classes."""
    if len(values) != 2 or _sums_to_one([scalar(each).number or 0 for each in values]):  # noqa: PLR2004 - a pair
        return None
    label, score = (scalar(each) for each in values)
    if label.number is None or score.number is None or not label.number.is_integer():
        return None
    return label._replace(score=score.number) if 0 < score.number < 1 and label.number >= 0 else None


def _is_row(cells: Sequence[Prediction]) -> bool:
    """Return whether these are a label and its score; several labels are a ranking."""
    return sum(cell.form == "label" for cell in cells) == 1


def _class_scores(values: Sequence[Any]) -> dict[str, float] | None:
    """Return the score of each class; None for a list that is no scores."""
    if values and all(isinstance(each, Mapping) and {"label", "score"} <= each.keys() for each in values):
        named = [(str(each["label"]), scalar(each["score"]).number) for each in values]
    else:
        cells = [scalar(each) if isinstance(each, int | float | str) else None for each in values]
        named = [(str(at), cell.number if cell is not None else None) for at, cell in enumerate(cells)]
    scores = {name: score for name, score in named if score is not None}
    if len(scores) < len(values) or len(scores) < 2:  # noqa: PLR2004 - of two classes
        return None
    return None if _are_ids(list(scores.values())) else scores


def _are_ids(numbers: Sequence[float]) -> bool:
    """Return whether numbers are identifiers in an order: integers, all different, not only 0 and 1."""
    integers = all(number.is_integer() and number >= 0 for number in numbers)
    return integers and len(set(numbers)) == len(numbers) and max(numbers) > 1


def _top(scores: Mapping[str, float]) -> Prediction:
    best = max(scores, key=lambda name: scores[name])
    names = list(scores)
    binary = len(names) == 2 and names == ["0", "1"]  # noqa: PLR2004 - of two classes
    return Prediction("scores", best, None, scores["1"] if binary else scores[best])


def _of_object(value: Mapping[str, Any]) -> Prediction:
    lowered = {str(name).lower(): member for name, member in value.items()}
    labels, scores = lowered.get("labels"), lowered.get("scores", lowered.get("probabilities"))
    if isinstance(labels, list) and isinstance(scores, list) and len(labels) == len(scores) and labels:
        return _of_list([{"label": label, "score": score} for label, score in zip(labels, scores, strict=True)])
    for name in ITEM_MEMBERS:
        if isinstance(lowered.get(name), list):
            return Prediction("items", _compact([scalar(each).text for each in lowered[name]]))
    found = next((name for name in LABEL_MEMBERS if lowered.get(name) is not None), None)
    score = next((lowered[name] for name in SCORES_MEMBERS if name in lowered), None)
    if found is not None:
        prediction = _of_record(lowered[found])
        return prediction if prediction.score is not None else prediction._replace(score=_score(score))
    if score is not None or len(value) == 1:
        return _of_record(next(iter(value.values())) if score is None else score)
    return _of_classes(value)


def _of_classes(value: Mapping[str, Any]) -> Prediction:
    """Return the class of an object with a score for each class; any other is what it is."""
    numbers = {str(name): scalar(each).number for name, each in value.items() if isinstance(each, int | float)}
    scores = {name: number for name, number in numbers.items() if number is not None}
    if len(scores) == len(value) and scores:
        return _top(scores)
    return Prediction("other", _compact(value))


def _score(value: object) -> float | None:
    return scalar(value).number if isinstance(value, int | float | str) else None


def _compact(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


STEP: Final = re.compile(r"\.?([A-Za-z_][\w-]*)|\[(\d+)\]|\[['\"]([^'\"]+)['\"]\]|(\[\*\]|\.\*)")


@lru_cache(64)
def steps(path: str) -> tuple[str | int | None, ...]:
    """Return the steps of a JSONPath: names, positions, None for each element. Raises ValueError."""
    text = path.strip().removeprefix("$")
    if text.isdecimal():
        return (int(text),)
    found, at = list[str | int | None](), 0
    while at < len(text):
        match = STEP.match(text, at)
        if match is None:
            raise ValueError(f"{path} is no JSONPath of names, [positions] and [*], nor a column")
        name, position, quoted, _ = match.groups()
        found.append(int(position) if position is not None else name or quoted)
        at = match.end()
    return tuple(found)


def select(body: Body, path: str) -> Any:  # noqa: ANN401 - any value
    """Return the value at a path of the whole body, several for [*] and a column of rows; None for none."""
    wanted = steps(path)
    if isinstance(body, Rows):
        return _column(body, wanted)
    value = body.nested() if isinstance(body, npy.Array) else body
    for number, step in enumerate(wanted):
        if step is None:
            return _Several(_walk(each, wanted[number + 1 :]) for each in value) if isinstance(value, list) else None
        value = _walk(value, (step,))
        if value is None:
            return None
    return value


def _walk(value: Any, wanted: Sequence[str | int | None]) -> Any:  # noqa: ANN401 - any value
    for step in wanted:
        if isinstance(step, str) and isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(step, int) and isinstance(value, list) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def _column(rows: Rows, wanted: Sequence[str | int | None]) -> Any:  # noqa: ANN401 - any value
    column, below = wanted[0] if wanted else 0, 0
    if not rows:
        return None
    if isinstance(column, str):
        if column not in rows[0]:
            return None
        column, below = rows[0].index(column), 1
    elif _is_header(rows):
        below = 1
    at = column or 0
    return _Several(row[at] if at < len(row) else None for row in rows[below:])


def _member(value: Any, path: str) -> Any:  # noqa: ANN401 - any value
    """Return what a path finds in a record; a record that is one value is what the path is about."""
    return _walk(value, steps(path)) if path and isinstance(value, Mapping | list) else value


def fields(data: str, encoding: str, content_type: str, path: str) -> list[str]:
    """Return a field of each record of a request as text; empty where the request has no such field."""
    body = parse(data, encoding, content_type)
    value = select(body, path)
    if value is None and isinstance(body, Mapping | list):
        records = _by_record(body, lambda: None)
        value = _Several(_member(each, path) for each in records) if isinstance(records, _Several) else None
    found = value if isinstance(value, _Several) else [value]
    return [
        "" if each is None else scalar(each).text if not isinstance(each, list | dict) else _compact(each)
        for each in found
    ]
