"""The function's settings: environment variables, which template.yaml sets.

A setting that is wrong never keeps the function from answering, since a stack would wait for an hour: it has its
default, and the log says so.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

POLL_SECONDS: Final = 5.0
MAX_POLL_SECONDS: Final = 300.0
HOST: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


@dataclass(frozen=True)
class Settings:
    """The settings; `problems` are sentences about those that are wrong."""

    queue_url: str
    poll_seconds: float
    response_hosts: frozenset[str]
    problems: tuple[str, ...]


def read(environment: Mapping[str, str]) -> Settings:
    """Return the settings of an environment: WAIT_QUEUE_URL, POLL_SECONDS, RESPONSE_HOSTS."""
    problems: list[str] = []
    queue_url = environment.get("WAIT_QUEUE_URL", "").strip()
    if not queue_host(queue_url):
        problems.append(f"WAIT_QUEUE_URL {_shown(queue_url)}, not the URL of a queue; no request can wait")
    return Settings(
        queue_url=queue_url,
        poll_seconds=_seconds(environment.get("POLL_SECONDS", ""), problems),
        response_hosts=_hosts(environment.get("RESPONSE_HOSTS", ""), problems),
        problems=tuple(problems),
    )


def queue_host(url: str) -> str:
    """Return the host of an http or https URL with a path; an empty text for anything else."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return ""
    return host if parts.scheme in ("http", "https") and parts.path.strip("/") else ""


def _shown(text: str) -> str:
    return f'is "{text[:60]}"' if text else "is empty"


def _seconds(text: str, problems: list[str]) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if 0 < seconds <= MAX_POLL_SECONDS:  # false for NaN too
        return seconds
    problems.append(
        f"POLL_SECONDS {_shown(text)}, not a number of seconds above 0 and up to {MAX_POLL_SECONDS:.0f}; "
        f"{POLL_SECONDS:.0f} is used"
    )
    return POLL_SECONDS


def _hosts(text: str, problems: list[str]) -> frozenset[str]:
    hosts = {host.strip().lower() for host in text.split(",")} - {""}
    wrong = sorted(host for host in hosts if not HOST.fullmatch(host))
    problems += [f"RESPONSE_HOSTS {_shown(host)}, not a host name; it is left out" for host in wrong]
    return frozenset(hosts) - frozenset(wrong)
