"""boto3 sessions and processes that do not read the machine's AWS configuration, with dummy credentials."""

import os

import boto3
import botocore.session

ACCESS_KEY = "test"
"""Anything would do for moto; for ministack this one is the root user."""


def isolated_environment(region: str) -> dict[str, str]:
    """Return variables with a region and dummy credentials that keep the machine's AWS configuration away."""
    return {
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": ACCESS_KEY,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def isolated_session(region: str) -> boto3.Session:
    """Return a session with dummy credentials; the user's profile and configuration files play no part."""
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
