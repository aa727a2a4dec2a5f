"""Names of the environment variables by which ministack's process, and the functions in it, get our settings."""

from typing import Final

METRICS_URL: Final = "INFERENCE_EXPERIMENT_LOCAL_METRICS_URL"
CLOCK_FILE: Final = "INFERENCE_EXPERIMENT_LOCAL_CLOCK_FILE"
