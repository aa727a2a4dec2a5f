"""The errors of the local AWS itself, and the AWS errors that it simulates; their codes are aws-facts 1.4 and 1.7."""


class LocalAwsError(Exception):
    """The local AWS cannot start, or cannot do what it is called for; the message is one line."""


class PortUnavailable(LocalAwsError):  # noqa: N818 - reads as its message does
    """A port of the loopback is in use, or not allowed."""


class UnusableInput(LocalAwsError):  # noqa: N818 - reads as its message does
    """A template, or code that it names, cannot be read or packaged."""


class StackFailed(LocalAwsError):  # noqa: N818 - named after what CloudFormation calls the outcome
    """A stack operation ended in a failed status; carries the reasons of the events that failed.

    The status is empty where the operation was refused.
    """

    def __init__(self, stack_name: str, status: str, reasons: list[str]) -> None:
        state = f"is in {status}" if status else "cannot be deployed"
        super().__init__(f"stack {stack_name} {state}: " + ("; ".join(reasons) or "no reason given"))
        self.stack_name = stack_name
        self.status = status
        self.reasons = reasons


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
    text = f"Inference experiment {name} is in status {status}; this operation needs {' or '.join(allowed)}."
    return ServiceError("ConflictException", text)
