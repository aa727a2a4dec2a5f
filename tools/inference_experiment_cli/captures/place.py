"""Where captured data are: a folder or an S3 prefix that holds, at some depth, a folder for each variant.

SageMaker writes destination/endpoint/variant/yyyy/mm/dd/hh/*.jsonl. Files are told apart by the folder that has the
variant's whole name, so that Shadow-1 is not taken for Shadow-10.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any, Final

from inference_experiment_cli.captures.downloads import download
from inference_experiment_cli.errors import Place, UsageError, unreadable

SUFFIXES: Final = (".jsonl", ".jsonl.gz")
GZIP: Final = b"\x1f\x8b"
S3: Final = re.compile(r"s3://([^/]+)/?(.*)")
HOUR: Final = re.compile(r"(?:^|/)(\d{4})/(\d{2})/(\d{2})/(\d{2})(?:/|$)")


@dataclass(frozen=True)
class Variants:
    """The names of the two variants."""

    production: str
    shadow: str

    def __iter__(self) -> Any:  # noqa: ANN401 - an iterator of names
        return iter((self.production, self.shadow))


@dataclass(frozen=True)
class Period:
    """From when to when requests were made; None where it is open."""

    start: datetime | None = None
    end: datetime | None = None

    def may_hold(self, path: str) -> bool:
        """Return whether the file of an hour can have requests of this time; a path without an hour can."""
        found = HOUR.search(path)
        if found is None:
            return True
        try:
            hour = datetime.strptime("".join(found.groups()), "%Y%m%d%H").replace(tzinfo=UTC)
        except ValueError:
            return True
        # Captured data are written with a delay, below the hour of the writing.
        begins_late = self.end is not None and hour > self.end + timedelta(hours=1)
        return not (begins_late or (self.start is not None and hour + timedelta(hours=1) < self.start))


@dataclass(frozen=True)
class CapturedFiles:
    """The files of both variants, below one place."""

    place: str
    production: tuple[Path, ...]
    shadow: tuple[Path, ...]

    @property
    def volume(self) -> int:
        """Their size in bytes."""
        return sum(path.stat().st_size for path in (*self.production, *self.shadow))


@dataclass(frozen=True)
class CapturedObjects:
    """The objects of both variants in S3, by the rest of their keys: entity tag and size."""

    bucket: str
    prefix: str
    variants: Variants
    present: Mapping[str, tuple[str, int]]
    production: Sequence[str]
    shadow: Sequence[str]

    def location(self, side: str) -> str:
        """Return the s3:// address of the variant's folder; nothing for one without objects."""
        names: Sequence[str] = getattr(self, side)
        found = _variant_folder(names[0].rpartition("/")[0], self.variants) if names else None
        if found is None:
            return ""
        variant, parent = found
        return f"s3://{self.bucket}/{self.prefix}{parent}{'/' if parent else ''}{variant}/"

    def hours(self, side: str) -> tuple[str, str] | None:
        """Return the first and last hour to read, as yyyy/mm/dd/hh; None where all objects of the folder are read."""
        folder = self.location(side).removeprefix(f"s3://{self.bucket}/{self.prefix}")
        below = [name.removeprefix(folder) for name in self.present if name.startswith(folder)]
        names = [name.removeprefix(folder) for name in getattr(self, side)]
        found = [HOUR.match(name.rpartition("/")[0]) for name in names]
        hours = sorted("/".join(each.groups()) for each in found if each is not None and each.end() == each.endpos)
        return (hours[0], hours[-1]) if len(hours) == len(names) < len(below) else None


def is_compressed(path: Path) -> bool:
    """Return whether a file is gzip, whatever its name says. Raises UsageError."""
    try:
        with path.open("rb") as file:
            return file.read(len(GZIP)) == GZIP
    except OSError as error:
        raise unreadable(path, error) from error


def locate(place: str, variants: Variants, period: Period, client: Callable[[], Any]) -> CapturedFiles:
    """Return the files of both variants; those in S3 are downloaded first. Raises UsageError, and boto3's errors."""
    _check_different(variants)
    if S3.fullmatch(place) is None:
        root = Path(place)
        if not root.is_dir():
            raise UsageError("no such folder; pass a folder or s3://BUCKET/PREFIX", Place(place))
        folders, files = _listed(root)
        chosen = _choose(place, folders, [each for each in files if period.may_hold(each)], variants)
        return CapturedFiles(place, *(tuple(root / each for each in names) for names in chosen))
    objects = locate_objects(place, variants, period, client)
    wanted = {each: objects.present[each] for each in (*objects.production, *objects.shadow)}
    local = download(client(), objects.bucket, objects.prefix, wanted)
    return CapturedFiles(
        place, *(tuple(local[each] for each in names) for names in (objects.production, objects.shadow))
    )


def locate_objects(place: str, variants: Variants, period: Period, client: Callable[[], Any]) -> CapturedObjects:
    """Return the objects of both variants in S3. Raises UsageError, and boto3's errors."""
    _check_different(variants)
    bucket = S3.fullmatch(place)
    if bucket is None:
        raise UsageError("no s3:// address; Athena reads S3 only, --engine duckdb folders too", Place(place))
    name, prefix = bucket.groups()
    prefix = prefix.rstrip("/") + "/" if prefix.strip("/") else ""
    objects = _objects(client(), name, prefix)
    folders = {str(parent) for each in objects for parent in PurePosixPath(each).parents}
    chosen = _choose(place, folders, [each for each in objects if period.may_hold(each)], variants)
    return CapturedObjects(name, prefix, variants, objects, *chosen)


def _check_different(variants: Variants) -> None:
    if variants.production == variants.shadow:
        raise UsageError(f"--production and --shadow are both {variants.shadow}; name two variants")


def _listed(root: Path) -> tuple[set[str], list[str]]:
    paths = sorted(root.rglob("*"))
    folders = {each.relative_to(root).as_posix() for each in paths if each.is_dir()}
    return folders, [each.relative_to(root).as_posix() for each in paths if _is_captured(each.name) and each.is_file()]


def _is_captured(name: str) -> bool:
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")


def _objects(client: Any, bucket: str, prefix: str) -> dict[str, tuple[str, int]]:  # noqa: ANN401 - a client
    """Return the objects below a prefix, by the rest of their keys: entity tag and size."""
    found = {}
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for each in page.get("Contents", ()):
            key = each["Key"]
            if _is_captured(key.rsplit("/", 1)[-1]):
                found[key.removeprefix(prefix)] = (each["ETag"].strip('"'), each["Size"])
    return dict(sorted(found.items()))


def _variant_folder(path: str, variants: Variants) -> tuple[str, str] | None:
    """Return the variant whose folder holds a path, and what holds that folder; the deepest such folder decides."""
    parts = path.split("/")
    for at in range(len(parts) - 1, -1, -1):
        if parts[at] in (variants.production, variants.shadow):
            return parts[at], "/".join(parts[:at])
    return None


def _choose(
    place: str, folders: Iterable[str], files: Iterable[str], variants: Variants
) -> tuple[list[str], list[str]]:
    parents: dict[str, set[str]] = {name: set() for name in variants}
    for folder in folders:
        found = _variant_folder(folder, variants)
        if found is not None:
            parents[found[0]].add(found[1])
    _check_present(place, folders, parents)
    both = parents[variants.production] & parents[variants.shadow]
    groups = {name: both or parents[name] for name in variants}
    for group in groups.values():
        if len(group) > 1:
            raise UsageError(
                f"captured data of several endpoints: {', '.join(sorted(group)[:5])}; name one", Place(place)
            )
    chosen: dict[str, list[str]] = {name: [] for name in variants}
    for file in files:
        found = _variant_folder(file.rpartition("/")[0], variants)
        if found is not None and found[1] in groups[found[0]]:
            chosen[found[0]].append(file)
    return chosen[variants.production], chosen[variants.shadow]


def _check_present(place: str, folders: Iterable[str], parents: Mapping[str, set[str]]) -> None:
    missing = [name for name, found in parents.items() if not found]
    if missing:
        names = sorted({part for each in folders for part in each.split("/") if not part.isdecimal() and part != "."})
        present = f"; there are {', '.join(names[:8])}" if names else ""
        raise UsageError(f"no folder {' and no folder '.join(missing)}{present}", Place(place))
