"""The AWS session that a command works with."""

import difflib
import os
import re
from collections.abc import Sequence
from typing import Final

import boto3
from botocore.exceptions import (
    BotoCoreError,
    ConfigNotFound,
    ConfigParseError,
    PartialCredentialsError,
    ProfileNotFound,
    UnknownRegionError,
)

from inference_experiment_cli.errors import ServiceError, UsageError
from inference_experiment_cli.foreign_answers import check_answer

REGION: Final = re.compile(
    r"[a-z]{2,4}(-[a-z]+)?-(north|south|east|west|central|north(east|west)|south(east|west))-\d{1,2}"
)
"""The names that regions have, also those that boto3 does not know yet."""
CONFIGURATION_ERRORS: Final = (ConfigNotFound, ConfigParseError, PartialCredentialsError, ProfileNotFound)


def open_session(region: str, profile: str) -> boto3.Session:
    """Return a session with region and credentials, and make it boto3's default. Raises UsageError, ServiceError."""
    name = region or os.environ.get("AWS_REGION", "")
    try:
        boto3.setup_default_session(region_name=name or None, profile_name=profile or None)
        session = boto3._get_default_session()  # noqa: SLF001 - what boto3.client uses
        if not session.region_name:
            raise UsageError("no region: pass --region or set AWS_REGION")
        origin = "--region" if region else "AWS_REGION" if name else "AWS configuration: region"
        check_region(session, session.region_name, origin)
        credentials = session.get_credentials()
    except CONFIGURATION_ERRORS as error:
        raise UsageError(f"AWS configuration: {error}") from error
    except BotoCoreError as error:
        raise ServiceError(f"AWS credentials: {error}") from error
    if credentials is None:
        raise ServiceError("no AWS credentials: set AWS_PROFILE, pass --profile, or sign in first")
    session.events.register("before-parse", check_answer)
    return session


def check_region(session: boto3.Session, name: str, origin: str) -> None:
    """Raise UsageError for a region that cannot exist; `origin` is where it was written."""
    try:
        if REGION.fullmatch(name) and session.get_partition_for_region(name):
            return
    except UnknownRegionError:
        pass
    known = [each for one in session.get_available_partitions() for each in session.get_available_regions("ec2", one)]
    near = _nearest(name.lower().replace("_", "-"), known)
    advice = f"did you mean {near}?" if near else "write it as us-east-1"
    raise UsageError(f"{origin} {name}: no such region; {advice}")


def _nearest(name: str, known: Sequence[str]) -> str | None:
    """Return the region that a name is most likely meant for: the same letters in another order come first."""
    near = difflib.get_close_matches(name, sorted(known), n=10)
    ratio = difflib.SequenceMatcher(b=name)

    def distance(region: str) -> tuple[bool, float, str]:
        ratio.set_seq1(region)
        return sorted(region) != sorted(name), -ratio.ratio(), region

    return min(near, key=distance, default=None)
