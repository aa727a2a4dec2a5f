"""The optional dependencies: which extra is missing, before a command begins its work."""

import re
from collections.abc import Iterator
from importlib import metadata
from typing import Final

from inference_experiment_cli.errors import UsageError

DISTRIBUTION: Final = "cfn-inference-experiment"
# One line of Requires-Dist, as in: duckdb>=2.0; extra == "query"
_OPTIONAL: Final = re.compile(r"""(?P<name>[\w.-]+)(?:\[(?P<extras>[^]]*)\])?.*\bextra\s*==\s*["'](?P<extra>[\w-]+)""")


def require_extras(*extras: str) -> None:
    """Raise UsageError where a distribution of these extras is not installed. It names all extras to install."""
    missing = [extra for extra in extras if not all(_is_installed(name) for name in distributions_of(extra))]
    if missing:
        which = f"the extra {missing[0]} is" if len(missing) == 1 else f"the extras {' and '.join(missing)} are"
        raise UsageError(f"{which} not installed: pip install '{DISTRIBUTION}[{','.join(missing)}]'")


def distributions_of(extra: str) -> Iterator[str]:
    """Yield the distributions that an extra adds, as the metadata of this installation have them."""
    try:
        requirements = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:  # run from the sources, without an installation
        return
    for match in filter(None, map(_OPTIONAL.match, requirements)):
        if match["extra"] == extra and match["name"] == DISTRIBUTION:
            for other in match["extras"].split(","):
                yield from distributions_of(other.strip())
        elif match["extra"] == extra:
            yield match["name"]


def _is_installed(distribution: str) -> bool:
    try:
        metadata.distribution(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True
