"""CloudFormation's DescribeStackResources over HTTP, for the question which stack owns an experiment."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from werkzeug.wrappers import Request, Response

from inference_experiment_local.loopback import LoopbackServer

NAMESPACE = "http://cloudformation.amazonaws.com/doc/2010-05-15/"
RESOURCE = """<member><StackName>{stack}</StackName><LogicalResourceId>{logical_id}</LogicalResourceId>
<PhysicalResourceId>{name}</PhysicalResourceId><ResourceType>{kind}</ResourceType>
<Timestamp>2026-01-01T00:00:00Z</Timestamp><ResourceStatus>CREATE_COMPLETE</ResourceStatus></member>"""


@dataclass
class StackServer(LoopbackServer):
    """`owners`: experiment -> (stack, logical id, resource type); `refuses`: answer AccessDenied to everything."""

    owners: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    refuses: bool = False

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        name = Request(environ).form["PhysicalResourceId"]
        if self.refuses:
            return _error("AccessDenied", "not authorized")(environ, start_response)
        if name not in self.owners:
            return _error("ValidationError", f"Stack for {name} does not exist")(environ, start_response)
        stack, logical_id, kind = self.owners[name]
        inner = RESOURCE.format(stack=stack, logical_id=logical_id, kind=kind, name=name)
        body = (
            f'<DescribeStackResourcesResponse xmlns="{NAMESPACE}"><DescribeStackResourcesResult><StackResources>{inner}'
            "</StackResources></DescribeStackResourcesResult></DescribeStackResourcesResponse>"
        )
        return Response(body, content_type="text/xml")(environ, start_response)


def _error(code: str, message: str) -> Response:
    text = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    return Response(f'<ErrorResponse xmlns="{NAMESPACE}">{text}</ErrorResponse>', 400, content_type="text/xml")


@contextmanager
def stack_server() -> Iterator[StackServer]:
    """Serve on a free port of the loopback."""
    with StackServer() as stacks:
        yield stacks
