"""What was true: a file with a key, which is the request's inferenceId (or eventId), and the label."""

from pathlib import Path
from typing import Any, Final

from inference_experiment_cli.captures.downloads import download
from inference_experiment_cli.captures.engine import EXTRA, DuckDbEngine
from inference_experiment_cli.captures.place import S3
from inference_experiment_cli.captures.question import Labels
from inference_experiment_cli.errors import Place, UsageError
from inference_experiment_cli.inventory.writers import duckdb_module

READERS: Final = {
    ".csv": "read_csv({file}, header = true, all_varchar = true)",
    ".tsv": "read_csv({file}, header = true, all_varchar = true)",
    ".jsonl": "read_json({file}, format = 'newline_delimited', maximum_depth = 1)",
    ".ndjson": "read_json({file}, format = 'newline_delimited', maximum_depth = 1)",
    ".json": "read_json({file}, format = 'auto', maximum_depth = 1)",
    ".parquet": "read_parquet({file})",
}
# 7, 7.0 and "7" are one key: tables with empty cells hold integers as floating-point numbers.
KEY: Final = r"regexp_replace(trim({text}), '^(-?[0-9]+)\.0+$', '\1')"


def fetch(place: str, client: Any) -> Path:  # noqa: ANN401 - a function that returns a client
    """Return the local file of labels. Raises UsageError, and boto3's errors."""
    found = S3.fullmatch(place)
    if found is None:
        path = Path(place)
        if not path.is_file():
            raise UsageError("no such file", Place(place))
        return path
    bucket, key = found.groups()
    head = client().head_object(Bucket=bucket, Key=key)
    return download(client(), bucket, "", {key: (head["ETag"].strip('"'), head["ContentLength"])})[key]


def load(engine: DuckDbEngine, labels: Labels, path: Path) -> None:
    """Fill the table of labels. Raises UsageError."""
    error = duckdb_module(EXTRA).Error
    place = Place(labels.place)
    name = labels.place.lower().removesuffix(".gz")
    suffix = Path(name).suffix
    if suffix not in READERS:
        known = ", ".join(READERS)
        raise UsageError(f"the name of a file of labels ends with one of {known} (.gz too)", place)
    file = "'" + str(path).replace("'", "''") + "'"
    source = READERS[suffix].format(file=file)
    try:
        columns = [each["column_name"] for each in engine.rows(f"DESCRIBE SELECT * FROM {source}")]
        key, target = (
            _column(columns, wanted, option, place)
            for wanted, option in ((labels.key, "--label-key"), (labels.column, "--label-column"))
        )
        engine.execute("SET preserve_insertion_order = true")
        engine.execute(_table(source, key, target))
        engine.execute("SET preserve_insertion_order = false")
        for statement in _LABELS:
            engine.execute(statement)
    except error as failure:
        first = " ".join(str(failure).split("\n")[0].split())
        raise UsageError(f"the labels cannot be read: {first[:200]}", place) from failure


def _column(columns: list[str], wanted: str, option: str, place: Place) -> str:
    if wanted not in columns:
        raise UsageError(f"no column {wanted}; there are {', '.join(columns[:12])}: pass {option}", place)
    return '"' + wanted.replace('"', '""') + '"'


def _table(source: str, key: str, target: str) -> str:
    def text(column: str) -> str:
        # A JSON text without its quotes.
        return (
            f"CASE WHEN typeof({column}) = 'JSON' THEN CAST({column} AS JSON)->>'$' ELSE CAST({column} AS VARCHAR) END"
        )

    return (
        f"CREATE TABLE labels_read AS SELECT {KEY.format(text=text(key))} AS key, trim({text(target)}) AS target, "
        f"row_number() OVER () AS place FROM {source}"
    )


# Lists of all labels at once would need as much memory; nearly all keys occur once.
_WITH_VALUE: Final = "FROM labels_read WHERE key IS NOT NULL AND target IS NOT NULL AND target <> ''"
_REPEATED: Final = f"SELECT key {_WITH_VALUE} GROUP BY key HAVING count(*) > 1"
_SINGLE: Final = (
    f"CREATE TABLE labels AS SELECT key, [target] AS targets, 1 AS kinds {_WITH_VALUE} "
    "AND NOT EXISTS (SELECT 1 FROM repeated_labels WHERE repeated_labels.key = labels_read.key)"
)
_SEVERAL: Final = (
    "INSERT INTO labels SELECT key, list(target ORDER BY place), CASE WHEN min(target) = max(target) THEN 1 ELSE 2 END "
    f"{_WITH_VALUE} AND key IN (FROM repeated_labels) GROUP BY key"
)
_LABELS: Final = (f"CREATE TABLE repeated_labels AS {_REPEATED}", _SINGLE, _SEVERAL)
