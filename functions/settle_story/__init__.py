"""Closes and clears every story whose execution has ended, however it ended."""
