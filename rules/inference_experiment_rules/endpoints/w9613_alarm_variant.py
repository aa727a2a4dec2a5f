from collections.abc import Iterator

from cfn_template.nodes import Node
from inference_experiment_rules._base import Problems, Rule, problem
from shadow_test_policies.endpoints import RELATED_TYPES, certainly_differ, endpoint_config_of, same_endpoint_name
from shadow_test_policies.experiment import Experiment, experiment_in

ALARM = "AWS::CloudWatch::Alarm"
NAMESPACES = ("AWS/SageMaker", "/aws/sagemaker/Endpoints")


class AlarmVariant(Rule):
    """Why a warning? The endpoint may have had the variant before the test; while it runs, the alarm cannot fire."""

    id = "W9613"
    shortdesc = "Alarm watches a variant that the endpoint does not have"
    description = (
        "A CloudWatch alarm on the endpoint of the experiment has a VariantName that is neither a variant of the "
        "experiment nor of the endpoint configuration in the same template. Such a metric has no data."
    )
    source_url = "https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html"
    tags = ["sagemaker", "cloudwatch", "variants"]

    related_types = RELATED_TYPES | {ALARM}

    def check(self, experiment: Experiment) -> Problems:
        """Yield a problem at each such VariantName."""
        view, endpoint = experiment.view, experiment.at("EndpointName")
        names = _variants(experiment)
        if endpoint is None or names is None:
            return
        for alarm in view.of_type(ALARM):
            properties = view.resource(alarm, experiment.scenario).get("Properties")
            if properties is None or not view.exists(alarm, experiment.scenario):
                continue
            for watched, variant in _watched(properties):
                if same_endpoint_name(view, endpoint, watched) and all(
                    certainly_differ(variant, name) for name in names
                ):
                    shown = " and ".join(dict.fromkeys(str(name.text) for name in names[:3]))
                    message = f"{alarm} watches the variant '{variant.text}', which the endpoint does not have during "
                    yield problem(variant, f"{message}the test, so it has no data; the variants are {shown}")


def _variants(experiment: Experiment) -> list[Node] | None:
    """Return the names of all variants of the endpoint that are in the template, None if some are not known."""
    lists = [_names_in(each) for each in _on_endpoint(experiment)]
    config = endpoint_config_of(experiment)
    for key in ("ProductionVariants", "ShadowProductionVariants") if config is not None else ():
        listed = config.get(key) if config is not None else None
        lists.append([each.get("VariantName") for each in listed.items or [listed]] if listed is not None else [])
    found = [node for names in lists for node in names]
    known = [node for node in found if node is not None and node.text]
    return known if known and len(known) == len(found) else None


def _names_in(experiment: Experiment) -> list[Node | None]:
    """Return the names of an experiment's variants; one is None if not all of them are known."""
    return [
        *(experiment.variant_names or ()),
        experiment.source,
        experiment.shadow if experiment.variant_names else None,
    ]


def _on_endpoint(experiment: Experiment) -> Iterator[Experiment]:
    """Yield the experiment and others of the scenario that use its endpoint, or may use it."""
    view, scenario, endpoint = experiment.view, experiment.scenario, experiment.at("EndpointName")
    for name in view.experiments if endpoint is not None else ():
        other = experiment_in(view, name, scenario)
        used = other.at("EndpointName") if view.exists(name, scenario) else None
        if used is not None and endpoint is not None:
            is_same = used.text is None or same_endpoint_name(view, endpoint, used)
            yield from [other] if name == experiment.name or is_same else []


def _watched(alarm: Node) -> Iterator[tuple[Node, Node]]:
    """Yield (EndpointName, VariantName) of each metric of SageMaker endpoints in an alarm."""
    queries = alarm.get("Metrics")
    metrics = [each.at("MetricStat", "Metric") for each in (queries.items or [] if queries is not None else [])]
    for metric in (alarm, *metrics):
        namespace = metric.get("Namespace") if metric is not None else None
        listed = metric.get("Dimensions") if metric is not None else None
        if listed is None or namespace is None or namespace.literal not in NAMESPACES:
            continue
        values = {str(name.literal): each.get("Value") for each in listed.items or [] if (name := each.get("Name"))}
        endpoint, variant = values.get("EndpointName"), values.get("VariantName")
        if endpoint is not None and variant is not None and variant.text:
            yield endpoint, variant
