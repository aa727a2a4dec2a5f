"""The lifecycle as a type of CloudFormation's registry. See docs/registry.md."""
