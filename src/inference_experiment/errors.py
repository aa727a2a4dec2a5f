"""The errors that can end a request; each becomes the Reason of a FAILED response."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

Keys = tuple[str | int, ...]


@dataclass(frozen=True)
class Finding:
    """One error in the properties, at `keys` (such as Tags, 0, Key).

    `related` are other values that it depends on. With `of_name` it is about the name of the property, not its value.
    """

    keys: Keys
    message: str
    related: tuple[Keys, ...] = ()
    of_name: bool = False

    @property
    def path(self) -> str:
        """The keys as messages show them: Tags/0/Key."""
        return "/".join(map(str, self.keys))

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class ExperimentError(Exception):
    """Base class. Its text is shown in the stack's events."""

    retryable: ClassVar[bool] = False


@dataclass(frozen=True)
class Failure:
    """An error as a value: what the machine keeps and the answer shows.

    `permission` is the action that IAM denies, `detail` what AWS says of that, `state` what a deadline interrupted.
    """

    kind: type["ExperimentError"]
    reason: str
    permission: str = ""
    detail: str = ""
    state: str = ""

    @classmethod
    def of(cls, error: "ExperimentError") -> "Failure":
        """Return the failure that an error stands for."""
        if isinstance(error, AccessDenied):
            return cls(type(error), str(error), permission=error.action, detail=error.detail)
        return cls(type(error), str(error), state=error.state if isinstance(error, DeadlineExceeded) else "")

    @property
    def retryable(self) -> bool:
        """Whether the same call may succeed later."""
        return self.kind.retryable

    def __str__(self) -> str:
        return self.reason


class InvalidProperties(ExperimentError):  # noqa: N818 - named as CloudFormation names its error codes
    """The properties break a constraint. All findings are reported at once."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        count = f"{len(self.findings)} invalid properties: " if len(self.findings) > 1 else "Invalid property: "
        super().__init__(count + "; ".join(str(finding) for finding in self.findings))


class NotUpdatable(ExperimentError):  # noqa: N818
    """The experiment's status or SageMaker's API does not allow the change. Nothing was changed."""


class AlreadyExists(ExperimentError):  # noqa: N818
    """An experiment of that name exists and was not created by this request."""


class NotFound(ExperimentError):  # noqa: N818
    """SageMaker has no such experiment, endpoint or model."""


class Conflict(ExperimentError):  # noqa: N818
    """SageMaker refuses the operation in the current status, which may be about to change."""

    retryable = True


class AccessDenied(ExperimentError):  # noqa: N818
    """IAM denies a call. `action` is the missing permission, `detail` the answer of AWS."""

    def __init__(self, action: str, detail: str) -> None:
        self.action = action
        self.detail = detail
        super().__init__(f"The provider's role may not {action}: {detail}")


class Throttled(ExperimentError):  # noqa: N818
    """AWS throttled the call."""

    retryable = True


class Unavailable(ExperimentError):  # noqa: N818
    """A server error or a broken connection outlasted botocore's retries. The call may have had an effect."""

    retryable = True


class LimitExceeded(ExperimentError):  # noqa: N818
    """A service quota is exceeded."""


class Refused(ExperimentError):  # noqa: N818
    """AWS refuses the request for another reason."""


class UnexpectedStatus(ExperimentError):  # noqa: N818
    """The status is unknown to this version, or is not the result of what was done."""


class Overtaken(ExperimentError):  # noqa: N818
    """CloudFormation no longer waits for the request, or may not. Nothing more was changed."""


class DeadlineExceeded(ExperimentError):  # noqa: N818
    """CloudFormation is about to stop waiting. `state` is what was still to be done or to happen."""

    def __init__(self, state: str) -> None:
        self.state = state
        super().__init__(f"{state} when ServiceTimeout was about to expire. Raise ServiceTimeout or check the endpoint")
