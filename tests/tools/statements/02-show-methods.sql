SHOW METHODS IN aws.sagemaker.inference_experiment
