"""The laptop stack: the application without a cloud account, container engine or GPU."""
