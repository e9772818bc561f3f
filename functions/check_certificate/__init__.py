"""The schedule that looks whether the service can still sign, and for how long."""
