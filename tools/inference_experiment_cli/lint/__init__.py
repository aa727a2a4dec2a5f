"""inference-experiment lint: cfn-lint with our rules, for many templates.

discovery.py finds the files, engine.py lints one with cfn-lint, experiments.py with the rules of --only-experiments,
cache.py stores results, pool.py spreads the work, run.py prints the report as cfn-lint does.
"""
