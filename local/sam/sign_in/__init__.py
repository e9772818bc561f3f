"""What `sam local start-api` runs in place of API Gateway's JWT authorizer; never deployed."""

from pathlib import Path

AUTHORIZER = Path(__file__).with_name("authorizer.py")
SIGNED_IN = Path(__file__).with_name("signed_in.py")
