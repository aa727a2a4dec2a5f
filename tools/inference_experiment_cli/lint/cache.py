"""Results by content: an unchanged template is not linted again.

The key of an entry is the run and the template (fingerprint, path, content). It is valid while the other files that
were read are unchanged and no time in the template has passed that a rule compares with now. Entries are JSON, written
in one step; what cannot be read or written is treated as absent.
"""

import contextlib
import json
import os
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from inference_experiment_cli.lint.engine import TemplateResult, digest_of, digest_of_file

DAY: Final = timedelta(days=1)
UNUSED_ENTRY_SECONDS: Final = 30 * 24 * 3600.0
"""Seconds after which an unused entry is removed."""
_TIME: Final = re.compile(rb"\d{4}-?\d{2}-?\d{2}[Tt][0-9:.,+\-Zz]+")
_SCHEDULED: Final = re.compile(rb"(?:Start|End)Time\b[\"']?\s*:\s*(?P<literal>[\"']?\d{4}-?\d{2}-?\d{2})?")


class Cache:
    """The entries of one fingerprint in a folder."""

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self._folder = folder
        self._fingerprint = fingerprint

    def key(self, path: str, digest: str) -> str:
        """Return the key of the result for a template's content."""
        return digest_of(os.fsencode(f"{self._fingerprint}\n{path}\n{digest}"))

    def get(self, key: str) -> TemplateResult | None:
        """Return a valid result."""
        file = self._file(key)
        with contextlib.suppress(OSError, ValueError, LookupError, TypeError, AttributeError):
            entry = json.loads(file.read_bytes())
            unchanged = (digest_of_file(Path(name)) == digest for name, digest in entry["reads"].items())
            if entry["until"] > time.time() and all(unchanged):
                result: TemplateResult = entry["result"]
                os.utime(file)
                return result
        return None

    def put(self, path: str, result: TemplateResult) -> None:
        """Store a result, unless a file has changed since it was read."""
        files = {path: result["digest"], **result["reads"]}
        contents = {name: _content(name) for name in files}
        if any(digest_of(contents[name] or b"") != digest for name, digest in files.items() if digest != "absent"):
            return
        # A time may be in the template of a nested stack, or passed to it.
        until = valid_until(b"\n".join(content or b"" for content in contents.values()), datetime.now(UTC))
        if until is None:
            return
        entry = {"until": until, "reads": result["reads"], "result": result}
        file = self._file(self.key(path, result["digest"]))
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
