"""The clean photo of a failed story, taken up again for its next attempt."""
