"""What every test needs: a namespace for metrics, which the template names for every function."""

import os

os.environ["POWERTOOLS_METRICS_NAMESPACE"] = "Enliven/tests"
