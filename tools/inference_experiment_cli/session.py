"""The AWS session that a command works with."""

import os

import boto3
from botocore.exceptions import BotoCoreError

from inference_experiment_cli.errors import ServiceError, UsageError


def open_session(region: str, profile: str) -> boto3.Session:
    """Return a session with region and credentials, and make it boto3's default. Raises UsageError, ServiceError."""
    name = region or os.environ.get("AWS_REGION", "")
    try:
        boto3.setup_default_session(region_name=name or None, profile_name=profile or None)
        session = boto3._get_default_session()  # noqa: SLF001 - what boto3.client uses
        credentials = session.get_credentials()
    except BotoCoreError as error:
        raise UsageError(f"AWS configuration: {error}") from error
    if not session.region_name:
        raise UsageError("no region: pass --region or set AWS_REGION")
    if credentials is None:
        raise ServiceError("no AWS credentials: set AWS_PROFILE, pass --profile, or sign in first")
    return session
