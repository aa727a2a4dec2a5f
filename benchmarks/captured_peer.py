"""Compare captured predictions as AWS's example notebook does, with pandas; runs in an environment of its own.

    python captured_peer.py FOLDER PRODUCTION SHADOW LABELS

The lines become a frame, the members of their objects columns, the answers arrays; the frames are joined by
inference_id, and scikit-learn judges both variants against the labels.
"""

import base64
import importlib
import io
import json
import sys
from pathlib import Path
from typing import Any


def frame(folder: Path) -> Any:  # noqa: ANN401 - pandas has no types here
    """Return the captured lines of a variant."""
    numpy, pandas = importlib.import_module("numpy"), importlib.import_module("pandas")
    files = sorted(folder.rglob("*.jsonl"))
    lines = pandas.concat((pandas.read_json(file, lines=True, dtype=False) for file in files), ignore_index=True)
    lines["inference_id"] = lines.eventMetadata.apply(lambda each: each["inferenceId"])
    outputs = lines.captureData.apply(lambda each: each["endpointOutput"]["data"])
    lines["prediction"] = outputs.apply(lambda data: int(numpy.load(io.BytesIO(base64.b64decode(data)))[0]))
    return lines


def main(folder: str, production: str, shadow: str, labels: str) -> None:
    """Print accuracy and F1 of both variants, and their agreement."""
    pandas, metrics = importlib.import_module("pandas"), importlib.import_module("sklearn.metrics")
    both = frame(Path(folder, production)).merge(frame(Path(folder, shadow)), on="inference_id")
    both = both.merge(pandas.read_csv(labels, dtype=str), left_on="inference_id", right_on="id")
    target = both.target.astype(int)
    found = {
        "pairs": len(both),
        "agreement": metrics.accuracy_score(both.prediction_x, both.prediction_y),
        "accuracy": [metrics.accuracy_score(target, both[name]) for name in ("prediction_x", "prediction_y")],
        "f1": [metrics.f1_score(target, both[name]) for name in ("prediction_x", "prediction_y")],
    }
    metrics.confusion_matrix(both.prediction_x, both.prediction_y)
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
