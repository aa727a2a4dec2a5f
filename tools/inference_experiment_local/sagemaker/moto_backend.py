"""moto's SageMaker, used from outside, with what endpoints under test need besides.

Imported only when a LocalSageMaker starts, as moto takes half a second. Nothing of moto is patched: a
subclass of its responses works on a backend of our own, so stock moto in the same process does not notice.
moto itself checks instance types against a list that is years old, forgets ShadowProductionVariants and has
no UpdateEndpoint; these three are put right here.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from moto.core.request import Request
from moto.core.responses import ActionResult
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import FakeEndpoint, FakeEndpointConfig, SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse

from inference_experiment_local.errors import ServiceError
from inference_experiment_local.sagemaker.experiment import Deployment, Variant, Variants
from inference_experiment_local.service import Members


class _EndpointConfig(FakeEndpointConfig):
    """A configuration with shadow variants; `settings` are further members of CreateEndpointConfig."""

    def __init__(
        self,
        backend: SageMakerModelBackend,
        name: str,
        production: list[Members],
        shadows: list[Members],
        settings: Members,
    ) -> None:
        inference, capture = settings.get("AsyncInferenceConfig", {}), settings.get("DataCaptureConfig", {})
        tags, key = settings.get("Tags", []), settings.get("KmsKeyId", "")
        super().__init__(backend.account_id, backend.region_name, name, production, inference, capture, tags, key)
        self.shadow_production_variants = shadows or None

    def is_created(self) -> bool:
        """Demanded by moto's base class, which uses it for its own CloudFormation only."""
        return True

    def validate_instance_type(self, instance_type: str) -> None:
        """Accept it: the request has been validated against botocore's enumeration."""


class _Responses(SageMakerResponse):
    """moto's handlers on one given backend."""

    def __init__(self, backend: SageMakerModelBackend) -> None:
        super().__init__()
        self._backend = backend

    @property
    def sagemaker_backend(self) -> SageMakerModelBackend:
        """The backend of this simulation instead of moto's global one."""
        return self._backend

    def create_model(self) -> ActionResult:
        """CreateModel; an existing name is refused, which moto forgets."""
        name = self._get_param("ModelName")
        if name in self._backend._models:  # noqa: SLF001 - moto has no public look-up that does not raise
            raise ValidationError(f'Cannot create already existing model "{name}".')
        return super().create_model()

    def create_endpoint_config(self) -> ActionResult:
        """CreateEndpointConfig with ShadowProductionVariants; an existing name is refused, which moto forgets."""
        name = self._get_param("EndpointConfigName")
        shadows = self._get_param("ShadowProductionVariants") or []
        production = self._get_param("ProductionVariants")
        if name in self._backend.endpoint_configs:
            raise ValidationError(f'Cannot create already existing endpoint configuration "{name}".')
        for each in [*production, *shadows]:
            if each.get("ModelName") and each["ModelName"] not in self._backend._models:  # noqa: SLF001 - as above
                raise ValidationError(f'Could not find model "{each["ModelName"]}".')
        self._backend.validate_production_variants([*production, *shadows])
        names = ("DataCaptureConfig", "AsyncInferenceConfig", "Tags", "KmsKeyId")
        settings = {member: self._get_param(member) for member in names}
        config = _EndpointConfig(self._backend, name, production, shadows, settings)
        self._backend.endpoint_configs[name] = config
        return ActionResult({"EndpointConfigArn": config.endpoint_config_arn})

    def create_endpoint(self) -> ActionResult:
        """CreateEndpoint with its configuration's shadow variants; an existing name is refused, as in the former."""
        name = self._get_param("EndpointName")
        if name in self._backend.endpoints:
            raise ValidationError(f'Cannot create already existing endpoint "{name}".')
        result = super().create_endpoint()
        config_name = self._get_param("EndpointConfigName")
        _apply(self._backend.endpoints[name], self._backend.endpoint_configs[config_name])
        return result

    def update_endpoint(self) -> ActionResult:
        """UpdateEndpoint, at once."""
        name, config_name = self._get_param("EndpointName"), self._get_param("EndpointConfigName")
        self._backend.describe_endpoint(name)
        self._backend.describe_endpoint_config(config_name)
        _apply(self._backend.endpoints[name], self._backend.endpoint_configs[config_name])
        return ActionResult({"EndpointArn": self._backend.endpoints[name].arn})


class MotoSageMaker:
    """Models, endpoint configurations and endpoints of one account and region, kept by moto.

    `now` tells the time in epoch seconds: what is made and changed gets it instead of the real time, which moto takes.
    """

    def __init__(self, region: str, account: str, now: Callable[[], float]) -> None:
        self._now = now
        self._backend = SageMakerModelBackend(region, account)
        self._made: set[str] = set()
        self._host = f"https://api.sagemaker.{region}.amazonaws.com"

    def call(self, operation: str, parameters: Members) -> Members:
        """Let moto perform an operation; raises ServiceError."""
        headers = {"X-Amz-Target": f"SageMaker.{operation}", "Content-Type": "application/x-amz-json-1.1"}
        request = Request.from_primitives("POST", self._host + "/", headers, json.dumps(parameters).encode())
        responses = _Responses(self._backend)
        try:
            responses.setup_class(request)
            status, _, text = responses.call_action()
        except NotImplementedError as gap:
            raise ServiceError("NotImplemented", str(gap), 501) from gap
        answer: Members = json.loads(text or "{}")
        if status >= 400:  # noqa: PLR2004 - HTTP
            raise ServiceError(answer["__type"].rpartition("#")[2], answer.get("Message") or answer["message"], status)
        self._stamp(operation, parameters)
        return _without_empty(answer)

    def _stamp(self, operation: str, parameters: Members) -> None:
        """Give what an operation has made or changed its time."""
        kept: dict[str, tuple[Any, str]] = {
            "Model": (self._backend._models, "ModelName"),  # noqa: SLF001 - as in model_exists
            "EndpointConfig": (self._backend.endpoint_configs, "EndpointConfigName"),
            "Endpoint": (self._backend.endpoints, "EndpointName"),
        }
        verb = "Create" if operation.startswith("Create") else "Update"
        objects, key = kept.get(operation.removeprefix(verb), ({}, ""))
        made = objects.get(parameters.get(key, ""))
        if made is None:
            return
        made.last_modified_time = _moment(self._now())
        if verb == "Create":
            made.creation_time = made.last_modified_time

    def endpoint_since(self, name: str) -> float | None:
        """Return when the endpoint was made, in epoch seconds; None without one."""
        endpoint = self._backend.endpoints.get(name)
        return endpoint.creation_time.replace(tzinfo=UTC).timestamp() if endpoint else None

    def model_environment(self, name: str) -> Members:
        """Return the environment variables of a model's first container."""
        model = self._backend._models.get(name)  # noqa: SLF001 - as in model_exists
        containers = [getattr(model, "primary_container", None), *(getattr(model, "containers", None) or ())]
        first: Members = next((each for each in containers if each), {})
        return first.get("Environment") or {}

    def model_exists(self, name: str) -> bool:
        """Whether the model exists."""
        return name in self._backend._models  # noqa: SLF001 - moto has no public look-up that does not raise

    def deployment(self, endpoint_name: str) -> Deployment | None:
        """Return what runs on the endpoint; None if there is none."""
        endpoint = self._backend.endpoints.get(endpoint_name)
        if endpoint is None:
            return None
        config = self._backend.endpoint_configs.get(endpoint.endpoint_config_name)
        variants: Variants = {}
        if config is not None:
            shadows = getattr(config, "shadow_production_variants", None) or []
            variants = {each["VariantName"]: _variant(each, "production") for each in config.production_variants}
            variants |= {each["VariantName"]: _variant(each, "shadow") for each in shadows}
        return Deployment(endpoint.endpoint_config_name, variants)

    def deploy(self, endpoint_name: str, deployment: Deployment, at: float) -> None:
        """Make the endpoint, unless missing, run this, InService, through a configuration of that name, since `at`."""
        endpoint = self._backend.endpoints.get(endpoint_name)
        if endpoint is None:
            return
        production, shadows = (
            [_members(name, each) for name, each in deployment.variants.items() if each.role == role]
            for role in ("production", "shadow")
        )
        config = _EndpointConfig(self._backend, deployment.config_name, production, shadows, {})
        existing = self._backend.endpoint_configs.get(deployment.config_name)
        # What the user made is applied as it is; what this simulation made for an earlier test is replaced.
        if existing is None or deployment.config_name in self._made:
            self._made.add(deployment.config_name)
            config.creation_time = _moment(at)
            self._backend.endpoint_configs[deployment.config_name] = existing = config
        _apply(endpoint, existing)
        endpoint.last_modified_time = _moment(at)

    def set_status(self, endpoint_name: str, status: str) -> None:
        """Set the endpoint's status; a missing endpoint is left alone."""
        endpoint = self._backend.endpoints.get(endpoint_name)
        if endpoint is not None:
            endpoint.endpoint_status = status

    def metadata(self, endpoint_name: str) -> Members:
        """Return an EndpointMetadata; without an endpoint only its name."""
        endpoint = self._backend.endpoints.get(endpoint_name)
        if endpoint is None:
            return {"EndpointName": endpoint_name}
        return {
            "EndpointName": endpoint_name,
            "EndpointConfigName": endpoint.endpoint_config_name,
            "EndpointStatus": endpoint.endpoint_status,
        }


def _moment(epoch: float) -> datetime:
    """Return a time as moto keeps them."""
    return datetime.fromtimestamp(epoch, UTC).replace(tzinfo=None)


def _without_empty(answer: Members) -> Members:
    """Leave out empty maps and null, which moto answers for members that were not given, and SageMaker does not."""
    return {
        key: _without_empty(value) if isinstance(value, dict) else value
        for key, value in answer.items()
        if value is not None and value != {}
    }


def _apply(endpoint: FakeEndpoint, config: FakeEndpointConfig) -> None:
    endpoint.endpoint_config_name = config.endpoint_config_name
    process = endpoint._process_production_variants  # noqa: SLF001 - what moto's own constructor does
    endpoint.production_variants = process(config.production_variants)
    shadows = getattr(config, "shadow_production_variants", None)
    endpoint.shadow_production_variants = process(shadows) if shadows else None  # type: ignore[attr-defined]
    endpoint.endpoint_status = "InService"


def _variant(members: Members, role: str) -> Variant:
    return Variant(members["ModelName"], role, members.get("InstanceType", ""), members.get("InitialInstanceCount", 0))


def _members(name: str, variant: Variant) -> Members:
    return {
        "VariantName": name,
        "ModelName": variant.model_name,
        "InstanceType": variant.instance_type,
        "InitialInstanceCount": variant.instance_count,
        "InitialVariantWeight": 1.0,
    }
