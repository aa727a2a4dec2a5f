"""Writes captured lines as SageMaker does, for tests."""

import base64
import gzip
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from command_line import Finished, run

PRODUCTION = "AllTraffic"
SHADOW = "Shadow-01"


def npy(values: Any) -> str:
    """Return an array as a model container sends it, in BASE64."""
    file = io.BytesIO()
    np.save(file, np.asarray(values))
    return base64.b64encode(file.getvalue()).decode()


def half(data: Any, encoding: str = "CSV", content_type: str = "") -> dict[str, Any]:
    """Return a captured request or answer."""
    named = content_type or {"CSV": "text/csv", "JSON": "application/json"}.get(encoding, "application/octet-stream")
    return {"observedContentType": named, "mode": "OUTPUT", "data": data, "encoding": encoding}


def line(
    output: Any,
    identifier: str | None = None,
    *,
    event: str | None = None,
    request: Any = "1,2,3",
    time: str = "2026-11-20T10:00:00Z",
    encoding: str = "CSV",
) -> dict[str, Any]:
    """Return a captured line; an answer that is a text has the encoding, None leaves the half out."""
    captured = {}
    if request is not None:
        captured["endpointInput"] = request if isinstance(request, Mapping) else half(request)
    if output is not None:
        captured["endpointOutput"] = output if isinstance(output, Mapping) else half(output, encoding)
    metadata = {"eventId": event, "inferenceId": identifier, "inferenceTime": time}
    present = {name: value for name, value in metadata.items() if value is not None}
    return {"captureData": captured, "eventMetadata": present, "eventVersion": "0"}


def write(folder: Path, variant: str, lines: Iterable[Any], name: str = "2026/11/20/10/00-00.jsonl") -> Path:
    """Write lines, JSON unless they are text or bytes, below the folder of a variant."""
    path = folder / "endpoint" / variant / name
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = [each if isinstance(each, bytes) else _text(each).encode() for each in lines]
    content = b"".join(part + b"\n" for part in parts)
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def captures(place: Path | str, *options: str) -> Finished:
    """Run the command for JSON."""
    return run("captures", str(place), "--production", PRODUCTION, "--shadow", SHADOW, "--format", "json", *options)


def compared(place: Path | str, *options: str) -> Any:
    """Return the document of a comparison that has to succeed."""
    answer = captures(place, *options)
    assert answer.returncode == 0, answer.stderr
    return answer.data()


def both(folder: Path, production: Iterable[Any], shadow: Iterable[Any], **more: Any) -> Path:
    """Write the answers of both variants to the same requests, by inferenceId."""
    for variant, answers in ((PRODUCTION, production), (SHADOW, shadow)):
        lines = [line(answer, f"request-{at}", event=f"{variant}-{at}", **more) for at, answer in enumerate(answers)]
        write(folder, variant, lines)
    return folder
