"""The AWS account that a command works on: session and region, and what it refuses. Imports nothing heavy."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from inference_experiment.errors import AccessDenied, DeadlineExceeded, ExperimentError
from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.output import fail

if TYPE_CHECKING:
    import boto3


def open_session(region: str, profile: str) -> "boto3.Session":
    """Return a session that has a region and credentials, also boto3's default from now on. Raises UsageError."""
    import boto3  # noqa: PLC0415 - keeps --help fast
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415

    wanted = region or os.environ.get("AWS_REGION", "")
    try:
        boto3.setup_default_session(region_name=wanted or None, profile_name=profile or None)
        session = boto3._get_default_session()  # noqa: SLF001 - what boto3.client uses
        credentials = session.get_credentials()
    except BotoCoreError as error:
        raise UsageError(f"AWS configuration: {error}") from error
    if not session.region_name:
        raise UsageError("no region: give --region or set AWS_REGION")
    if credentials is None:
        raise UsageError("no AWS credentials: set AWS_PROFILE, give --profile, or sign in first")
    return session


def explain(error: ExperimentError) -> str:
    """Return an error's text for somebody at a desk: the family speaks to readers of stack events."""
    if isinstance(error, AccessDenied):
        return f"your credentials do not allow {error.action}: {error.detail}"
    if isinstance(error, DeadlineExceeded):
        return f"{error.state} when --timeout expired; continue with inference-experiment watch or check the endpoint"
    return str(error)


@contextmanager
def answering() -> Iterator[None]:
    """End the command with one line and exit code 1 when AWS refuses or does not answer."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        yield
    except ExperimentError as error:
        fail(explain(error))
    except ClientError as error:
        details: Any = error.response.get("Error", {})
        fail(f"{error.operation_name}: {details.get('Message', 'no message')} ({details.get('Code', 'no code')})")
    except BotoCoreError as error:
        fail(str(error))
