"""What only the local AWS can do: move its clock. An AWS service in form, which no other page of a browser can call."""

import threading

from inference_experiment_local.errors import ServiceError
from inference_experiment_local.sagemaker.local_sagemaker import LocalSageMaker
from inference_experiment_local.service import AwsService, Members

MAXIMUM_SECONDS = 366 * 86_400.0


class Control(AwsService):
    """Operations: Status, and AdvanceClock by Seconds, which returns the experiments whose status it has changed."""

    def __init__(self, sagemaker: LocalSageMaker) -> None:
        super().__init__(sagemaker.clock)
        self._sagemaker = sagemaker
        self._advancing = threading.Lock()

    def perform(self, operation: str, parameters: Members) -> Members:
        """Perform an operation; raises ServiceError."""
        if operation == "Status":
            return {"Time": self.clock.now(), "Experiments": self._sagemaker.statuses()}
        if operation == "AdvanceClock":
            return self._advance(float(parameters["Seconds"]))
        raise ServiceError("UnknownOperationException", f"the local AWS has no operation {operation}")

    def _advance(self, seconds: float) -> Members:
        if not 0 <= seconds <= MAXIMUM_SECONDS:
            raise ServiceError("ValidationException", "the clock can be moved by at most 366 days, and not back")
        with self._advancing:
            before = self._sagemaker.statuses()
            self.clock.advance(seconds)
            after = self._sagemaker.statuses()
        changes = [
            {"Name": name, "From": before.get(name, ""), "To": status}
            for name, status in sorted(after.items())
            if before.get(name) != status
        ]
        return {"Time": self.clock.now(), "Changes": changes}
