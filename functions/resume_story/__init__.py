"""Continues a workflow when the endpoint says that it is done."""
