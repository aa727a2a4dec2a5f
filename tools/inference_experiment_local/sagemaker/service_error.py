"""The errors that the simulated SageMaker answers with; the codes are aws-facts 1.4 and 1.7."""


class ServiceError(Exception):
    """An AWS error: code, message and HTTP status."""

    def __init__(self, code: str, message: str, status_code: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status_code = status_code


def invalid(message: str) -> ServiceError:
    """Return a ValidationException; it is not modelled, but it is what SageMaker answers."""
    return ServiceError("ValidationException", message)


def not_found(arn: str) -> ServiceError:
    """Return the modelled error for a missing experiment; the text is [INF]."""
    return ServiceError("ResourceNotFound", f"Could not find inference experiment '{arn}'.")


def wrong_status(name: str, status: str, allowed: list[str]) -> ServiceError:
    """Return ConflictException, the modelled error for a wrong status (aws-facts 2.2); the text is [INF]."""
    needed = " or ".join(allowed)
    return ServiceError(
        "ConflictException",
        f"Inference experiment {name} is in status {status}; this operation needs {needed}.",
    )
