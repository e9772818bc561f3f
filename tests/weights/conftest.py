"""The SDK is imported once, before any test: while it is, Python warns of what is in it."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import sagemaker.core.helper.session_helper  # noqa: F401
