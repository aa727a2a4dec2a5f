"""Results by content: an unchanged template is not linted again, and an unchanged report is not formatted again.

The key of a result is the run and the template (fingerprint, path, content). It is valid while the other files that
were read are unchanged and no time in the template has passed that a rule compares with now. The key of a report is the
run, the format and the names of the templates; it is valid for the same results. Entries are JSON, written in one step;
what cannot be read or written is treated as absent.
"""

import contextlib
import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeAlias

from inference_experiment_cli.lint.files import ABSENT, digest_of, digest_of_file
from inference_experiment_cli.lint.results import TemplateResult

Results: TypeAlias = Mapping[str, TemplateResult]
"""Results by the names of the templates, in their order."""

DAY: Final = timedelta(days=1)
UNUSED_ENTRY_SECONDS: Final = 30 * 24 * 3600.0
"""Seconds after which an unused entry is removed."""
_TIME: Final = re.compile(rb"\d{4}-?\d{2}-?\d{2}[Tt][0-9:.,+\-Zz]+")
_SCHEDULED: Final = re.compile(rb"(?:Start|End)Time\b[\"']?\s*:\s*(?P<literal>[\"']?\d{4}-?\d{2}-?\d{2})?")


class Store:
    """Entries in a folder, by keys."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: str) -> Any:  # noqa: ANN401 - a value of JSON
        """Return an entry and mark it as used; None if it is missing or cannot be read."""
        file = self._file(key)
        with contextlib.suppress(OSError, ValueError):
            entry = json.loads(file.read_bytes())
            os.utime(file)
            return entry
        return None

    def put(self, key: str, entry: object) -> None:
        """Write an entry in one step, if that is possible."""
        file = self._file(key)
        new = file.with_suffix(f".{os.getpid()}.new")
        with contextlib.suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            try:
                new.write_text(json.dumps(entry), encoding="utf-8")
                new.replace(file)
            finally:
                new.unlink(missing_ok=True)

    def prune(self) -> None:
        """Remove unused entries, once a day."""
        mark = self._folder / "pruned"
        with contextlib.suppress(OSError):
            if mark.exists() and mark.stat().st_mtime > time.time() - DAY.total_seconds():
                return
            self._folder.mkdir(parents=True, exist_ok=True)
            mark.touch()
            for file in self._folder.glob("??/*"):
                if file.stat().st_mtime < time.time() - UNUSED_ENTRY_SECONDS:
                    file.unlink()

    def _file(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key[2:]}.json"


class Cache:
    """The results and reports of one fingerprint."""

    def __init__(self, store: Store, fingerprint: str) -> None:
        self._store = store
        self._fingerprint = fingerprint

    def get(self, path: str) -> TemplateResult | None:
        """Return the valid result of a file; None for anything that can be read only once."""
        if not Path(path).is_file():
            return None
        with contextlib.suppress(LookupError, TypeError, AttributeError):
            entry = self._store.get(self._key(path, digest_of_file(Path(path))))
            unchanged = (digest_of_file(Path(name)) == digest for name, digest in entry["reads"].items())
            if entry["until"] > time.time() and all(unchanged):
                result: TemplateResult = entry["result"]
                return result
        return None

    def put(self, path: str, result: TemplateResult) -> None:
        """Store the result of a file, unless a file has changed since it was read."""
        if not Path(path).is_file():
            return
        files = {path: result["digest"], **result["reads"]}
        contents = {name: _content(name) for name in files}
        if any(digest_of(contents[name] or b"") != digest for name, digest in files.items() if digest != ABSENT):
            return
        # A time may be in the template of a nested stack, or passed to it.
        until = valid_until(b"\n".join(content or b"" for content in contents.values()), datetime.now(UTC))
        if until is None:
            return
        entry = {"until": until, "reads": result["reads"], "result": result}
        self._store.put(self._key(path, result["digest"]), entry)

    def report(self, style: str, results: Results) -> str | None:
        """Return the stored report in a format, if it is about these results."""
        with contextlib.suppress(LookupError, TypeError, AttributeError):
            entry = self._store.get(self._report_key(style, results))
            if entry["results"] == _digest_of_results(results):
                return str(entry["text"])
        return None

    def put_report(self, style: str, results: Results, text: str) -> None:
        """Store a report, replacing the one about earlier results for the same templates."""
        self._store.put(self._report_key(style, results), {"results": _digest_of_results(results), "text": text})

    def _key(self, path: str, digest: str) -> str:
        return digest_of(os.fsencode(f"{self._fingerprint}\n{path}\n{digest}"))

    def _report_key(self, style: str, results: Results) -> str:
        return digest_of(json.dumps(["report", self._fingerprint, style, [*results]]).encode())


def _digest_of_results(results: Results) -> str:
    return digest_of(json.dumps([*results.values()]).encode())


def _content(name: str) -> bytes | None:
    try:
        return Path(name).read_bytes()
    except OSError:
        return None


def valid_until(content: bytes, now: datetime) -> float | None:
    """Return when a rule about times may have other findings (epoch seconds); None when that is unknown.

    W9505 compares StartTime and EndTime with now and counts the days since: its findings change when a time in the
    template passes, and every 24 hours after that. A StartTime that is not a literal may be any time.
    """
    scheduled = list(_SCHEDULED.finditer(content))
    if not scheduled:
        return float("inf")
    if any(match["literal"] is None for match in scheduled):
        return None
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + DAY
    return min([midnight, *(_next_change(moment, now) for moment in _times(content))]).timestamp()


def _times(content: bytes) -> Iterator[datetime]:
    for text in _TIME.findall(content):
        with contextlib.suppress(ValueError, OverflowError):
            moment = datetime.fromisoformat(text.decode())
            yield (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def _next_change(moment: datetime, now: datetime) -> datetime:
    return moment if moment > now else now + DAY - (now - moment) % DAY
