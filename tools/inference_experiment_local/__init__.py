"""A local AWS: ministack and an extended moto, for the demonstration and the tests.

Nothing in `src/` knows about it.
"""
