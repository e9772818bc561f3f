"""Conclude: what two readings of a file and the records together say."""
