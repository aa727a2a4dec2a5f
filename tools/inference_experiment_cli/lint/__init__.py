"""inference-experiment lint: cfn-lint with our rules, for many templates.

discovery.py finds the files, engine.py has cfn-lint lint one, experiments.py does so with our rules only, cache.py
keeps what was found, pool.py spreads the work, report.py prints as cfn-lint does.
"""
