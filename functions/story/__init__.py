"""The domain: contracts, states, errors, identifiers. Imports no boto3."""
