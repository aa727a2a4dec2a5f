"""The handlers of the registry type."""

TYPE_NAME = "ShadowTests::SageMaker::InferenceExperiment"
