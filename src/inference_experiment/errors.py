"""The closed family of errors that can end a request: each becomes the Reason of a FAILED response."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with the properties: where (`path`, such as Tags/0/Key) and what to do."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class ExperimentError(Exception):
    """Base of the family; never raised itself. Its text is written for the person who reads the stack's events."""


class InvalidProperties(ExperimentError):  # noqa: N818 - named as CloudFormation names its error codes
    """The properties break a constraint. All findings are reported at once."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        count = f"{len(self.findings)} invalid properties: " if len(self.findings) > 1 else "Invalid property: "
        super().__init__(count + "; ".join(str(finding) for finding in self.findings))


class NotUpdatable(ExperimentError):  # noqa: N818
    """The experiment's status or SageMaker's API does not allow the change. Nothing was changed."""


class AlreadyExists(ExperimentError):  # noqa: N818
    """An experiment of that name exists and was not made by this request."""


class NotFound(ExperimentError):  # noqa: N818
    """SageMaker has no such experiment, endpoint or model."""


class Conflict(ExperimentError):  # noqa: N818
    """SageMaker refuses the operation in the present status; worth another look at the status."""


class AccessDenied(ExperimentError):  # noqa: N818
    """IAM refuses; the text names the action."""


class Throttled(ExperimentError):  # noqa: N818
    """AWS refuses since too many ask; nothing is wrong with the request, so it is asked again, more slowly."""


class Unavailable(ExperimentError):  # noqa: N818
    """A server error or a broken connection outlasted botocore's retries. Nobody knows whether the call was made."""


class LimitExceeded(ExperimentError):  # noqa: N818
    """A service quota is used up."""


class Refused(ExperimentError):  # noqa: N818
    """SageMaker's own validation refuses the request, or answers with a code that we do not know."""


class UnexpectedStatus(ExperimentError):  # noqa: N818
    """The experiment is in a status that contradicts what was done, or that this version does not know."""


class DeadlineExceeded(ExperimentError):  # noqa: N818
    """CloudFormation is about to stop waiting."""
