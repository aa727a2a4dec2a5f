"""boto3 sessions that do not read the machine's AWS configuration.

No profile, no files, dummy credentials.
"""

import os

import boto3
import botocore.session

ACCESS_KEY = "test"
"""Anything would do for moto; for ministack this one is the root user."""


def isolated_session(region: str) -> boto3.Session:
    """Return a session with dummy credentials.

    A profile or a configuration file of the user plays no part.
    """
    core = botocore.session.Session(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )
    return boto3.Session(
        botocore_session=core,
        region_name=region,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=ACCESS_KEY,
    )
