"""make bench: what this project costs, each figure beside that of a peer in the same run.

A measurement runs both sides alternately, so that whatever else the machine does meets both, and its figure is the
median of the ratios of the pairs. It ends in docs/benchmarks.md, .json and .svg.
"""
