"""The errors of the local AWS itself, as opposed to the AWS errors that it simulates."""


class LocalAwsError(Exception):
    """The local AWS cannot start, or cannot do what it is called for; the message is one line."""


class PortUnavailable(LocalAwsError):  # noqa: N818 - reads as its message does
    """A port of the loopback is in use, or not allowed."""


class StackFailed(LocalAwsError):  # noqa: N818 - named after what CloudFormation calls the outcome
    """A stack operation ended in a failed status; carries the reasons of the events that failed."""

    def __init__(self, stack_name: str, status: str, reasons: list[str]) -> None:
        super().__init__(f"stack {stack_name} is in {status}: " + ("; ".join(reasons) or "no reason given"))
        self.stack_name = stack_name
        self.status = status
        self.reasons = reasons
