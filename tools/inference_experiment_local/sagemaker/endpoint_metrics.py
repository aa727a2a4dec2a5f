"""Metrics of the endpoints of the simulated SageMaker, for as long as they have had traffic.

Each model behaves a little differently. Environment variables of a model's container change that, to see how a report
or PromotionCriteria judge a worse shadow: LOCAL_AWS_LATENCY_MS (median), LOCAL_AWS_ERROR_RATE (a share, up to 1) and
LOCAL_AWS_REQUESTS_PER_MINUTE (of the endpoint).
"""

import random
from typing import Final

from inference_experiment_local.sagemaker.local_sagemaker import LocalSageMaker, Traffic
from inference_experiment_local.sagemaker.metrics import Behaviour, LocalMetrics, Stretch
from inference_experiment_local.service import Members

LATENCY: Final = "LOCAL_AWS_LATENCY_MS"
ERROR_RATE: Final = "LOCAL_AWS_ERROR_RATE"
REQUESTS: Final = "LOCAL_AWS_REQUESTS_PER_MINUTE"
_USUAL: Final = Behaviour()


class EndpointMetrics(LocalMetrics):
    """CloudWatch's GetMetricData about the endpoints of one SageMaker, by its clock."""

    def __init__(self, sagemaker: LocalSageMaker) -> None:
        super().__init__(sagemaker.clock)
        self._sagemaker = sagemaker

    def stretches(self, endpoint: str, variant: str) -> list[Stretch]:
        """Return when a variant has had traffic, oldest first; none for an unknown one."""
        times = self._sagemaker.traffic(endpoint, variant)
        return [Stretch(self._behaviour(each), each.since, each.until) for each in times]

    def _behaviour(self, traffic: Traffic) -> Behaviour:
        environment = self._sagemaker.model_environment(traffic.model_name)
        chance = random.Random(traffic.model_name)  # noqa: S311 - not for secrets
        latency = _USUAL.latency_ms * chance.uniform(0.97, 1.03)
        requests = _number(environment, REQUESTS, _USUAL.requests_per_minute)
        return Behaviour(
            requests_per_minute=requests * traffic.share,
            latency_ms=_number(environment, LATENCY, latency),
            error_rate=min(1.0, _number(environment, ERROR_RATE, _USUAL.error_rate)),
            utilisation={**_USUAL.utilisation, "CPUUtilization": 55.0 * chance.uniform(0.8, 1.1)},
        )


def _number(environment: Members, name: str, usual: float) -> float:
    try:
        return max(0.0, float(environment[name]))
    except (KeyError, ValueError):
        return usual
