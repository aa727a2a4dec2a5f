"""The cfn-lint rules, for `-a inference_experiment_rules`: cfn-lint loads what this namespace holds."""

from inference_experiment_rules.api_constraints import ApiConstraints
from inference_experiment_rules.boundary_permissions import BoundaryPermissions
from inference_experiment_rules.broad_grant import BroadGrant
from inference_experiment_rules.capture_destination import CaptureDestination
from inference_experiment_rules.content_types import ContentTypes
from inference_experiment_rules.custom_type_name import CustomTypeName
from inference_experiment_rules.deceptive_condition import DeceptiveCondition
from inference_experiment_rules.denied_permission import DeniedPermission
from inference_experiment_rules.ending_at_creation import EndingAtCreation
from inference_experiment_rules.endpoint_kind import EndpointKind
from inference_experiment_rules.excess_permissions import ExcessPermissions
from inference_experiment_rules.excluded_instance_type import ExcludedInstanceType
from inference_experiment_rules.experiment_permissions import ExperimentPermissions
from inference_experiment_rules.experiment_recommendations import ExperimentRecommendations
from inference_experiment_rules.experiment_schema import ExperimentSchema
from inference_experiment_rules.function_timeout import FunctionTimeout
from inference_experiment_rules.ignored_desired_state import IgnoredDesiredState
from inference_experiment_rules.implicit_promotion import ImplicitPromotion
from inference_experiment_rules.impossible_condition import ImpossibleCondition
from inference_experiment_rules.impossible_source import ImpossibleSource
from inference_experiment_rules.instance_count import InstanceCount
from inference_experiment_rules.misplaced_policy import MisplacedPolicy
from inference_experiment_rules.missing_dependency import MissingDependency
from inference_experiment_rules.misspelt_type import MisspeltType
from inference_experiment_rules.model_kind import ModelKind
from inference_experiment_rules.names_not_arns import NamesNotArns
from inference_experiment_rules.native_type_regions import NativeTypeRegions
from inference_experiment_rules.no_service_timeout import NoServiceTimeout
from inference_experiment_rules.passed_role import PassedRole
from inference_experiment_rules.passed_to_service import PassedToService
from inference_experiment_rules.policy_dependency import PolicyDependency
from inference_experiment_rules.policy_length import PolicyLength
from inference_experiment_rules.production_variant import ProductionVariant
from inference_experiment_rules.promotion_criteria import PromotionCriteria
from inference_experiment_rules.promotion_infrastructure import PromotionInfrastructure
from inference_experiment_rules.promotion_sampling import PromotionSampling
from inference_experiment_rules.provider_permissions import ProviderPermissions
from inference_experiment_rules.read_only_properties import ReadOnlyProperties
from inference_experiment_rules.refused_policy import RefusedPolicy
from inference_experiment_rules.retained_experiment import RetainedExperiment
from inference_experiment_rules.role_arn import RoleArn
from inference_experiment_rules.sampling_percentage import SamplingPercentage
from inference_experiment_rules.schedule import Schedule
from inference_experiment_rules.schedule_in_the_past import ScheduleInThePast
from inference_experiment_rules.service_timeout import ServiceTimeout
from inference_experiment_rules.service_token import ServiceToken
from inference_experiment_rules.service_token_region import ServiceTokenRegion
from inference_experiment_rules.service_token_version import ServiceTokenVersion
from inference_experiment_rules.several_production_variants import SeveralProductionVariants
from inference_experiment_rules.shared_endpoint import SharedEndpoint
from inference_experiment_rules.spare_permissions import SparePermissions
from inference_experiment_rules.tag_keys import TagKeys
from inference_experiment_rules.undecided_permissions import UndecidedPermissions
from inference_experiment_rules.unknown_action import UnknownAction
from inference_experiment_rules.unknown_attribute import UnknownAttribute
from inference_experiment_rules.unknown_instance_type import UnknownInstanceType
from inference_experiment_rules.useless_resource import UselessResource
from inference_experiment_rules.variant_actions import VariantActions
from inference_experiment_rules.variant_names import VariantNames
from inference_experiment_rules.volume_key import VolumeKey
from inference_experiment_rules.wrong_trust import WrongTrust

__all__ = [
    "ApiConstraints",
    "BoundaryPermissions",
    "BroadGrant",
    "CaptureDestination",
    "ContentTypes",
    "CustomTypeName",
    "DeceptiveCondition",
    "DeniedPermission",
    "EndingAtCreation",
    "EndpointKind",
    "ExcessPermissions",
    "ExcludedInstanceType",
    "ExperimentPermissions",
    "ExperimentRecommendations",
    "ExperimentSchema",
    "FunctionTimeout",
    "IgnoredDesiredState",
    "ImplicitPromotion",
    "ImpossibleCondition",
    "ImpossibleSource",
    "InstanceCount",
    "MisplacedPolicy",
    "MissingDependency",
    "MisspeltType",
    "ModelKind",
    "NamesNotArns",
    "NativeTypeRegions",
    "NoServiceTimeout",
    "PassedRole",
    "PassedToService",
    "PolicyDependency",
    "PolicyLength",
    "ProductionVariant",
    "PromotionCriteria",
    "PromotionInfrastructure",
    "PromotionSampling",
    "ProviderPermissions",
    "ReadOnlyProperties",
    "RefusedPolicy",
    "RetainedExperiment",
    "RoleArn",
    "SamplingPercentage",
    "Schedule",
    "ScheduleInThePast",
    "ServiceTimeout",
    "ServiceToken",
    "ServiceTokenRegion",
    "ServiceTokenVersion",
    "SeveralProductionVariants",
    "SharedEndpoint",
    "SparePermissions",
    "TagKeys",
    "UndecidedPermissions",
    "UnknownAction",
    "UnknownAttribute",
    "UnknownInstanceType",
    "UselessResource",
    "VariantActions",
    "VariantNames",
    "VolumeKey",
    "WrongTrust",
]
