"""Captured data of a test's synthetic traffic, as SageMaker's data capture writes it.

Nothing was inferred: requests and predictions are invented, and every line says so in its customAttributes. They depend
only on the experiment's name, the number of the request and the model, so that two runs agree. The form of keys and
lines is aws-facts 10; that the variants share an inferenceId and not an eventId is [INF].
"""

import base64
import json
import math
import random
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Final

from inference_experiment_local.sagemaker.experiment import SimulatedExperiment
from inference_experiment_local.service import Members

MARK: Final = "synthetic: invented by the local AWS"
REQUESTS: Final = 300
"""Requests of each stretch of time, however long: a demonstration of seconds has enough of them to compare."""
COUNTRIES: Final = ("DE", "FR", "IN", "JP", "US")
MODEL_BIAS, MODEL_NOISE = 0.1, 0.15
FRAUD: Final = 0.5


@dataclass(frozen=True)
class CapturedObject:
    """An object for S3."""

    bucket: str
    key: str
    body: bytes


Sink = Callable[[CapturedObject], None]


@dataclass(frozen=True)
class _Request:
    """One request of the endpoint's callers; `copied` is whether the shadow variant got it too."""

    seed: str
    time: datetime
    copied: bool
    features: Mapping[str, Any]

    @classmethod
    def of(cls, experiment: str, number: int, time: float, sampling: float) -> "_Request":
        seed = f"{experiment}/{number}"
        chance = random.Random(seed)  # noqa: S311 - not for secrets
        features = {
            "id": number,
            "amount": round(math.exp(chance.gauss(4, 1)), 2),
            "hour": chance.randrange(24),
            "country": chance.choice(COUNTRIES),
            "distance_km": round(chance.expovariate(1 / 80), 1),
        }
        return cls(seed, datetime.fromtimestamp(time, UTC), chance.uniform(0, 100) < sampling, features)

    def prediction(self, model: str) -> dict[str, Any]:
        """Return what a model answers: each has a small bias of its own, and some noise."""
        risk = math.log(self.features["amount"]) + self.features["distance_km"] / 80 - 5.5
        risk += 0.5 if self.features["hour"] < 6 else 0  # noqa: PLR2004 - at night
        risk += random.Random(model).uniform(-MODEL_BIAS, MODEL_BIAS)  # noqa: S311
        risk += random.Random(f"{self.seed}/{model}").gauss(0, MODEL_NOISE)  # noqa: S311
        score = 1 / (1 + math.exp(-risk))
        return {"label": "fraud" if score > FRAUD else "ok", "score": round(score, 4)}

    def id_of(self, what: str) -> str:
        """Return an identifier that is always the same for the same request."""
        return str(uuid.UUID(int=random.Random(f"{self.seed}/{what}").getrandbits(128), version=4))  # noqa: S311


def captured_data(experiment: SimulatedExperiment, begin: float, end: float, first: int) -> Iterator[CapturedObject]:
    """Yield what is captured from `begin` to `end` (epoch seconds): an object per variant and hour.

    `first` is the number of the first request. Nothing without a DataStorageConfig on S3.
    """
    storage = experiment.request.get("DataStorageConfig") or {}
    scheme, _, place = storage.get("Destination", "").partition("://")
    bucket, _, prefix = place.partition("/")
    if scheme != "s3" or not bucket:
        return
    shadow = experiment.request["ShadowModeConfig"]["ShadowModelVariants"][0]
    times = (begin + (end - begin) * (position + 0.5) / REQUESTS for position in range(REQUESTS))
    requests = [
        _Request.of(experiment.name, first + position, time, shadow["SamplingPercentage"])
        for position, time in enumerate(times)
    ]
    for name, variant in experiment.variants().items():
        received = [each for each in requests if each.copied or name != shadow["ShadowModelVariantName"]]
        for hour, group in groupby(received, key=lambda each: each.time.strftime("%Y/%m/%d/%H")):
            of_hour = list(group)
            moment = of_hour[0].time
            file = f"{moment:%M-%S}-{moment.microsecond // 1000:03}-{of_hour[0].id_of(f'file/{name}')}.jsonl"
            key = "/".join([*filter(None, (prefix.strip("/"),)), experiment.endpoint_name, name, hour, file])
            lines = (json.dumps(_line(each, name, variant.model_name, storage)) for each in of_hour)
            yield CapturedObject(bucket, key, "".join(f"{line}\n" for line in lines).encode())


def _line(request: _Request, variant: str, model: str, storage: Members) -> Members:
    return {
        "captureData": {
            "endpointInput": _half(request.features, "INPUT", storage),
            "endpointOutput": _half(request.prediction(model), "OUTPUT", storage),
        },
        "eventMetadata": {
            "eventId": request.id_of(f"event/{variant}"),
            "customAttributes": [MARK],
            "inferenceId": request.id_of("inference"),
            "inferenceTime": request.time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
        "eventVersion": "0",
    }


def _half(values: Mapping[str, Any], mode: str, storage: Members) -> Members:
    """Return a request or a response in the first content type that is captured as text, else in base64."""
    types = storage.get("ContentType") or {}
    as_json, as_csv = types.get("JsonContentTypes") or [], types.get("CsvContentTypes") or []
    data = json.dumps(values) if as_json or not as_csv else ",".join(map(str, values.values()))
    encoding = "JSON" if as_json else "CSV" if as_csv else "BASE64"
    if encoding == "BASE64":
        data = base64.b64encode(data.encode()).decode()
    content_type = next(iter([*as_json, *as_csv]), "application/json")
    return {"observedContentType": content_type, "mode": mode, "data": data, "encoding": encoding}
