"""The verdict of a shadow test: CloudWatch metrics of both variants, compared, drawn and judged."""
