"""With AUTH: what a role may do, shown on a running emulator."""

import hashlib
import io
import json
import uuid
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from boto3.session import Session
from botocore.exceptions import ClientError

from local import credentials, environments
from local.stack import LocalStack
from tests.contract.emulator_process import started


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with started(tmp_path_factory.mktemp("strict"), strict_auth=True) as emulator_alone:
        yield emulator_alone


def as_role(strict: LocalStack, statements: list[dict[str, Any]]) -> Session:
    """A session of a new role that may do what the statements say."""
    iam = strict.client("iam")
    name = f"role-{uuid.uuid4().hex[:8]}"
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]["Arn"]
    iam.put_role_policy(
        RoleName=name,
        PolicyName="only",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}),
    )
    issued = strict.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    return Session(
        aws_access_key_id=issued["AccessKeyId"],
        aws_secret_access_key=issued["SecretAccessKey"],
        aws_session_token=issued["SessionToken"],
        region_name=environments.REGION,
    )


def refused(call: Callable[..., Any], **arguments: Any) -> bool:
    try:
        call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"AccessDenied", "AccessDeniedException"}:
            raise
        return True
    return False


def test_a_role_reaches_only_the_partition_keys_that_its_policy_names(strict: LocalStack) -> None:
    table = strict.client("dynamodb").create_table(
        TableName="stories",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "creator")
        ],
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by_creator",
                "KeySchema": [{"AttributeName": "creator", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )["TableDescription"]["TableArn"]
    statement = {
        "Effect": "Allow",
        "Action": [
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:BatchGetItem",
        ],
        "Resource": [table, f"{table}/index/by_creator"],
        "Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["STORY#*"]}},
    }
    client = as_role(strict, [statement]).client("dynamodb", endpoint_url=strict.endpoint)

    def key(name: str) -> dict[str, dict[str, str]]:
        return {"pk": {"S": name}, "sk": {"S": "META"}}

    def query(value: str, attribute: str = "pk", **fields: str) -> dict[str, Any]:
        return {
            "TableName": "stories",
            "KeyConditionExpression": "#key = :value",
            "ExpressionAttributeNames": {"#key": attribute},
            "ExpressionAttributeValues": {":value": {"S": value}},
            **fields,
        }

    assert not refused(client.put_item, TableName="stories", Item=key("STORY#1"))
    assert refused(client.put_item, TableName="stories", Item=key("AUDIT#1"))
    assert not refused(client.get_item, TableName="stories", Key=key("STORY#1"))
    assert refused(client.get_item, TableName="stories", Key=key("AUDIT#1"))
    assert not refused(client.query, **query("STORY#1"))
    assert refused(client.query, **query("AUDIT#1"))
    assert refused(client.query, **query("ana", "creator", IndexName="by_creator"))
    both = {"stories": {"Keys": [key("STORY#1"), key("AUDIT#1")]}}
    assert refused(client.batch_get_item, RequestItems=both)


def test_a_bucket_that_asks_for_tls_serves_the_loopback(strict: LocalStack) -> None:
    s3 = strict.client("s3")
    s3.create_bucket(Bucket="tls-only")
    s3.put_object(Bucket="tls-only", Key="work/1", Body=b"frame")
    s3.put_object(Bucket="tls-only", Key="evidence/1", Body=b"photo")
    everything = ["arn:aws:s3:::tls-only", "arn:aws:s3:::tls-only/*"]
    s3.put_bucket_policy(
        Bucket="tls-only",
        Policy=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "s3:*",
                        "Resource": everything,
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    }
                ],
            }
        ),
    )
    allowed = {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::tls-only/work/*",
    }
    client = as_role(strict, [allowed]).client("s3", endpoint_url=strict.endpoint)
    assert not refused(client.get_object, Bucket="tls-only", Key="work/1")
    assert refused(client.get_object, Bucket="tls-only", Key="evidence/1")


def test_a_role_signs_with_its_own_key_only(strict: LocalStack) -> None:
    kms = strict.client("kms")
    own, other = (
        kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
        for _ in range(2)
    )
    allowed = {"Effect": "Allow", "Action": "kms:Sign", "Resource": own}
    client = as_role(strict, [allowed]).client("kms", endpoint_url=strict.endpoint)
    asked = {"Message": b"manifest", "SigningAlgorithm": "ECDSA_SHA_256"}
    assert not refused(client.sign, KeyId=own, **asked)
    assert refused(client.sign, KeyId=other, **asked)


#: What a function signs with, which it tells only here, and whom the emulator takes it for.
TELLS = """
import os
import boto3
def handler(event, context):
    asked = boto3.client("sts").get_caller_identity()
    return [os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"], asked["Arn"]]
"""


def test_a_functions_secret_follows_from_the_stacks_and_from_no_name(strict: LocalStack) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as code:
        code.writestr("tells.py", TELLS)
    role = "arn:aws:iam::000000000000:role/tells"
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    strict.client("iam").create_role(
        RoleName="tells",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    made = strict.client("lambda").create_function(
        FunctionName="tells",
        Runtime="python3.13",
        Role=role,
        Handler="tells.handler",
        Code={"ZipFile": packed.getvalue()},
    )
    told = strict.client("lambda").invoke(FunctionName="tells")["Payload"].read()
    key, secret, caller = json.loads(told)
    assert caller.startswith("arn:aws:sts::000000000000:assumed-role/tells/")
    assert secret == credentials.secret_of(strict.secret_key, key)
    guessed = hashlib.sha256(f"{made['FunctionArn']}:{role}".encode()).hexdigest()
    assert key == f"ASIA{guessed[:16].upper()}", "the name is no secret"
    assert secret != hashlib.sha256(f"secret:{guessed}".encode()).hexdigest()
