"""Hands one self-contained request to the asynchronous endpoint."""
