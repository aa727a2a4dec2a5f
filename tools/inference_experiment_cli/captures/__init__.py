"""Captured predictions: files, lines, bodies, pairs of both variants' answers, and how these compare."""
