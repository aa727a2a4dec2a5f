"""A project for SAM: the provider and examples, from the files of the wheel or of a checkout."""
