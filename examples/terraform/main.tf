# A shadow test on an endpoint that Terraform manages: a stack of CloudFormation with the template of promotion.yaml.
terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "endpoint_name" {
  type = string
}

variable "production_model_name" {
  type = string
}

variable "shadow_model_name" {
  type = string
}

variable "model_role_arn" {
  type        = string
  description = "Execution role of the models"
}

variable "round" {
  type        = number
  default     = 1
  description = "Number of the test; increment it after a test has ended to start the next one"
}

variable "verdict" {
  type        = string
  default     = "running"
  description = "Apply once to start the test, again with the result to end it"

  validation {
    condition     = contains(["running", "promote-shadow", "keep-production"], var.verdict)
    error_message = "Choose running, promote-shadow or keep-production."
  }
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  sagemaker = "arn:${data.aws_partition.current.partition}:sagemaker:*:${data.aws_caller_identity.current.account_id}"
}

# The role that SageMaker assumes for the experiment.
resource "aws_iam_role" "experiment" {
  name_prefix = "shadow-test-"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "sagemaker.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "experiment" {
  role = aws_iam_role.experiment.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect = "Allow"
        Action = [
          "sagemaker:AddTags",
          "sagemaker:CreateEndpoint",
          "sagemaker:CreateEndpointConfig",
          "sagemaker:DeleteEndpointConfig",
          "sagemaker:DescribeEndpoint",
          "sagemaker:DescribeEndpointConfig",
          "sagemaker:ListTags",
          "sagemaker:UpdateEndpoint",
          "sagemaker:UpdateEndpointWeightsAndCapacities",
        ]
        Resource = ["${local.sagemaker}:endpoint/*", "${local.sagemaker}:endpoint-config/*"]
      },
      {
        Effect   = "Allow"
        Action   = "sagemaker:DescribeModel"
        Resource = "${local.sagemaker}:model/*"
      },
      {
        Effect    = "Allow"
        Action    = "iam:PassRole"
        Resource  = var.model_role_arn
        Condition = { StringEquals = { "iam:PassedToService" = "sagemaker.amazonaws.com" } }
      },
    ]
  })
}

resource "aws_cloudformation_stack" "shadow_test" {
  name          = "fraud-shadow-test"
  template_body = file("${path.module}/../promotion.yaml")
  on_failure    = "DELETE"

  parameters = {
    ProviderStack       = "inference-experiment-provider"
    EndpointName        = var.endpoint_name
    ProductionModelName = var.production_model_name
    ShadowModelName     = var.shadow_model_name
    ExperimentRoleArn   = aws_iam_role.experiment.arn
    Round               = var.round
    Verdict             = var.verdict
  }

  # ServiceTimeout is an hour, and a rollback may take as long again.
  timeouts {
    create = "2h"
    update = "2h"
    delete = "2h"
  }

  # The role's permissions must exist before the experiment, and be deleted after it.
  depends_on = [aws_iam_role_policy.experiment]
}

output "experiment_name" {
  value = aws_cloudformation_stack.shadow_test.outputs["ExperimentName"]
}

output "experiment_status" {
  value = aws_cloudformation_stack.shadow_test.outputs["ExperimentStatus"]
}
