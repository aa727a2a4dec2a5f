"""inference-experiment lint: cfn-lint with our rules, for many templates.

run.py is one run. What it needs while the cache answers does not import cfn-lint: discovery.py finds the files,
configuration.py keeps cfn-lint's resolved configuration, fingerprint.py is the digest of what all results depend on,
cache.py keeps results and printed reports. Where something is unknown, loader.py imports cfn-lint: engine.py lints one
template with it, experiments.py with the rules of --only-experiments, and pool.py spreads the work.
"""
