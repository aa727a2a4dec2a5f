"""The settings by which any AWS client finds the local AWS: for a shell, for an env file, and as a profile."""

import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from inference_experiment_cli.errors import Place, UsageError, unreadable, unwritable

if TYPE_CHECKING:
    from inference_experiment_local.state_folder import RunningProcess, StateFolder

PROFILE: Final = "local"
MARK: Final = "# written by inference-experiment local"
_REGION: Final = "us-east-1"
_KEY: Final = "test"
_PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_LOOPBACK: Final = "localhost,127.0.0.1"
# These would come before the exports, or go with them where they must not.
_DISTURBING: Final = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")


def variables(folder: "StateFolder", running: "RunningProcess") -> dict[str, str]:
    """Return the environment variables; AWS_ENDPOINT_URL alone suffices for all services."""
    values = {
        "AWS_ENDPOINT_URL": running.url,
        "AWS_ENDPOINT_URL_SAGEMAKER": running.url,
        "AWS_CA_BUNDLE": str(folder.ca_file),
        "NODE_EXTRA_CA_CERTS": str(folder.ca_file),
        "AWS_ACCESS_KEY_ID": _KEY,
        "AWS_SECRET_ACCESS_KEY": _KEY,
        "AWS_REGION": _REGION,
        "AWS_DEFAULT_REGION": _REGION,
    }
    if any(os.environ.get(name) or os.environ.get(name.lower()) for name in _PROXIES):
        present = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
        values["NO_PROXY"] = present if _LOOPBACK in present else ",".join(filter(None, (present, _LOOPBACK)))
    return values


def shell_lines(values: Mapping[str, str]) -> str:
    """Return the lines for eval: exports, and what has to be unset in this shell."""
    others = [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL_") and name not in values]
    unset = [name for name in (*_DISTURBING, *sorted(others)) if os.environ.get(name)]
    lines = [f"export {name}={shlex.quote(value)}" for name, value in values.items()]
    if unset:
        lines.append(f"unset {' '.join(unset)}")
    return "".join(f"{line}\n" for line in lines)


def env_file_text(values: Mapping[str, str]) -> str:
    """Return NAME=VALUE lines, as docker --env-file and dotenv read them."""
    return "".join(f"{name}={value}\n" for name, value in values.items())


def write_config_file(folder: "StateFolder", running: "RunningProcess") -> None:
    """Write a configuration file of its own, with the profile and as default."""
    sections = (_section(name, folder, running) for name in ("default", f"profile {PROFILE}"))
    _write(folder.config_file, "\n".join(sections))


def write_profile(name: str, folder: "StateFolder", running: "RunningProcess") -> Path:
    """Add a profile to the user's AWS configuration, or renew the one that it has; returns the file.

    Raises UsageError, also for a profile of that name which is somebody else's.
    """
    if not re.fullmatch(r"[A-Za-z0-9._@:+-]+", name):
        raise UsageError(f"--write-profile {name}: not a name of a profile; use letters, digits, dots and hyphens")
    path = Path(os.environ.get("AWS_CONFIG_FILE") or "~/.aws/config")
    try:
        path = path.expanduser()
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        text = ""
    except RuntimeError as error:
        raise UsageError("--write-profile: there is no home folder; set AWS_CONFIG_FILE") from error
    except OSError as error:
        raise unreadable(path, error) from error
    header = "default" if name == "default" else f"profile {name}"
    before, old, after = _divided(text, header)
    if old and MARK not in old:
        raise UsageError(f"has a profile {name} already; choose another name for --write-profile", Place(str(path)))
    separator = "\n" if before and not before.endswith("\n\n") else ""
    _write(path, before + separator + _section(header, folder, running) + ("\n" + after if after else ""))
    return path


def _divided(text: str, header: str) -> tuple[str, str, str]:
    """Return the text before, of and after a section."""
    begin = re.search(rf"^\[\s*{re.escape(header)}\s*\]", text, re.MULTILINE)
    if begin is None:
        return text + ("" if not text or text.endswith("\n") else "\n"), "", ""
    following = re.search(r"^\[", text[begin.end() :], re.MULTILINE)
    end = begin.end() + following.start() if following else len(text)
    return text[: begin.start()], text[begin.start() : end], text[end:]


def _section(header: str, folder: "StateFolder", running: "RunningProcess") -> str:
    return (
        f"[{header}]\n{MARK}\nregion = {_REGION}\naws_access_key_id = {_KEY}\naws_secret_access_key = {_KEY}\n"
        f"endpoint_url = {running.url}\nca_bundle = {folder.ca_file}\n"
    )


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise unwritable(path, error) from error
