DESCRIBE EXTENDED awscc.sagemaker.inference_experiments;
