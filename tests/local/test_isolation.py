"""Each function's role tries everything on everything, against a table written by hand.

The emulator checks each signature and each role's policies, partitions of the table included
(`dynamodb:LeadingKeys`); only what the table grants may succeed. The roles themselves are those
that the deployed functions have.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import ClientError

from local.environments import REGION
from tests.local.deployment import Browser, Deployment

#: Role -> resource -> what it may do there. What is not written is refused.
MAY: dict[str, dict[str, str]] = {
    "Api": {
        "uploads: uploads/": "put",
        "stories: */": "get",
        "checks: checks/": "put",
        "table: CHECK#": "get put",
        "table: STORY#": "get put update",
        "table: VERDICT#": "query",
        "table: TIMELINE#": "query",
        "table: DRAFT#": "get",
        "table: IDEMPOTENCY#": "delete get put update",
        "table: CHANGE": "put",
        "table: USER#": "query",
        "table: QUOTA#": "get update",
        "table: PACE": "get",
        "index: by_creator": "query",
        "index: queue": "query",
        "index: feed": "query",
        "table: PAGE#": "get",
        "table: REPORT#": "put query",
        "table: SALT": "get put",
        "public URL": "get",
        "gate 3": "invoke",
        "service switch": "get",
        "workflow": "answer-token start stop",
    },
    "Review": {
        "evidence: */": "get",
        "evidence key": "decrypt",
        "table: STORY#": "get update",
        "table: VERDICT#": "query",
        "table: REPORT#": "query",
        "table: AUDIT#": "put",
        "table: CHANGE": "put",
        "table: QUOTA#": "get update",
        "table: IDEMPOTENCY#": "delete get put update",
        "index: review": "query",
        "workflow": "start",
    },
    "InspectPhoto": {
        "uploads: uploads/": "get",
        "work: work/": "put",
        "held: */": "put",
        "table: BLOCK#": "get",
        "table: STORY#": "get update",
        "table: VERDICT#": "put",
        "table: TIMELINE#": "update",
    },
    "ReadPhotoCredential": {
        "uploads: uploads/": "get",
        "table: STORY#": "get",
        "table: TIMELINE#": "update",
    },
    "RestorePhoto": {
        "work: work/": "put",
        "evidence key": "decrypt",
        "held: */": "put",
        "table: BLOCK#": "get",
        "table: STORY#": "get update",
        "table: VERDICT#": "put",
        "table: TIMELINE#": "update",
    },
    "Moderate": {
        "work: work/": "get",
        "table: STORY#": "get",
        "table: VERDICT#": "get put",
        "table: TIMELINE#": "update",
    },
    "AwaitPrompt": {
        "work: work/": "get",
        "table: VERDICT#": "get",
        "table: STORY#": "get update",
        "table: DRAFT#": "get put",
        "table: TIMELINE#": "update",
        "workflow": "answer-token",
    },
    "DirectScene": {
        "work: work/": "get put",
        "table: VERDICT#": "get",
        "table: STORY#": "get",
        "table: TIMELINE#": "update",
    },
    "GenerateVideo": {
        "work: work/": "get",
        "work: requests/": "put",
        "table: GENERATION#": "get update",
        "table: TIMELINE#": "get update",
        "service switch": "get",
    },
    "ResumeStory": {
        "work: results/": "delete",
        "work: failures/": "delete get",
        "table: STORY#": "get",
        "table: GENERATION#": "get update",
        "table: TIMELINE#": "get update",
        "workflow": "answer-token",
    },
    "StoryProgress": {
        "table: TIMELINE#": "update",
    },
    "InspectVideo": {
        "work: work/": "get put",
        "work: results/": "get",
        "table: TIMELINE#": "update",
    },
    "LabelVideo": {
        "work: work/": "get put",
        "watermark key": "mac",
        "table: MARK#": "put",
        "table: TIMELINE#": "update",
    },
    "SignVideo": {
        "work: work/": "get",
        "stories: */": "put",
        "signing key": "public-key sign",
        "certificate chain": "get",
        "trust anchors": "get",
        "table: TIMELINE#": "query update",
    },
    "SettleStory": {
        "uploads": "list list-versions",
        "work": "list list-versions",
        "evidence": "list list-versions",
        "stories": "list list-versions",
        "uploads: uploads/": "delete",
        "work: work/": "delete get",
        "work: requests/": "delete",
        "work: results/": "delete",
        "work: failures/": "delete",
        "evidence: */": "delete get put",
        "stories: */": "delete get put",
        "evidence key": "data-key decrypt",
        "table: STORY#": "delete get query update",
        "table: VERDICT#": "delete query",
        "table: GENERATION#": "delete query",
        "table: TIMELINE#": "delete query",
        "table: DRAFT#": "delete get query",
        "table: CHANGE": "delete query",
        "table: REPORT#": "delete query",
        "table: MARK#": "delete update",
        "index: feed": "query",
        "index: review": "query",
        "table: AUDIT#": "put",
        "table: USER#": "put",
        "table: QUOTA#": "update",
        "table: PACE": "get update",
        "workflow": "answer-token describe start stop",
    },
    "PostStory": {
        "stories: */": "get",
        "trust anchors": "get",
        "table: STORY#": "get update",
        "table: VERDICT#": "put query",
        "table: TIMELINE#": "query",
        "table: USER#": "query",
        "table: PAGE#": "put",
        "second look": "invoke",
    },
    "LookAgain": {
        "stories: */": "get",
    },
    "CheckCertificate": {
        "signing key": "public-key",
        "certificate chain": "get",
        "trust anchors": "get",
    },
    # What looks at strangers' files.
    "ReadCredential": {
        "checks: checks/": "get",
        "certificate chain": "get",
        "trust anchors": "get",
    },
    "FindMark": {
        "checks: checks/": "get",
        "watermark key": "mac",
    },
    "Conclude": {
        "records": "list",
        "records: */": "get",
        "table: MARK#": "get",
        "table: CHECK#": "update",
    },
    "PackRecords": {
        "records: */": "put",
        "index: provenance": "query",
    },
}

#: Where a story's objects are, bucket by bucket.
PREFIXES = {
    "uploads": ("uploads/",),
    "work": ("work/", "requests/", "results/", "failures/"),
    "evidence": ("",),
    "held": ("",),
    "stories": ("",),
    "checks": ("checks/",),
    "records": ("",),
}
PARTITIONS = (
    "STORY#", "VERDICT#", "TIMELINE#", "GENERATION#", "DRAFT#", "AUDIT#", "IDEMPOTENCY#", "USER#",
    "CHANGE", "BLOCK#", "PAGE#", "QUOTA#", "PACE", "REPORT#", "SALT",
    "MARK#", "CHECK#",
)  # fmt: skip
#: Partitions of their own, not one of each story or user.
WHOLE = frozenset({"CHANGE", "PACE", "SALT"})
INDEXES = {
    "by_creator": "creator",
    "feed": "feed_shard",
    "review": "review_queue",
    "queue": "queued_for",
    "provenance": "recorded_in",
}
PROBE = "isolation"

#: How the services say that a role may not; any other answer means that it may.
REFUSALS = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError"})


Clients = Callable[[str], Any]


class Attempt(NamedTuple):
    """One thing to try: `call` makes it with the clients of a role."""

    resource: str
    verb: str
    call: Callable[[Clients], Any]


def _asks(service: str, operation: str, **asked: Any) -> Callable[[Clients], Any]:
    return lambda clients: getattr(clients(service), operation)(**asked)


def on_objects(deployment: Deployment) -> Iterator[Attempt]:
    for name, prefixes in PREFIXES.items():
        bucket = deployment.bucket(name)
        for verb, operation in (
            ("list", "list_objects_v2"),
            ("list-versions", "list_object_versions"),
        ):
            yield Attempt(name, verb, _asks("s3", operation, Bucket=bucket))
        for prefix in prefixes:
            where = f"{name}: {prefix or '*/'}"
            kept, other = (
                {"Bucket": bucket, "Key": f"{prefix}{PROBE}/{which}"} for which in ("kept", "other")
            )
            yield Attempt(where, "get", _asks("s3", "get_object", **kept))
            yield Attempt(where, "put", _asks("s3", "put_object", **other, Body=b"put"))
            yield Attempt(where, "delete", _asks("s3", "delete_object", **other))


def on_records(deployment: Deployment) -> Iterator[Attempt]:
    table = deployment.outputs["StoriesTable"]
    #: Never true, so that a write that is allowed changes nothing.
    never: dict[str, Any] = {"ConditionExpression": "attribute_exists(there_is_no_such_attribute)"}
    for partition in PARTITIONS:
        pk = partition if partition in WHOLE else f"{partition}{PROBE}"
        key = {"pk": {"S": pk}, "sk": {"S": "META"}}
        where = f"table: {partition}"

        def attempt(verb: str, operation: str, *, at: str = where, **asked: Any) -> Attempt:
            return Attempt(at, verb, _asks("dynamodb", operation, TableName=table, **asked))

        yield attempt("get", "get_item", Key=key)
        yield attempt("put", "put_item", Item=key, **never)
        yield attempt("delete", "delete_item", Key=key, **never)
        yield attempt(
            "update",
            "update_item",
            Key=key,
            UpdateExpression="SET probed = :yes",
            ExpressionAttributeValues={":yes": {"S": "yes"}},
            **never,
        )
        yield attempt(
            "query",
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": pk}},
        )
    for index, attribute in INDEXES.items():
        asked: dict[str, Any] = {
            "TableName": table,
            "IndexName": index,
            "KeyConditionExpression": f"{attribute} = :value",
            "ExpressionAttributeValues": {":value": {"S": PROBE}},
        }
        yield Attempt(f"index: {index}", "query", _asks("dynamodb", "query", **asked))
    yield Attempt("table", "scan", _asks("dynamodb", "scan", TableName=table))


def on_keys(deployment: Deployment) -> Iterator[Attempt]:
    signing = deployment.outputs["SigningKey"]
    yield Attempt("signing key", "public-key", _asks("kms", "get_public_key", KeyId=signing))
    signed: dict[str, Any] = {"Message": b"probe", "SigningAlgorithm": "ECDSA_SHA_256"}
    yield Attempt("signing key", "sign", _asks("kms", "sign", KeyId=signing, **signed))
    evidence = _physical(deployment, "EvidenceKey")
    secret = deployment.client("kms").encrypt(KeyId=evidence, Plaintext=b"probe")["CiphertextBlob"]
    for verb, operation, asked in (
        ("data-key", "generate_data_key", {"KeyId": evidence, "KeySpec": "AES_256"}),
        ("decrypt", "decrypt", {"KeyId": evidence, "CiphertextBlob": secret}),
        ("schedule-deletion", "schedule_key_deletion", {"KeyId": evidence}),
    ):
        yield Attempt("evidence key", verb, _asks("kms", operation, **asked))
    mac = {"Message": b"probe", "MacAlgorithm": "HMAC_SHA_256"}
    for verb, operation, asked in (
        ("mac", "generate_mac", mac),
        ("schedule-deletion", "schedule_key_deletion", {}),
    ):
        watermark = {"KeyId": _physical(deployment, "WatermarkKey"), **asked}
        yield Attempt("watermark key", verb, _asks("kms", operation, **watermark))
    for where, output in (
        ("certificate chain", "CertificateChainParameter"),
        ("trust anchors", "TrustAnchorsParameter"),
        ("service switch", "ServiceSwitch"),
        ("public URL", "PublicUrlParameter"),
    ):
        name = deployment.outputs[output]
        yield Attempt(where, "get", _asks("ssm", "get_parameter", Name=name))
        changed: dict[str, Any] = {
            "Name": name,
            "Value": "probe",
            "Type": "String",
            "Overwrite": False,
        }
        yield Attempt(where, "put", _asks("ssm", "put_parameter", **changed))


def on_the_workflow(deployment: Deployment) -> Iterator[Attempt]:
    machine = deployment.outputs["StoryWorkflow"]
    execution = machine.replace(":stateMachine:", ":execution:") + f":{PROBE}"
    states: tuple[tuple[str, str, dict[str, str]], ...] = (
        ("start", "start_execution", {"stateMachineArn": machine, "input": "not JSON"}),
        ("stop", "stop_execution", {"executionArn": execution}),
        ("describe", "describe_execution", {"executionArn": execution}),
        ("history", "get_execution_history", {"executionArn": execution}),
        ("change", "update_state_machine", {"stateMachineArn": machine, "definition": "{}"}),
        ("answer-token", "send_task_success", {"taskToken": PROBE, "output": "{}"}),
    )
    for verb, operation, asked in states:
        yield Attempt("workflow", verb, _asks("stepfunctions", operation, **asked))
    for output in ("GenerationDoneTopic", "GenerationFailedTopic"):
        told = _asks("sns", "publish", TopicArn=deployment.outputs[output], Message=PROBE)
        yield Attempt(output, "publish", told)
    for where, function, alias in (
        ("functions", "SettleStoryFunction", ""),
        ("gate 3", "PostStoryFunction", ":live"),
        ("second look", "LookAgainFunction", ":live"),
    ):
        name = _physical(deployment, function) + alias
        invoked = _asks("lambda", "invoke", FunctionName=name, Payload=b"{}")
        yield Attempt(where, "invoke", invoked)


def _physical(deployment: Deployment, logical: str) -> str:
    described = deployment.client("cloudformation").describe_stack_resource(
        StackName="enliven", LogicalResourceId=logical
    )
    return str(described["StackResourceDetail"]["PhysicalResourceId"])


class Roles:
    """Sessions of the functions' own roles."""

    def __init__(self, deployment: Deployment) -> None:
        self.endpoint = deployment.stack.endpoint
        self._sts = deployment.client("sts")
        self.arns = {
            name.split("-")[1].removesuffix("Function"): each["Role"]
            for each in deployment.client("lambda").list_functions()["Functions"]
            if (name := each["FunctionName"]).startswith("enliven-")
        }

    def clients(self, role: str) -> Clients:
        """boto3's clients with the credentials that this role's function gets."""
        issued = self._sts.assume_role(RoleArn=self.arns[role], RoleSessionName=PROBE)
        session: Any = Session(
            aws_access_key_id=issued["Credentials"]["AccessKeyId"],
            aws_secret_access_key=issued["Credentials"]["SecretAccessKey"],
            aws_session_token=issued["Credentials"]["SessionToken"],
            region_name=REGION,
        )
        made: dict[str, Any] = {}

        def client(service: str) -> Any:
            if service not in made:
                made[service] = session.client(
                    service,
                    endpoint_url=self.endpoint,
                    config=Config(retries={"total_max_attempts": 1}),
                )
            return made[service]

        return client


@pytest.fixture(scope="module")
def as_roles(deployment: Deployment) -> Iterator[Roles]:
    """The functions' roles, which the administrator may take for as long as these tests run."""
    roles, iam = Roles(deployment), deployment.client("iam")
    names = {arn: arn.rsplit("/", 1)[1] for arn in roles.arns.values()}
    trusted = {
        name: iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
        for name in names.values()
    }
    administrator = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
    for name in trusted:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(administrator))
    yield roles
    for name, before in trusted.items():
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(before))


@pytest.fixture(scope="module")
def attempts(deployment: Deployment) -> Iterator[list[Attempt]]:
    """Everything to try, and one object in each place for it to be read."""
    s3 = deployment.client("s3")
    for name, prefixes in PREFIXES.items():
        for prefix in prefixes:
            key = f"{prefix}{PROBE}/kept"
            s3.put_object(Bucket=deployment.bucket(name), Key=key, Body=b"kept")
    yield [
        attempt
        for source in (on_objects, on_records, on_keys, on_the_workflow)
        for attempt in source(deployment)
    ]
    for name in PREFIXES:
        listed = s3.list_object_versions(Bucket=deployment.bucket(name))
        for each in (*listed.get("Versions", []), *listed.get("DeleteMarkers", [])):
            if PROBE in each["Key"]:
                s3.delete_object(
                    Bucket=deployment.bucket(name), Key=each["Key"], VersionId=each["VersionId"]
                )


def is_allowed(attempt: Attempt, clients: Clients) -> bool:
    try:
        attempt.call(clients)
    except ClientError as error:
        return error.response["Error"]["Code"] not in REFUSALS
    return True


def test_the_table_names_every_function(as_roles: Roles) -> None:
    assert as_roles.arns.keys() == MAY.keys()
    assert len(set(as_roles.arns.values())) == len(MAY), "no two functions share a role"


@pytest.mark.parametrize("role", MAY)
def test_a_role_may_do_what_its_function_does_and_nothing_else(
    as_roles: Roles, attempts: list[Attempt], role: str
) -> None:
    clients = as_roles.clients(role)
    expected = {(where, verb) for where, verbs in MAY[role].items() for verb in verbs.split()}
    tried = {(attempt.resource, attempt.verb) for attempt in attempts}
    assert expected <= tried, f"never tried: {sorted(expected - tried)}"
    allowed = {(a.resource, a.verb) for a in attempts if is_allowed(a, clients)}
    differences = [
        *(f"{role:<14} may     {verb:<14} {where}" for where, verb in sorted(allowed - expected)),
        *(f"{role:<14} may not {verb:<14} {where}" for where, verb in sorted(expected - allowed)),
    ]
    assert not differences, "what differs from the table:\n" + "\n".join(differences)


def test_the_administrator_may_do_what_was_tried(
    deployment: Deployment, attempts: list[Attempt]
) -> None:
    """So that a refusal above is the role's, not one of a wrong request."""
    harmless = [
        each for each in attempts if each.verb in {"get", "list", "query", "scan", "public-key"}
    ]
    refused = [each[:2] for each in harmless if not is_allowed(each, deployment.client)]
    assert not refused
    assert len(harmless) > 20


def test_a_role_without_its_signature_is_nobody(deployment: Deployment, as_roles: Roles) -> None:
    issued = deployment.client("sts").assume_role(
        RoleArn=as_roles.arns["SettleStory"], RoleSessionName=PROBE
    )["Credentials"]
    forged: Any = Session(
        aws_access_key_id=issued["AccessKeyId"],
        aws_secret_access_key=issued["SecretAccessKey"][::-1],
        aws_session_token=issued["SessionToken"],
        region_name=REGION,
    )
    client = forged.client("s3", endpoint_url=deployment.stack.endpoint)
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        client.list_objects_v2(Bucket=deployment.bucket("work"))


def test_a_form_of_the_api_cannot_be_turned_into_a_reading_key(
    deployment: Deployment, ana: Browser, as_roles: Roles
) -> None:
    """What a client holds, the form, is the api role's; that role cannot read what it put."""
    story_id = ana.create()["story"]["id"]
    s3 = as_roles.clients("Api")("s3")
    key = f"uploads/{story_id}/photo"
    for bucket in ("uploads", "work", "evidence"):
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.get_object(Bucket=deployment.bucket(bucket), Key=key)
