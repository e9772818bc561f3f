"""Keeps how far the engine is, for whoever watches."""
