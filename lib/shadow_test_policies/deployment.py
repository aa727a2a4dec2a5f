"""What a shadow test is deployed with: the place, and the resources that permissions are required for."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from iam_policy.match.symbols import Text
from iam_policy.place import Place


@dataclass(frozen=True)
class Deployment(Place):
    """Partition, region and account, and the resources that permissions are required for.

    A resource that is None may be chosen by the policies: the required actions must be allowed for some name. One with
    holes must be allowed for every filling. `experiment` is a name, `capture_uri` is `s3://bucket/prefix`, everything
    else is an ARN. `tags` are the tags of the experiment besides the owner tag; None if they are not known.
    """

    experiment: Text | None = None
    experiment_role: Text | None = None
    queue: Text | None = None
    dead_letter_queue: Text | None = None
    log_group: Text | None = None
    stack: Text | None = None
    endpoint: Text | None = None
    capture_uri: Text | None = None
    capture_key: Text | None = None
    volume_key: Text | None = None
    volume_key_is_named: bool = False  # given by its ID or an alias, not by its ARN
    tags: Mapping[str, Text] | None = field(default=None, hash=False)
