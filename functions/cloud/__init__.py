"""The seam to AWS that all handlers share."""
