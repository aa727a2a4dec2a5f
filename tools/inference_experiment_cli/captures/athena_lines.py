"""Captured lines and their bodies in Athena's SQL: what `bodies.py` does for DuckDB, as far as SQL can.

Each function adds columns to the rows of a SELECT. A body that only `bodies.py` can decode gets an `obstacle`, which
names it: it is counted, and never compared as something that it is not.
"""

from typing import Final

from inference_experiment_cli.captures import bodies

STATE_LINE: Final = "line"
ARRAYS: Final = "NumPy arrays"
BINARY: Final = "binary data"
QUOTED: Final = "CSV with quotes"
NAMED_COLUMNS: Final = "CSV with names of columns"
TENSORS: Final = "tensors"
OTHER_CASE: Final = "members with capital letters"
REQUEST: Final = "lists whose request cannot be decoded"
UNKNOWN_REQUEST: Final = -1
"""Number of records of a request that SQL cannot decode."""
_NUMBER: Final = bodies.NUMBER.pattern.replace(r"\d", "[0-9]")
MARK: Final = "\N{BYTE ORDER MARK}"
# First characters of JSON values, as classes of characters of a pattern.
COMPLEX: Final = r"\[{"
TEXT: Final = r"\x22"
_NPY_IN_BASE64: Final = "k05VTVBZ"
_FILE: Final = r"(?i)/[^/.][^/]*\.jsonl(\.gz)?\z"


def strip(text: str) -> str:
    """Return a text without white space at its ends."""
    return rf"regexp_replace({text}, '^\s+|\s+\z', '')"


def _is_number(text: str) -> str:
    return rf"regexp_like({text}, '^(?:{_NUMBER})\z')"


def _number(text: str) -> str:
    value = f"TRY_CAST({text} AS DOUBLE)"
    return (
        f"CASE lower({text}) WHEN 'true' THEN 1E0 WHEN 'false' THEN 0E0 "
        f"ELSE CASE WHEN {_is_number(text)} AND is_finite({value}) THEN {value} END END"
    )


def _scalar(value: str) -> str:
    return strip(f"json_extract_scalar({value}, '$')")


def _begins(value: str, characters: str) -> str:
    return f"regexp_like(json_format({value}), '^[{characters}]')"


def _any(values: str, condition: str) -> str:
    return f"cardinality(filter({values}, x -> {condition})) > 0"


def _member(value: str, name: str) -> str:
    """Return a member that is not null."""
    path = f"json_extract({value}, '$.{name}')"
    return f"CASE WHEN json_format({path}) <> 'null' THEN {path} END"


def _array(value: str) -> str:
    return f"TRY(CAST({value} AS ARRAY(JSON)))"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


# Lines


def lines(table: str) -> str:
    """Return the lines of a table of raw text: what they are, and the members of those that were captured."""
    # A byte order mark begins a file, and each of several that were put together.
    text = strip(f"regexp_replace({strip('line')}, '^{MARK}', '')")

    def member(path: str) -> str:
        found = f"json_extract(value, '$.{path}')"
        return f"coalesce(json_extract_scalar(value, '$.{path}'), nullif(json_format({found}), 'null'))"

    captured, event = "captureData", "eventMetadata"
    half = {"data": f"{captured}.endpointOutput", "request": f"{captured}.endpointInput"}
    members = ", ".join(
        f"{member(f'{half[name]}.data')} AS {name}, coalesce({member(f'{half[name]}.encoding')}, '') AS "
        f"{name}_encoding, coalesce({member(f'{half[name]}.observedContentType')}, '') AS {name}_type"
        for name in half
    )
    identifiers = ", ".join(
        f"{member(f'{event}.{name}')} AS {column}"
        for name, column in (("inferenceId", "inference_id"), ("eventId", "event_id"), ("inferenceTime", "moment"))
    )
    present = " AND ".join(f"json_extract(value, '$.{name}') IS NULL" for name in (captured, event))
    raw = f'SELECT {text} AS line FROM {table} WHERE regexp_like("$path", {_quoted(_FILE)})'
    return (
        f"SELECT CASE WHEN value IS NULL THEN 'broken' WHEN {present} THEN 'other' ELSE '{STATE_LINE}' END AS state, "
        f"{members}, {identifiers} FROM (SELECT TRY(json_parse(line)) AS value FROM ({raw}) WHERE line <> '')"
    )


def contents(source: str, name: str) -> str:
    """Add the text of a body, without its encoding, and what stands in the way of it."""
    compact = rf"regexp_replace({name}, '\s', '')"
    obstacle = (
        f"CASE WHEN {name}_bytes IS NULL THEN NULL WHEN starts_with({compact}, '{_NPY_IN_BASE64}') THEN '{ARRAYS}' "
        f"WHEN to_utf8(from_utf8({name}_bytes)) <> {name}_bytes THEN '{BINARY}' END"
    )
    decoded = f"CASE WHEN {name}_bytes IS NULL THEN {name} ELSE from_utf8({name}_bytes) END"
    in_base64 = f"CASE WHEN upper({name}_encoding) = 'BASE64' THEN TRY(from_base64({compact})) END AS {name}_bytes"
    text = strip(f"regexp_replace({strip(f'{name}_decoded')}, '^{MARK}', '')")
    return (
        f"SELECT *, CASE WHEN {name}_obstacle IS NULL THEN {text} END AS {name}_text FROM "
        f"(SELECT *, {obstacle} AS {name}_obstacle, {decoded} AS {name}_decoded FROM "
        f"(SELECT *, {in_base64} FROM ({source})))"
    )


def parsed(source: str, text: str, is_csv: str, is_plain: str) -> str:
    """Add what a text is: a JSON value and its elements, or rows with their cells."""
    value = rf"CASE WHEN regexp_like({text}, '^[\[{{\x22]') THEN TRY(json_parse({text})) END"
    # A text that was encoded twice, as some containers do.
    again = (
        r"CASE WHEN regexp_like(json_format(first_value_of), '^\x22') "
        r"AND regexp_like(json_extract_scalar(first_value_of, '$'), '^[\[{]') "
        "THEN coalesce(TRY(json_parse(json_extract_scalar(first_value_of, '$'))), first_value_of) "
        "ELSE first_value_of END"
    )
    broken_up = f"split(regexp_replace({text}, '\\r\\n?', chr(10)), chr(10))"
    rows = f"filter(transform({broken_up}, x -> {strip('x')}), x -> x <> '')"
    several = (
        rf"CASE WHEN one_value IS NULL AND regexp_like({text}, '^[\[{{\x22]') "
        "THEN TRY(CAST(json_parse('[' || array_join(rows, ',') || ']') AS ARRAY(JSON))) END"
    )
    several = f"CASE WHEN cardinality({several}) = cardinality(rows) THEN {several} END"
    kept = "CASE WHEN json_lines IS NULL THEN one_value ELSE CAST(json_lines AS JSON) END"
    cells = f"transform(rows, x -> transform(split(x, ','), c -> {strip('c')}))"
    spaced = _any("rows", r"regexp_like(x, '\s')")
    numeric = f"NOT {_any('flatten(cells)', 'NOT ' + _is_number('x'))}"
    first = f"SELECT *, {value} AS first_value_of, {rows} AS rows FROM ({source})"
    second = f"SELECT *, {again} AS one_value FROM ({first})"
    third = f"SELECT *, {several} AS json_lines, {cells} AS cells FROM ({second})"
    return (
        f"SELECT *, {kept} AS value, value_is_rows AND strpos({text}, '\"') > 0 AS quoted FROM "
        f"(SELECT *, one_value IS NULL AND json_lines IS NULL AND ({is_csv} OR (NOT {is_plain} AND NOT {spaced}) "
        f"OR ({numeric})) AS value_is_rows FROM ({third}))"
    )


_IN_ORDER: Final = bodies.RECORD_MEMBERS
_ELEMENTS: Final = f"coalesce({_array('value')}, {', '.join(_array(_member('value', name)) for name in _IN_ORDER)})"


def asked() -> str:
    """Return the number of records of a parsed request."""
    complex_ones = _begins("x", r"\x22\[{")

    def counted(values: str, *, bare: bool) -> str:
        whole = f"cardinality({values})"
        return f"CASE WHEN {_any(values, complex_ones)} THEN {whole} ELSE 1 END" if bare else whole

    members = [("dataframe_split.data", False)]
    members += [(name, name in {"inputs", "data"}) for name in _IN_ORDER]
    found = " ".join(
        f"WHEN {_array(_member('value', name))} IS NOT NULL THEN {counted(_array(_member('value', name)), bare=bare)}"
        for name, bare in members
    )
    numbers = f"transform(cells, r -> cardinality(filter(r, x -> {_is_number('x')})))"
    header = (
        f"cardinality(rows) > 1 AND element_at({numbers}, 1) = 0 AND cardinality(filter({numbers}, x -> x = 0)) = 1"
    )
    return (
        f"CASE WHEN request IS NULL OR request = '' THEN NULL WHEN request_obstacle IS NOT NULL OR quoted "
        f"THEN {UNKNOWN_REQUEST} WHEN {_array('value')} IS NOT NULL THEN {counted(_array('value'), bare=True)} "
        f"{found} WHEN value_is_rows THEN cardinality(rows) - CASE WHEN {header} THEN 1 ELSE 0 END ELSE 1 END"
    )


def _path(path: str) -> tuple[str, str | None]:
    """Return the JSONPath before the first [*], and the one after it; None without one."""
    texts = [_path_text(steps) for steps in _split(bodies.steps(path))]
    return texts[0], texts[1] if len(texts) > 1 else None


def _split(steps: tuple[str | int | None, ...]) -> list[list[str | int]]:
    parts: list[list[str | int]] = [[]]
    for step in steps:
        if step is None:
            parts.append([])
        else:
            parts[-1].append(step)
    return parts


def _path_text(steps: list[str | int]) -> str:
    def text(step: str | int) -> str:
        if isinstance(step, int):
            return f"[{step}]"
        return f".{step}" if step.isidentifier() else f'["{step}"]'

    return _quoted("$" + "".join(map(text, steps)))


def _column(path: str) -> tuple[str, str]:
    """Return the number of a column, from 1, and the number of rows above the first record."""
    wanted = (bodies.steps(path) or (0,))[0]
    if isinstance(wanted, str):
        place = f"array_position(element_at(cells, 1), {_quoted(wanted)})"
        return f"nullif({place}, 0)", "1"
    return str((wanted or 0) + 1), f"CASE WHEN {_NAMED} THEN 1 ELSE 0 END"


_KNOWN: Final = ", ".join(
    _quoted(name) for name in (*bodies.LABEL_MEMBERS, *bodies.SCORES_MEMBERS, *bodies.ITEM_MEMBERS)
)
_FIRST: Final = "element_at(cells, 1)"
_IS_KNOWN: Final = f"lower(x) IN ({_KNOWN})"
_NAMED: Final = (
    f"cardinality(rows) > 1 AND cardinality(array_distinct({_FIRST})) = cardinality({_FIRST}) "
    f"AND {_any(_FIRST, _IS_KNOWN)}"
)


def fields(path: str) -> str:
    """Return the field of slices of each record of a parsed request, as a JSON list of texts."""
    before, after = _path(path)
    column, above = _column(path)

    def text(value: str) -> str:
        return f"coalesce({_scalar(value)}, nullif(json_format({value}), 'null'), '')"

    whole = f"json_extract(value, {before})"
    elements = _array(whole) if after is not None else _ELEMENTS
    each = f"transform({elements}, x -> {text(f'json_extract(x, {after if after is not None else before})')})"
    of_rows = f"transform(slice(cells, 1 + {above}, cardinality(cells)), r -> coalesce(element_at(r, {column}), ''))"
    first = "" if after is not None else f"WHEN {whole} IS NOT NULL THEN ARRAY[{text(whole)}] "
    found = (
        f"CASE {first}WHEN {elements} IS NOT NULL THEN {each} WHEN value_is_rows AND NOT quoted AND {column} "
        f"IS NOT NULL THEN {of_rows} ELSE ARRAY[''] END"
    )
    return f"json_format(CAST({found} AS JSON))"


def read(table: str, sliced: str, shown: int) -> str:
    """Return the SELECT of the lines of a table of raw text, as they are kept."""
    with_text = contents(contents(lines(table), "data"), "request")
    # Only the text of the request is parsed here; it says how many records there are.
    whole = parsed(with_text, "request_text", "upper(request_encoding) = 'CSV'", "FALSE")
    moments = "CAST(from_iso8601_timestamp(moment) AT TIME ZONE 'UTC' AS TIMESTAMP)", "CAST(moment AS TIMESTAMP)"
    columns = [
        "row_number() OVER () AS line, state, nullif(inference_id, '') AS inference_id",
        "nullif(event_id, '') AS event_id",
        f"coalesce({', '.join(f'TRY({each})' for each in moments)}) AS moment",
        "from_big_endian_64(xxhash64(to_utf8(request))) AS request, to_hex(md5(to_utf8(data))) AS answer",
        f"{fields(sliced) if sliced else 'CAST(NULL AS VARCHAR)'} AS sliced",
        f"{f'substr(request, 1, {shown})' if shown else 'CAST(NULL AS VARCHAR)'} AS shown",
        "data_text AS body, data_obstacle AS obstacle",
        "strpos(lower(data_type), 'csv') > 0 OR upper(data_encoding) = 'CSV' AS is_csv",
        f"strpos(lower(data_type), 'text/plain') > 0 AS is_plain, CAST({asked()} AS BIGINT) AS asked",
    ]
    return f"SELECT {', '.join(columns)} FROM ({whole})"


# Records


def _are_ids(numbers: str) -> str:
    """Return whether numbers are identifiers in an order, as bodies.py has it."""
    return (
        f"cardinality(filter({numbers}, x -> x < 0E0 OR x <> floor(x))) = 0 "
        f"AND cardinality(array_distinct({numbers})) = cardinality({numbers}) AND array_max({numbers}) > 1E0"
    )


def _are_scores(numbers: str) -> str:
    """Return whether a list is the scores of two classes or more."""
    complete = f"cardinality({numbers}) > 1 AND cardinality(filter({numbers}, x -> x IS NULL)) = 0"
    return f"CASE WHEN {complete} THEN NOT ({_are_ids(numbers)}) ELSE FALSE END"


def _sums_to_one(numbers: str) -> str:
    total = f"reduce({numbers}, 0E0, (s, x) -> s + x, s -> s)"
    return (
        f"CASE WHEN cardinality(filter({numbers}, x -> x IS NULL OR x < 0E0)) = 0 "
        f"THEN abs({total} - 1E0) <= {bodies.SUM_TOLERANCE:E} ELSE FALSE END"
    )


def _numbers(values: str) -> str:
    """Return the numbers of a list: of its elements, or of the scores of elements with label and score."""
    score = "json_extract_scalar(x, '$.score')"
    return (
        f"transform({values}, x -> CASE WHEN {_begins('x', '{')} AND json_extract(x, '$.label') IS NOT NULL "
        f"THEN {_number(strip(score))} WHEN NOT {_begins('x', COMPLEX)} AND json_format(x) <> 'null' "
        f"THEN {_number(_scalar('x'))} END)"
    )


def records(source: str, prediction: str) -> str:
    """Add the list of the records of each parsed answer, and what stands in the way of it."""
    number = "numbers_of"
    # Only bare numbers can be probabilities that add up to 1.
    bare = f"NOT {_any('elements', _begins('x', TEXT))}"
    objects = _any("elements", _begins("x", "{"))
    lists = _any("elements", _begins("x", r"\["))
    one_each = (
        f"json_lines IS NOT NULL OR cardinality(elements) <= 1 OR {lists} OR ({objects} AND NOT {_are_scores(number)})"
    )
    together = (
        f"NOT ({one_each}) AND (coalesce(asked, 0) = 1 OR (coalesce(asked, 0) <> cardinality(elements) "
        f"AND {_are_scores(number)} AND {bare} AND {_sums_to_one(number)}))"
    )
    of_json = (
        f"CASE WHEN elements IS NULL THEN ARRAY[value] WHEN {together} THEN ARRAY[CAST(elements AS JSON)] "
        "ELSE elements END"
    )
    row = "CASE WHEN cardinality(r) = 1 THEN CAST(element_at(r, 1) AS JSON) ELSE CAST(r AS JSON) END"
    single = (
        "cardinality(cells) = 1 AND cardinality(element_at(cells, 1)) > 1 AND asked = cardinality(element_at(cells, 1))"
    )
    skipped = f"CASE WHEN {_NAMED} THEN 2 ELSE 1 END"
    of_rows = (
        f"CASE WHEN {single} THEN transform({_FIRST}, x -> CAST(x AS JSON)) "
        f"ELSE transform(slice(cells, {skipped}, cardinality(cells)), r -> {row}) END"
    )
    text = "ARRAY[CAST(body AS JSON)]"
    obstacle = (
        f"CASE WHEN obstacle IS NOT NULL THEN obstacle WHEN quoted THEN '{QUOTED}' "
        f"WHEN value_is_rows AND cardinality({_FIRST}) > {0 if prediction else 1} AND {_NAMED} THEN '{NAMED_COLUMNS}' "
        f"WHEN json_extract(element_at(elements, 1), '$.shape') IS NOT NULL THEN '{TENSORS}' "
        f"WHEN asked = {UNKNOWN_REQUEST} AND (({single.replace('asked = ', '0 < ')} AND value_is_rows) "
        f"OR (elements IS NOT NULL AND NOT ({one_each}))) THEN '{REQUEST}' END"
    )
    elements = (
        "CASE WHEN json_extract(value, '$.scores') IS NOT NULL AND json_extract(value, '$.labels') IS NOT NULL "
        f"THEN NULL ELSE {_ELEMENTS} END"
    )
    first = f"SELECT *, {elements} AS elements FROM ({source})"
    second = f"SELECT *, {_numbers('elements')} AS numbers_of FROM ({first})"
    found = f"CASE WHEN value IS NOT NULL THEN {of_json} WHEN value_is_rows THEN {of_rows} ELSE {text} END"
    several = f"CASE WHEN value IS NULL THEN value_is_rows ELSE elements IS NOT NULL AND NOT ({together}) END"
    found = _chosen(prediction, found, several) if prediction else found
    why = f"CASE WHEN chosen THEN obstacle ELSE {obstacle} END" if prediction else obstacle
    third = f"SELECT *, {_is_chosen(prediction) if prediction else 'FALSE'} AS chosen FROM ({second})"
    return f"SELECT line, {why} AS obstacle, {found} AS found FROM ({third})"


def _is_chosen(path: str) -> str:
    before, after = _path(path)
    column, _ = _column(path)
    whole = f"json_extract(value, {before})"
    of_json = f"{_array(whole)} IS NOT NULL" if after is not None else f"json_format({whole}) <> 'null'"
    return (
        f"coalesce(CASE WHEN value IS NOT NULL THEN {of_json} "
        f"WHEN value_is_rows AND NOT quoted THEN {column} IS NOT NULL END, FALSE)"
    )


def _chosen(path: str, found: str, several: str) -> str:
    """Return the values at a path instead of what is found by itself."""
    before, after = _path(path)
    column, above = _column(path)
    whole = f"json_extract(value, {before})"
    null = "json_parse('null')"
    of_json = f"ARRAY[{whole}]"
    if after is not None:
        of_json = f"transform({_array(whole)}, x -> coalesce(json_extract(x, {after}), {null}))"
    of_rows = (
        f"transform(slice(cells, 1 + {above}, cardinality(cells)), "
        f"r -> coalesce(CAST(element_at(r, {column}) AS JSON), {null}))"
    )
    below_path = f"json_extract(x, {before})" if after is None else null
    below = f"transform({found}, x -> CASE WHEN {_begins('x', COMPLEX)} THEN coalesce({below_path}, {null}) ELSE x END)"
    return (
        f"CASE WHEN chosen AND value IS NOT NULL THEN {of_json} WHEN chosen THEN {of_rows} "
        f"WHEN {several} THEN {below} ELSE {found} END"
    )


def _unwrapped(source: str) -> str:
    """Replace a value that is an object by what it says: its label, score, items, or only member."""
    is_object = _begins("value", "{")
    target = f"coalesce({', '.join(_member('value', name) for name in bodies.LABEL_MEMBERS)})"
    score = f"coalesce({', '.join(_member('value', name) for name in bodies.SCORES_MEMBERS)})"
    members = f"CASE WHEN {is_object} THEN TRY(CAST(value AS MAP(VARCHAR, JSON))) END"
    labels, scores = (_array(_member("value", name)) for name in ("labels", "scores"))
    scores = f"coalesce({scores}, {_array(_member('value', 'probabilities'))})"
    both = f"cardinality({labels}) = cardinality({scores}) AND cardinality({labels}) > 0"
    pairs = (
        f"CAST(transform(sequence(1, cardinality({labels})), i -> map(ARRAY['label', 'score'], "
        f"ARRAY[element_at({labels}, i), element_at({scores}, i)])) AS JSON)"
    )
    items = f"coalesce({', '.join(_array(_member('value', name)) for name in bodies.ITEM_MEMBERS)})"
    single = "cardinality(map_keys(members)) = 1"
    value = (
        f"CASE WHEN members IS NULL THEN value WHEN {both} THEN {pairs} "
        f"WHEN {items} IS NOT NULL THEN CAST({items} AS JSON) WHEN {target} IS NOT NULL THEN {target} "
        f"WHEN {score} IS NOT NULL THEN {score} "
        f"WHEN {single} THEN element_at(map_values(members), 1) ELSE value END"
    )
    extra = (
        f"CASE WHEN members IS NOT NULL AND extra IS NULL AND {target} IS NOT NULL "
        f"AND NOT {_begins(score, COMPLEX)} THEN {_number(_scalar(score))} ELSE extra END"
    )
    known = f"cardinality(filter(map_keys(members), x -> lower(x) <> x AND lower(x) IN ({_KNOWN}, 'labels'))) > 0"
    return (
        "SELECT line, position, obstacle, value_now AS value, extra_now AS extra, is_items_now AS is_items FROM "
        f"(SELECT line, position, coalesce(obstacle, CASE WHEN {known} THEN '{OTHER_CASE}' END) AS obstacle, "
        f"{value} AS value_now, {extra} AS extra_now, "
        f"is_items OR (members IS NOT NULL AND NOT coalesce({both}, FALSE) AND {items} IS NOT NULL) AS is_items_now "
        f"FROM (SELECT *, {members} AS members FROM ({source})))"
    )


def _without_lists_of_one(source: str) -> str:
    single = f"NOT is_items AND cardinality({_array('value')}) = 1"
    inner = f"CASE WHEN {single} THEN element_at({_array('value')}, 1) ELSE value END"
    return f"SELECT line, position, obstacle, {inner} AS value, extra, is_items FROM ({source})"


def predictions(table: str, prediction: str) -> str:
    """Return the SELECT of the predictions of the answers that are kept: form, text, number and score."""
    answers = (
        f"SELECT line, body, obstacle, is_csv, is_plain, asked FROM {table} "
        f"WHERE state = '{STATE_LINE}' AND answer IS NOT NULL"
    )
    found = records(parsed(answers, "body", "is_csv", "is_plain"), prediction)
    unnested = (
        "SELECT f.line, u.position, f.obstacle, u.record AS value, CAST(NULL AS DOUBLE) AS extra, FALSE AS is_items "
        "FROM (SELECT line, obstacle, CASE WHEN obstacle IS NULL THEN found ELSE ARRAY[json_parse('null')] END "
        f"AS found FROM ({found})) f CROSS JOIN UNNEST(f.found) WITH ORDINALITY AS u (record, position)"
    )
    once = _unwrapped(_without_lists_of_one(unnested))
    last = _without_lists_of_one(_unwrapped(_without_lists_of_one(once)))
    columns = _forms()
    cells = (
        f"SELECT *, {_array('value')} AS cells, TRY(CAST(value AS MAP(VARCHAR, DOUBLE))) AS classes, "
        f"{_scalar('value')} AS text_of FROM ({last})"
    )
    numbers = f"SELECT *, {_numbers('cells')} AS numbers_of, {_number('text_of')} AS number_of FROM ({cells})"
    decided = f"SELECT *, {_kind()} AS kind FROM ({numbers})"
    return (
        f"SELECT line, position, {', '.join(f'{value} AS {name}' for name, value in columns.items())} FROM ({decided})"
    )


def _kind() -> str:
    """Return what a record's value is, in the order in which bodies.py decides."""
    scalars = f"NOT {_any('cells', _begins('x', COMPLEX))}"
    words = f"cardinality(filter(cells, x -> json_format(x) <> 'null' AND {_number(_scalar('x'))} IS NULL)) = 1"
    pairs = (
        "cardinality(filter(cells, x -> json_extract(x, '$.label') IS NULL OR json_extract(x, '$.score') IS NULL)) = 0"
    )
    classes = (
        r"cardinality(map_keys(classes)) > 0 AND cardinality(filter(map_values(CAST(value AS MAP(VARCHAR, JSON))), "
        r"x -> regexp_like(json_format(x), '^[\x22n]'))) = 0"
    )
    label_and_score = (
        "cardinality(numbers_of) = 2 AND element_at(numbers_of, 1) = floor(element_at(numbers_of, 1)) "
        "AND element_at(numbers_of, 1) >= 0E0 AND element_at(numbers_of, 2) > 0E0 AND element_at(numbers_of, 2) < 1E0 "
        f"AND NOT {_sums_to_one('numbers_of')}"
    )
    return (
        "CASE WHEN obstacle IS NOT NULL THEN 'undecoded' WHEN is_items THEN 'items' "
        f"WHEN cardinality(cells) > 0 AND {scalars} THEN CASE WHEN {_are_scores('numbers_of')} "
        f"THEN CASE WHEN {label_and_score} THEN 'pair' ELSE 'scores' END WHEN {words} THEN 'row' ELSE 'items' END "
        f"WHEN cardinality(cells) > 0 AND {pairs} AND {_are_scores('numbers_of')} THEN 'named scores' "
        "WHEN cells IS NOT NULL THEN 'other' "
        f"WHEN {_begins('value', '{')} THEN CASE WHEN {classes} THEN 'classes' ELSE 'other' END "
        "WHEN value IS NULL OR json_format(value) = 'null' THEN 'nothing' "
        "WHEN number_of IS NOT NULL THEN 'number' ELSE 'label' END"
    )


def _forms() -> dict[str, str]:
    texts = f"transform(cells, x -> coalesce({_scalar('x')}, ''))"
    best = "array_position(numbers_of, array_max(numbers_of))"
    word = f"element_at(filter({texts}, x -> x <> '' AND {_number('x')} IS NULL), 1)"
    first_number = "element_at(filter(numbers_of, x -> x IS NOT NULL), 1)"
    greatest = "array_max(map_values(classes))"
    winner = f"element_at(map_keys(classes), array_position(map_values(classes), {greatest}))"
    names = (
        "transform(cells, x -> coalesce(json_extract_scalar(x, '$.label'), json_format(json_extract(x, '$.label'))))"
    )
    binary = f"cardinality(cells) = 2 AND element_at({names}, 1) = '0' AND element_at({names}, 2) = '1'"
    lower = "CASE WHEN lower(text_of) IN ({}) THEN lower(text_of) ELSE text_of END".format(
        ", ".join(map(_quoted, sorted(bodies.NOT_FINITE)))
    )
    return {
        "form": "CASE kind WHEN 'undecoded' THEN NULL WHEN 'pair' THEN 'number' WHEN 'row' THEN 'label' "
        "WHEN 'classes' THEN 'scores' WHEN 'named scores' THEN 'scores' WHEN 'nothing' THEN 'other' ELSE kind END",
        "text": "CASE kind WHEN 'undecoded' THEN obstacle WHEN 'items' THEN "
        f"json_format(CAST({texts} AS JSON)) WHEN 'scores' THEN CAST({best} - 1 AS VARCHAR) "
        f"WHEN 'named scores' THEN element_at({names}, {best}) WHEN 'pair' THEN element_at({texts}, 1) "
        f"WHEN 'row' THEN {word} WHEN 'classes' THEN {winner} WHEN 'other' THEN json_format(value) "
        f"WHEN 'nothing' THEN '' WHEN 'number' THEN text_of ELSE {lower} END",
        "number": "CASE kind WHEN 'number' THEN number_of WHEN 'pair' THEN element_at(numbers_of, 1) END",
        "score": "CASE kind WHEN 'scores' THEN CASE WHEN cardinality(numbers_of) = 2 THEN element_at(numbers_of, 2) "
        "ELSE array_max(numbers_of) END WHEN 'pair' THEN element_at(numbers_of, 2) "
        f"WHEN 'named scores' THEN CASE WHEN {binary} THEN element_at(numbers_of, 2) ELSE array_max(numbers_of) END "
        f"WHEN 'row' THEN coalesce({first_number}, extra) WHEN 'classes' THEN "
        "CASE WHEN cardinality(map_keys(classes)) = 2 AND element_at(classes, '0') IS NOT NULL "
        f"AND element_at(classes, '1') IS NOT NULL THEN element_at(classes, '1') ELSE {greatest} END ELSE extra END",
    }
