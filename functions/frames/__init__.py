"""A clip's pictures: decoded once, and those of them chosen that models judge."""
