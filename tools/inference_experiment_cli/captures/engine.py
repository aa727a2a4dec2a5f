"""DuckDB as the engine: reads captured lines into tables on disk, so that memory stays bounded."""

import gzip
import json
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, cast

from inference_experiment_cli.captures import bodies
from inference_experiment_cli.captures.place import Period, is_compressed
from inference_experiment_cli.errors import unreadable
from inference_experiment_cli.inventory.writers import duckdb_module
from inference_experiment_cli.progress import bar

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

EXTRA: Final = "captures"
MEMORY_MB: Final = 160
MOST_MEMORY_MB: Final = 1000
BYTES_PER_BYTE_OF_MEMORY: Final = 10
"""Joins of more lines need more memory, or else they spill most of what they read."""
LINE_COPIES: Final = 20
"""How often DuckDB holds a line at most: in buffers, as JSON and as text, for each thread."""
THREADS: Final = 2
LINE_BYTES: Final = 4_000_000
"""Length of a line for which DuckDB provides; longer ones are measured first."""
SEARCHED_BYTES: Final = 4_000_000
STRAY_COMMAS: Final = (b",}", b",]")
BATCH_BYTES: Final = 256_000_000
CACHED_BYTES: Final = 400
"""Bodies up to this length are remembered with what they say: many models have few answers."""
NUMBER_CHARACTERS: Final = 40
SHOWN_CHARACTERS: Final = 120
HALF: Final = "STRUCT(data VARCHAR, encoding VARCHAR, observedContentType VARCHAR)"
COLUMNS: Final = (
    f"{{captureData: 'STRUCT(endpointInput {HALF}, endpointOutput {HALF})', "
    "eventMetadata: 'STRUCT(eventId VARCHAR, inferenceId VARCHAR, inferenceTime VARCHAR)'}"
)
# The form of an answer in the tables: the bare number, or a list of these.
RECORDS: Final = '[{"form": "VARCHAR", "text": "VARCHAR", "number": "DOUBLE", "score": "DOUBLE"}]'


@dataclass(frozen=True)
class Reading:
    """What is read of each line."""

    prediction: str = ""
    sliced: str = ""
    shown: bool = True
    period: Period = field(default_factory=Period)


@dataclass
class LineCounts:
    """Lines of one variant: no JSON, JSON of something else, one event written twice."""

    broken: int = 0
    other: int = 0
    repeated: int = 0
    undecoded: dict[str, int] = field(default_factory=dict)
    """Lines whose answer the engine cannot decode, by what it is."""


class _RequestNeededError(Exception):
    """The answer alone does not say how many records it holds."""


def _ask_request() -> int:
    raise _RequestNeededError


class Decoder:
    """Turns bodies into the predictions of their records, as JSON, for SQL."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._short = lru_cache(maxsize=10_000)(self._by_itself)

    def by_itself(self, data: str, encoding: str, content_type: str) -> str:
        """Return the predictions; nothing where the request is needed."""
        decode = self._short if len(data) <= CACHED_BYTES else self._by_itself
        return decode(data, encoding, content_type)

    def _by_itself(self, data: str, encoding: str, content_type: str) -> str:
        try:
            return self._predictions(data, encoding, content_type, _ask_request)
        except _RequestNeededError:
            return ""

    def with_request(self, data: str, encoding: str, content_type: str, request: str, request_encoding: str) -> str:
        """Return the predictions."""

        def records() -> int | None:
            if not request:
                return None
            with suppress(RecursionError):
                return bodies.number_of_records(request, request_encoding)
            return None

        return self._predictions(data, encoding, content_type, records)

    def _predictions(self, data: str, encoding: str, content_type: str, records: Callable[[], int | None]) -> str:
        try:
            parsed = bodies.parse(data, encoding, content_type)
            found = bodies.predictions(parsed, records, self._reading.prediction)
        except (RecursionError, OverflowError, MemoryError):
            found = [bodies.Prediction("other", data)]
        return json.dumps([_finite(each)._asdict() for each in found], ensure_ascii=False)

    def fields(self, data: str, encoding: str, content_type: str) -> str:
        """Return the field of slices, of each record of a request."""
        try:
            return json.dumps(bodies.fields(data, encoding, content_type, self._reading.sliced), ensure_ascii=False)
        except RecursionError:
            return "[]"


def _finite(each: bodies.Prediction) -> bodies.Prediction:
    """Return a prediction whose text is text: half of a surrogate pair is none."""
    text = each.text.encode("utf-8", "replace").decode()
    return each if text == each.text else each._replace(text=text)


class DuckDbEngine:
    """Tables of captured lines in a temporary folder."""

    def __init__(self, folder: Path, reading: Reading, volume: int = 0) -> None:
        self._duckdb = duckdb_module(EXTRA)
        self._folder = folder
        self._memory = max(MEMORY_MB, min(MOST_MEMORY_MB, volume // BYTES_PER_BYTE_OF_MEMORY // 1_000_000))
        self._reading = reading
        settings = {
            "autoinstall_known_extensions": "false",
            "memory_limit": f"{self._memory}MB",
            "threads": str(THREADS),
        }
        settings |= {"temp_directory": str(folder / "spilled"), "preserve_insertion_order": "false"}
        self._connection: DuckDBPyConnection = self._duckdb.connect(str(folder / "captures.duckdb"), config=settings)
        self._connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
        decoder = Decoder(reading)
        for name, function, arguments in (
            ("answer_by_itself", decoder.by_itself, 3),
            ("answer_with_request", decoder.with_request, 5),
            ("request_fields", decoder.fields, 3),
        ):
            self._connection.create_function(name, function, ["VARCHAR"] * arguments, "VARCHAR")

    def close(self) -> None:
        """Close the tables."""
        self._connection.close()

    def execute(self, sql: str) -> None:
        """Run a statement."""
        self._connection.execute(sql)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Return the rows of a SELECT."""
        answer = self._connection.execute(sql)
        columns = [each[0] for each in answer.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in answer.fetchall()]

    def row(self, sql: str) -> dict[str, Any]:
        """Return the only row of a SELECT."""
        return self.rows(sql)[0]

    def quantiles(self, column: str, levels: Sequence[float]) -> list[float]:
        """Return quantiles of a column of the judged records, interpolated; none where it has no value."""
        return self.row(f"SELECT quantile_cont({column}, {list(levels)}) AS levels FROM judged")["levels"] or []

    def read(self, side: str, files: Sequence[Path]) -> LineCounts:
        """Read the lines of one variant into its table and the table of its records."""
        self.execute(
            f"CREATE TABLE {side}_read (inference_id VARCHAR, event_id VARCHAR, moment TIMESTAMP, request UBIGINT, "
            "answer VARCHAR, sliced VARCHAR, shown VARCHAR, file VARCHAR, readable BOOLEAN)"
        )
        counts = LineCounts()
        with bar(f"reading {side}", len(files)) as advance:
            for compressed, batch in _batches(files):
                self._read_batch(side, batch, compressed=compressed, counts=counts)
                for _ in batch:
                    advance()
        self._keep(side, counts)
        return counts

    def _read_batch(self, side: str, batch: Sequence[Path], *, compressed: bool, counts: LineCounts) -> None:
        doubtful = [path for path in batch if may_have_stray_commas(path)]
        doubtful += self._trust(side, [path for path in batch if path not in doubtful], compressed=compressed)
        found = self.rows(f"SELECT DISTINCT file FROM {side}_read WHERE NOT readable")
        names = [each["file"] for each in found]
        if names:
            self.execute(f"DELETE FROM {side}_read WHERE file IN ({', '.join(map(_quoted, names))})")
        for path in [*doubtful, *map(Path, names)]:
            self._read_doubtful(side, path, counts)

    def _trust(self, side: str, files: Sequence[Path], *, compressed: bool) -> list[Path]:
        """Let DuckDB read files by itself; return those that it cannot read at all."""
        if not files:
            return []
        try:
            self._insert(side, files, compressed=compressed)
        except self._duckdb.Error:
            if len(files) == 1:
                return list(files)
            return [each for path in files for each in self._trust(side, [path], compressed=compressed)]
        return []

    def _read_doubtful(self, side: str, path: Path, counts: LineCounts) -> None:
        """Read a file that has lines which DuckDB cannot: Python decides on each, and DuckDB reads the rest."""
        clean, longest = self._folder / "clean.jsonl", 0
        with clean.open("w", encoding="utf-8") as output:
            for line in lines_of(path):
                if line is None or (value := _value(line)) is _BROKEN:
                    counts.broken += 1
                elif not isinstance(value, dict) or not value.keys() & {"captureData", "eventMetadata"}:
                    counts.other += 1
                else:
                    text = json.dumps(_regular(value), ensure_ascii=True)
                    longest = max(longest, len(text))
                    output.write(text + "\n")
        self._insert(side, [clean], compressed=False, longest=longest)
        rest = self.row(f"SELECT count(*) AS lines FROM {side}_read WHERE NOT readable")["lines"]
        counts.other += rest
        self.execute(f"DELETE FROM {side}_read WHERE NOT readable")
        clean.unlink()

    def _insert(self, side: str, files: Sequence[Path], *, compressed: bool, longest: int = 0) -> None:
        names = ", ".join(map(_quoted, files))
        compression = "gzip" if compressed else "none"
        size = max(LINE_BYTES, longest + 1000)
        if longest > LINE_BYTES:
            self.execute(f"SET memory_limit = '{self._memory + LINE_COPIES * longest // 1_000_000}MB'")
        source = (
            f"read_json([{names}], format = 'newline_delimited', ignore_errors = true, filename = true, "
            f"compression = '{compression}', maximum_object_size = {size}, columns = {COLUMNS})"
        )
        self.execute(f"INSERT INTO {side}_read SELECT {self._columns()} FROM ({_flat(source)})")

    def _columns(self) -> str:
        sliced = "request_fields(request, request_encoding, request_type)" if self._reading.sliced else "NULL"
        shown = f"left(request, {SHOWN_CHARACTERS})" if self._reading.shown else "NULL"
        bare = "NULL" if self._reading.prediction else _BARE_NUMBER
        answer = (
            f"CASE WHEN data IS NULL THEN NULL ELSE coalesce({bare}, "
            "nullif(answer_by_itself(data, encoding, content_type), ''), "
            "answer_with_request(data, encoding, content_type, coalesce(request, ''), request_encoding)) END"
        )
        return (
            "nullif(inference_id, ''), nullif(event_id, ''), moment, "
            f"CASE WHEN request IS NULL THEN NULL ELSE hash(request) END, {answer}, {sliced}, {shown}, file, readable"
        )

    def _keep(self, side: str, counts: LineCounts) -> None:
        """Make the table of the lines of the period, each event once, and that of their records."""
        self.execute(f"DELETE FROM {side}_read WHERE NOT ({kept_moments(self._reading.period)})")
        # Only a whole line that occurs twice is the same event: some senders give all events one identifier.
        events = (
            f"SELECT hash(event_id) AS event FROM {side}_read WHERE event_id IS NOT NULL GROUP BY 1 HAVING count(*) > 1"
        )
        if self.rows(f"{events} LIMIT 1"):
            same = "event_id, coalesce(inference_id, ''), moment, request, answer"
            extra = (
                f"SELECT rowid AS extra FROM (SELECT rowid, row_number() OVER (PARTITION BY {same} ORDER BY rowid) "
                f"AS place FROM {side}_read WHERE hash(event_id) IN ({events})) WHERE place > 1"
            )
            counts.repeated = self.row(f"SELECT count(*) AS lines FROM ({extra})")["lines"]
            self.execute(f"DELETE FROM {side}_read WHERE rowid IN ({extra})")
        self.execute(f"CREATE VIEW {side} AS SELECT rowid AS line, * EXCLUDE (file, readable) FROM {side}_read")
        self.execute(f"CREATE VIEW {side}_records AS {_records(side)}")


def kept_moments(period: Period) -> str:
    """Return the condition that a line is of a period; one without a time may be."""
    conditions = ["TRUE"]
    for operator, moment in ((">=", period.start), ("<=", period.end)):
        if moment is not None:
            conditions.append(f"(moment IS NULL OR moment {operator} TIMESTAMP '{moment.astimezone(UTC):%F %T}')")
    return " AND ".join(conditions)


def _records(side: str) -> str:
    listed = (
        f"SELECT line, unnest(range(1, len(found) + 1)) AS position, unnest(found) AS record FROM "
        f"(SELECT line, from_json(answer, '{RECORDS}') AS found FROM {side} WHERE answer LIKE '[%')"
    )
    return (
        f"SELECT line, 1::BIGINT AS position, 'number' AS form, answer AS text, CAST(answer AS DOUBLE) AS number, "
        f"NULL::DOUBLE AS score FROM {side} WHERE answer NOT LIKE '[%' UNION ALL SELECT line, position, record.form, "
        f"record.text, record.number, record.score FROM ({listed})"
    )


def _flat(source: str) -> str:
    """Return the SELECT of a line's members as columns."""
    half = "captureData.{half}.{member}"
    output, request = (
        half.format(half="endpointOutput", member="data"),
        half.format(half="endpointInput", member="data"),
    )

    def member(name: str, part: str) -> str:
        return f"coalesce({half.format(half=part, member=name)}, '')"

    return (
        f"SELECT {output} AS data, {member('encoding', 'endpointOutput')} AS encoding, "
        f"{member('observedContentType', 'endpointOutput')} AS content_type, {request} AS request, "
        f"{member('encoding', 'endpointInput')} AS request_encoding, "
        f"{member('observedContentType', 'endpointInput')} AS request_type, eventMetadata.inferenceId AS inference_id, "
        "eventMetadata.eventId AS event_id, TRY_CAST(eventMetadata.inferenceTime AS TIMESTAMP) AS moment, "
        f"filename AS file, captureData IS NOT NULL OR eventMetadata IS NOT NULL AS readable FROM {source}"
    )


_TRIMMED: Final = r"trim(data, E' \t\r\n')"
# An answer that is one number stays in SQL; one that no double can hold is text.
_BARE_NUMBER: Final = (
    f"CASE WHEN length(data) > {NUMBER_CHARACTERS} OR encoding NOT IN ('CSV', 'JSON', 'TEXT', '') THEN NULL "
    f"WHEN regexp_full_match({_TRIMMED}, '{bodies.NUMBER.pattern}') AND isfinite(TRY_CAST({_TRIMMED} AS DOUBLE)) "
    f"THEN {_TRIMMED} END"
)


def _quoted(path: Path | str) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _batches(files: Sequence[Path]) -> Iterator[tuple[bool, list[Path]]]:
    """Yield files together, plain and compressed apart, empty ones left out."""
    for compressed in (False, True):
        batch, size = list[Path](), 0
        for path in files:
            if is_compressed(path) is not compressed or not (length := path.stat().st_size):
                continue
            batch.append(path)
            size += length
            if size >= BATCH_BYTES:
                yield compressed, batch
                batch, size = [], 0
        if batch:
            yield compressed, batch


_BROKEN: Final = object()


def _value(line: bytes) -> object:
    try:
        return json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        return _BROKEN


def _regular(value: Any) -> dict[str, Any]:  # noqa: ANN401 - parsed JSON
    """Return the members of a captured line that are read, each as text: others may have any form."""
    captured = value.get("captureData")
    halves = {}
    for half in ("endpointInput", "endpointOutput"):
        found = captured.get(half) if isinstance(captured, dict) else None
        if isinstance(found, dict):
            halves[half] = {name: _text(found.get(name)) for name in ("data", "encoding", "observedContentType")}
    metadata = value.get("eventMetadata")
    event = metadata if isinstance(metadata, dict) else {}
    names = ("eventId", "inferenceId", "inferenceTime")
    return {"captureData": halves, "eventMetadata": {name: _text(event.get(name)) for name in names}}


def _text(value: object) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode("utf-8", "replace").decode()


def may_have_stray_commas(path: Path) -> bool:
    """Return whether a file has a comma before a closing bracket, which DuckDB tolerates although it is no JSON."""
    try:
        with _opened(path) as file:
            last = b""
            while block := file.read(SEARCHED_BYTES):
                if any(each in block for each in STRAY_COMMAS) or last + block[:1] in STRAY_COMMAS:
                    return True
                last = block[-1:]
    except (EOFError, zlib.error, OSError):
        return True
    return False


def _opened(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb")) if is_compressed(path) else path.open("rb")


def lines_of(path: Path) -> Iterator[bytes | None]:
    """Yield the lines of a file that are not blank; None for what a cut-off or damaged archive ends with."""
    try:
        with _opened(path) as file:
            for line in file:
                # A byte order mark begins a file, and each of several that were put together.
                if text := line.strip().removeprefix(b"\xef\xbb\xbf").strip():
                    yield text
    except (EOFError, zlib.error, gzip.BadGzipFile):
        yield None
    except OSError as error:
        raise unreadable(path, error) from error


@contextmanager
def engine(reading: Reading, volume: int) -> Iterator[DuckDbEngine]:
    """Run an engine for so many bytes of captured data; its tables are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="inference-experiment-") as folder:
        running = DuckDbEngine(Path(folder), reading, volume)
        try:
            yield running
        finally:
            running.close()
