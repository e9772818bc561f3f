"""What the template's roles may do, statement by statement, against a table written by hand.

The emulator proves most of it (test_isolation.py); what it does not check, such as the workflow's
own role, and what must not be there at all, is proven here, on the template after SAM's transform.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from story.identifiers import REPLAY_PREFIX
from tests.transformed import transformed

TRACES = "arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess"
WRITES_ITS_LOG = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"

#: What every function that works on a story does.
ITS_LINE = ["UpdateItem StoriesTable [TIMELINE#*]"]

#: Log delivery and tracing, of each workflow.
DELIVERS_LOGS = [
    *[
        f"{action} *"
        for action in (
            "CreateLogDelivery",
            "GetLogDelivery",
            "UpdateLogDelivery",
            "DeleteLogDelivery",
            "ListLogDeliveries",
            "PutResourcePolicy",
            "DescribeResourcePolicies",
            "DescribeLogGroups",
            "PutTraceSegments",
            "PutTelemetryRecords",
            "GetSamplingRules",
            "GetSamplingTargets",
        )
    ],
]

#: Role -> action, resource and, for the table, the partitions. Nothing else may be granted.
GRANTED = {
    "ApiFunctionRole": [
        "PutItem StoriesTable [STORY#*]",
        "GetItem StoriesTable [STORY#*]",
        "GetItem StoriesTable [PACE]",
        "GetItem StoriesTable [QUOTA#*]",
        "UpdateItem StoriesTable [QUOTA#*]",
        "UpdateItem StoriesTable [STORY#*]",
        "PutItem StoriesTable [CHANGE]",
        "GetItem StoriesTable [DRAFT#*]",
        *[
            f"{action} StoriesTable [IDEMPOTENCY#*]"
            for action in ("PutItem", "GetItem", "UpdateItem", "DeleteItem")
        ],
        "Query StoriesTable [VERDICT#* TIMELINE#* USER#*]",
        "Query StoriesTable/index/by_creator",
        "InvokeFunction PostStoryFunctionAliaslive",
        "Query StoriesTable/index/feed",
        "BatchGetItem StoriesTable [STORY#*]",
        "GetItem StoriesTable [PAGE#*]",
        "GetParameter ssm:parameter/AWS::StackName/public-url",
        "Query StoriesTable/index/queue",
        "PutItem StoriesTable [REPORT#*]",
        "Query StoriesTable [REPORT#*]",
        "PutItem StoriesTable [SALT]",
        "GetItem StoriesTable [SALT]",
        "PutObject UploadsBucket/uploads/*",
        "PutItem StoriesTable [CHECK#*]",
        "GetItem StoriesTable [CHECK#*]",
        "PutObject ChecksBucket/checks/*",
        "GetObject StoriesBucket/*",
        "GetParameter ssm:parameterServiceSwitch",
        "SendTaskSuccess *",
        "StopExecution states:execution:StoryWorkflow:*",
        "StartExecution StoryWorkflow",
        "StartExecution StoryWorkflowAliaslive",
        "PutEvents EventBus",
    ],
    "ReviewFunctionRole": [
        "GetObject EvidenceBucket/*",
        "Decrypt EvidenceKey",
        "GetItem StoriesTable [STORY#*]",
        "BatchGetItem StoriesTable [STORY#*]",
        "UpdateItem StoriesTable [STORY#*]",
        "Query StoriesTable/index/review",
        "Query StoriesTable [VERDICT#* REPORT#*]",
        "PutItem StoriesTable [AUDIT#* CHANGE]",
        "GetItem StoriesTable [QUOTA#*]",
        "UpdateItem StoriesTable [QUOTA#*]",
        *[
            f"{action} StoriesTable [IDEMPOTENCY#*]"
            for action in ("PutItem", "GetItem", "UpdateItem", "DeleteItem")
        ],
        "StartExecution StoryWorkflow",
        "StartExecution StoryWorkflowAliaslive",
        "PutEvents EventBus",
    ],
    "InspectPhotoFunctionRole": [
        "GetObject UploadsBucket/uploads/*",
        "GetObjectVersion UploadsBucket/uploads/*",
        "PutObject WorkBucket/work/*",
        "PutObject HeldBucket/*",
        "GetItem StoriesTable [BLOCK#*]",
        "BatchGetItem StoriesTable [BLOCK#*]",
        "GetItem StoriesTable [STORY#*]",
        "UpdateItem StoriesTable [STORY#*]",
        "PutItem StoriesTable [VERDICT#*]",
        *ITS_LINE,
    ],
    "ReadPhotoCredentialFunctionRole": [
        "GetObject UploadsBucket/uploads/*",
        "GetObjectVersion UploadsBucket/uploads/*",
        "GetItem StoriesTable [STORY#*]",
        *ITS_LINE,
    ],
    "RestorePhotoFunctionRole": [
        "GetObject EvidenceBucket/*/photo.jpg",
        "Decrypt EvidenceKey",
        "PutObject WorkBucket/work/*",
        "PutObject HeldBucket/*",
        "GetItem StoriesTable [BLOCK#*]",
        "BatchGetItem StoriesTable [BLOCK#*]",
        "GetItem StoriesTable [STORY#*]",
        "UpdateItem StoriesTable [STORY#*]",
        "PutItem StoriesTable [VERDICT#*]",
        *ITS_LINE,
    ],
    "ModerateFunctionRole": [
        "GetObject WorkBucket/work/*",
        "DetectModerationLabels *",
        "DetectText *",
        "DetectFaces *",
        "DetectLabels *",
        "RecognizeCelebrities *",
        "ApplyGuardrail Guardrail",
        "GetItem StoriesTable [STORY#*]",
        "GetItem StoriesTable [VERDICT#*]",
        "PutItem StoriesTable [VERDICT#*]",
        *ITS_LINE,
    ],
    "AwaitPromptFunctionRole": [
        "GetObject WorkBucket/work/*",
        "DetectLabels *",
        "DetectFaces *",
        "GetItem StoriesTable [VERDICT#*]",
        "GetItem StoriesTable [STORY#*]",
        "UpdateItem StoriesTable [STORY#*]",
        "PutItem StoriesTable [DRAFT#*]",
        "GetItem StoriesTable [DRAFT#*]",
        "SendTaskSuccess *",
        *ITS_LINE,
    ],
    "DirectSceneFunctionRole": [
        "GetObject WorkBucket/work/*",
        "PutObject WorkBucket/work/*",
        "DetectLabels *",
        "DetectFaces *",
        "GetItem StoriesTable [VERDICT#*]",
        "GetItem StoriesTable [STORY#*]",
        *ITS_LINE,
    ],
    "GenerateVideoFunctionRole": [
        "GetObject WorkBucket/work/*",
        "PutObject WorkBucket/requests/*",
        "InvokeEndpointAsync Endpoint",
        "GetItem StoriesTable [GENERATION#* TIMELINE#*]",
        "UpdateItem StoriesTable [GENERATION#* TIMELINE#*]",
        "GetParameter ssm:parameterServiceSwitch",
    ],
    "ResumeStoryFunctionRole": [
        "SendTaskSuccess *",
        "SendTaskFailure *",
        "GetObject WorkBucket/failures/*",
        "DeleteObject WorkBucket/failures/*",
        "DeleteObject WorkBucket/results/*",
        "Decrypt EngineKey",
        "GetItem StoriesTable [STORY#*]",
        "GetItem StoriesTable [GENERATION#* TIMELINE#*]",
        "UpdateItem StoriesTable [GENERATION#* TIMELINE#*]",
        "SendMessage DeadLetters",
    ],
    "StoryProgressFunctionRole": ITS_LINE,
    "InspectVideoFunctionRole": [
        "GetObject WorkBucket/results/*",
        "Decrypt EngineKey",
        "GetObject WorkBucket/work/*",
        "PutObject WorkBucket/work/*",
        *ITS_LINE,
    ],
    "LabelVideoFunctionRole": [
        "GetObject WorkBucket/work/*",
        "PutObject WorkBucket/work/*",
        "GenerateMac WatermarkKey",
        "PutItem StoriesTable [MARK#*]",
        *ITS_LINE,
    ],
    "SignVideoFunctionRole": [
        "GetObject WorkBucket/work/*",
        "GetObject arn:aws:s3:::CertificateBucket/*",
        "PutObject StoriesBucket/*",
        "Sign SigningKey",
        "GetPublicKey SigningKey",
        "GetParameter ssm:parameterCertificateChainParameter",
        "GetParameter ssm:parameterTrustAnchorsParameter",
        "Query StoriesTable [TIMELINE#*]",
        *ITS_LINE,
    ],
    "SettleStoryFunctionRole": [
        *[
            f"{action} {bucket}Bucket{objects}"
            for action, objects in (
                ("ListBucket", ""),
                ("ListBucketVersions", ""),
                ("DeleteObject", "/*"),
                ("DeleteObjectVersion", "/*"),
            )
            for bucket in ("Uploads", "Work", "Evidence", "Stories")
        ],
        "GetObject WorkBucket/work/*",
        "GetObject StoriesBucket/*",
        "GetObject EvidenceBucket/*",
        "PutObject EvidenceBucket/*",
        "PutObject StoriesBucket/*",
        "GenerateDataKey EvidenceKey",
        "Decrypt EvidenceKey",
        "DescribeExecution states:execution:StoryWorkflow:*",
        "StopExecution states:execution:StoryWorkflow:*",
        "StartExecution StoryWorkflow",
        "StartExecution StoryWorkflowAliaslive",
        "SendTaskSuccess *",
        "GetItem StoriesTable [STORY#*]",
        "UpdateItem StoriesTable [STORY#*]",
        "UpdateItem StoriesTable [QUOTA#*]",
        "GetItem StoriesTable [PACE]",
        "UpdateItem StoriesTable [PACE]",
        "PutEvents EventBus",
        "Query StoriesTable/index/review",
        "Query StoriesTable/index/feed",
        "GetItem StoriesTable [DRAFT#*]",
        *[
            f"{action} StoriesTable"
            " [STORY#* VERDICT#* GENERATION#* TIMELINE#* DRAFT#* REPORT#* CHANGE]"
            for action in ("Query", "DeleteItem")
        ],
        "DeleteItem StoriesTable [MARK#*]",
        "UpdateItem StoriesTable [MARK#*]",
        "PutItem StoriesTable [AUDIT#*]",
        "PutItem StoriesTable [USER#*]",
        "SendMessage DeadLetters",
    ],
    "PostStoryFunctionRole": [
        "GetObject StoriesBucket/*",
        "GetObject arn:aws:s3:::CertificateBucket/*",
        "GetParameter ssm:parameterTrustAnchorsParameter",
        "ApplyGuardrail Guardrail",
        "GetItem StoriesTable [STORY#*]",
        "UpdateItem StoriesTable [STORY#*]",
        "Query StoriesTable [VERDICT#* TIMELINE#* USER#*]",
        "PutItem StoriesTable [VERDICT#* PAGE#*]",
        "InvokeFunction LookAgainFunctionAliaslive",
    ],
    "LookAgainFunctionRole": [
        "GetObject StoriesBucket/*",
        "DetectModerationLabels *",
    ],
    "CheckCertificateFunctionRole": [
        "GetPublicKey SigningKey",
        "GetParameter ssm:parameterCertificateChainParameter",
        "GetParameter ssm:parameterTrustAnchorsParameter",
        "GetObject arn:aws:s3:::CertificateBucket/*",
    ],
    "StoryWorkflowRole": [
        *[
            f"InvokeFunction {state}Function:*"
            for state in (
                "InspectPhoto",
                "ReadPhotoCredential",
                "RestorePhoto",
                "Moderate",
                "AwaitPrompt",
                "DirectScene",
                "GenerateVideo",
                "InspectVideo",
                "LabelVideo",
                "SignVideo",
            )
        ],
        "UpdateItem StoriesTable [STORY#* MARK#*]",
        "PutEvents EventBus",
        *DELIVERS_LOGS,
    ],
    "PhotoUploadedRole": [
        "StartExecution StoryWorkflow",
        "StartExecution StoryWorkflowAliaslive",
    ],
    # What looks at strangers' files: the file, and what each needs to know of us.
    "ReadCredentialFunctionRole": [
        "GetObject ChecksBucket/checks/*",
        "GetParameter ssm:parameterCertificateChainParameter",
        "GetParameter ssm:parameterTrustAnchorsParameter",
        "GetObject arn:aws:s3:::CertificateBucket/*",
    ],
    "FindMarkFunctionRole": [
        "GetObject ChecksBucket/checks/*",
        "GenerateMac WatermarkKey",
    ],
    "ConcludeFunctionRole": [
        "GetItem StoriesTable [MARK#*]",
        "UpdateItem StoriesTable [CHECK#*]",
        "GetObject RecordsBucket/*",
        "ListBucket RecordsBucket",
    ],
    "PackRecordsFunctionRole": [
        "Query StoriesTable/index/provenance",
        "PutObject RecordsBucket/*",
    ],
    "VerifyWorkflowRole": [
        *[
            f"InvokeFunction {state}Function:*"
            for state in ("ReadCredential", "FindMark", "Conclude")
        ],
        "UpdateItem StoriesTable [CHECK#*]",
        "DeleteObject ChecksBucket/checks/*",
        *DELIVERS_LOGS,
    ],
    "FileToCheckUploadedRole": [
        "StartExecution VerifyWorkflow",
        "StartExecution VerifyWorkflowAliaslive",
    ],
    "EndpointRole": [
        "GetObject WorkBucket/requests/*",
        "PutObject WorkBucket/results/*",
        "PutObject WorkBucket/failures/*",
        "GenerateDataKey EngineKey",
        "Decrypt EngineKey",
        "Publish GenerationDoneTopic",
        "Publish GenerationFailedTopic",
        "PutEvents EventBus",
        *[
            f"{action} *"
            for action in (
                "GetAuthorizationToken",
                "CreateNetworkInterface",
                "CreateNetworkInterfacePermission",
                "DeleteNetworkInterface",
                "DeleteNetworkInterfacePermission",
                "DescribeNetworkInterfaces",
                "DescribeVpcs",
                "DescribeDhcpOptions",
                "DescribeSubnets",
                "DescribeSecurityGroups",
                "PutMetricData",
            )
        ],
        "BatchCheckLayerAvailability ecr:repository/*",
        "GetDownloadUrlForLayer ecr:repository/*",
        "BatchGetImage ecr:repository/*",
        "CreateLogGroup logs:log-group:/aws/sagemaker/Endpoints/*",
        "CreateLogStream logs:log-group:/aws/sagemaker/Endpoints/*",
        "PutLogEvents logs:log-group:/aws/sagemaker/Endpoints/*",
        "GetObject arn:aws:s3:::Bucket",
        "GetObject arn:aws:s3:::Prefix*",
        "ListBucket arn:aws:s3:::Bucket",
        "ListBucket arn:aws:s3:::Prefix*",
    ],
}

#: What the operator may give to people. Nothing here is attached to anyone by the template.
GRANTED_TO_PEOPLE = {
    "ReviewerPolicy": [
        "DescribeStacks cloudformation:stack/AWS::StackName/*",
        "GetItem StoriesTable [STORY#*]",
        "Query StoriesTable [VERDICT#* TIMELINE#*]",
        "DescribeExecution states:execution:StoryWorkflow:*",
        "GetExecutionHistory states:execution:StoryWorkflow:*",
        "GetObject WorkBucket/work/*",
        "GetObject EvidenceBucket/*",
        "GetObject StoriesBucket/*",
        "ListBucket WorkBucket",
        "ListBucket EvidenceBucket",
        "ListBucket StoriesBucket",
        "Decrypt EvidenceKey",
    ],
    "ReplayPolicy": [
        "Decrypt EngineKey",
        *[
            f"{action} StoriesTable [STORY#{REPLAY_PREFIX}* VERDICT#{REPLAY_PREFIX}* "
            f"TIMELINE#{REPLAY_PREFIX}* GENERATION#{REPLAY_PREFIX}*]"
            for action in ("PutItem", "GetItem", "Query", "DeleteItem")
        ],
        f"PutObject WorkBucket/work/{REPLAY_PREFIX}*",
        f"PutObject StoriesBucket/{REPLAY_PREFIX}*",
        f"PutObject UploadsBucket/uploads/{REPLAY_PREFIX}*",
        f"DeleteObject WorkBucket/work/{REPLAY_PREFIX}*",
        f"DeleteObject StoriesBucket/{REPLAY_PREFIX}*",
        f"DeleteObject WorkBucket/requests/{REPLAY_PREFIX}*",
        f"DeleteObjectVersion UploadsBucket/uploads/{REPLAY_PREFIX}*",
        "GetObject UploadsBucket/uploads/*",
        "GetObjectVersion UploadsBucket/uploads/*",
        "ListBucket UploadsBucket",
        "ListBucketVersions UploadsBucket",
        *[
            f"{action} WorkBucket/{folder}/*"
            for action in ("GetObject", "DeleteObject")
            for folder in ("results", "failures")
        ],
        "DescribeStateMachine StoryWorkflow",
        *[
            f"InvokeFunction {state}Function:*"
            for state in (
                "InspectPhoto",
                "Moderate",
                "DirectScene",
                "GenerateVideo",
                "InspectVideo",
                "LabelVideo",
                "SignVideo",
            )
        ],
    ],
}

#: Actions for which IAM has no resources to name: only these may be granted on "*".
WITHOUT_RESOURCES = {
    "rekognition:DetectModerationLabels",
    "rekognition:DetectText",
    "rekognition:RecognizeCelebrities",
    "rekognition:DetectLabels",
    "rekognition:DetectFaces",
    "states:SendTaskSuccess",
    "states:SendTaskFailure",
}
#: The roles whose service needs such actions of its own: log delivery, tracing, a VPC, an image.
SERVICE_ROLES = {"StoryWorkflowRole", "VerifyWorkflowRole", "EndpointRole"}


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    found: dict[str, Any] = transformed()["Resources"]
    return found


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def plain(value: Any) -> str:
    """A resource as the tables here write it: logical names for what the template makes."""
    if isinstance(value, str):
        return value
    ((function, argument),) = value.items()
    if function == "Ref":
        return str(argument)
    if function == "Fn::GetAtt":
        return str(argument[0])
    if function == "Fn::If":
        return plain(argument[1])
    assert function == "Fn::Sub", value
    text = argument[0] if isinstance(argument, list) else argument
    for service in ("ssm", "states", "ecr", "logs", "cloudformation"):
        text = text.replace(
            f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:",
            f"{service}:",
        )
    text = text.replace("${AWS::Partition}", "aws")
    return str(text.replace(".Arn}", "}").replace(".Name}", "}").replace("${", "").replace("}", ""))


def statements(role: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every statement of a role, those behind a condition included."""
    for policy in role["Properties"].get("Policies", []):
        for statement in policy["PolicyDocument"]["Statement"]:
            if "Fn::If" in statement:
                yield from (part for part in statement["Fn::If"][1:] if "Ref" not in part)
            else:
                yield statement


def grants(role: dict[str, Any]) -> list[str]:
    """Each action on each resource, as GRANTED writes them."""
    found = []
    for statement in statements(role):
        assert statement["Effect"] == "Allow", statement
        assert statement.keys() <= {"Effect", "Action", "Resource", "Condition"}, statement
        partitions = ""
        if "Condition" in statement:
            ((operator, keys),) = statement["Condition"].items()
            ((key, values),) = keys.items()
            assert (operator, key) == ("ForAllValues:StringLike", "dynamodb:LeadingKeys")
            partitions = f" [{' '.join(values)}]"
        found += [
            f"{action.split(':')[1]} {plain(resource)}{partitions}"
            for action in listed(statement["Action"])
            for resource in listed(statement["Resource"])
        ]
    return found


def roles(resources: dict[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in resources.items() if each["Type"] == "AWS::IAM::Role"}


def holders(resources: dict[str, Any], wanted: str) -> set[str]:
    """The roles that are granted an action on a resource; both may be the beginning of a name."""
    action, _, resource = wanted.partition(" ")
    found = set()
    for name, role in roles(resources).items():
        for granted in grants(role):
            what, _, where = granted.partition(" ")
            if what.startswith(action) and where.startswith(resource):
                found.add(name)
    return found


def test_every_role_is_granted_exactly_what_the_table_says(resources: dict[str, Any]) -> None:
    assert roles(resources).keys() == GRANTED.keys()
    differences = [
        f"{name:<26} {mark} {grant}"
        for name, role in sorted(roles(resources).items())
        for mark, extra in (
            ("may, but should not:", set(grants(role)) - set(GRANTED[name])),
            ("should, but may not:", set(GRANTED[name]) - set(grants(role))),
        )
        for grant in sorted(extra)
    ]
    assert not differences, "\n" + "\n".join(differences)


def test_people_can_be_given_exactly_what_the_table_says(resources: dict[str, Any]) -> None:
    policies = {
        name: {"Properties": {"Policies": [each["Properties"]]}}
        for name, each in resources.items()
        if each["Type"] == "AWS::IAM::ManagedPolicy"
    }
    assert policies.keys() == GRANTED_TO_PEOPLE.keys()
    for name, policy in policies.items():
        assert sorted(grants(policy)) == sorted(GRANTED_TO_PEOPLE[name])
        for statement in statements(policy):
            assert "*" not in listed(statement["Resource"]), name
            assert not [action for action in listed(statement["Action"]) if "*" in action], name


def test_the_template_gives_peoples_policies_to_nobody(resources: dict[str, Any]) -> None:
    for name in GRANTED_TO_PEOPLE:
        assert not {"Roles", "Users", "Groups"} & resources[name]["Properties"].keys()
        for role in roles(resources).values():
            assert {"Ref": name} not in role["Properties"].get("ManagedPolicyArns", [])


def test_functions_have_two_managed_policies_and_others_no_more(resources: dict[str, Any]) -> None:
    for name, role in roles(resources).items():
        managed = set(role["Properties"].get("ManagedPolicyArns", []))
        allowed = {TRACES, WRITES_ITS_LOG} if name.endswith("FunctionRole") else {TRACES}
        assert managed <= allowed, name


def test_no_action_holds_a_wildcard(resources: dict[str, Any]) -> None:
    for name, role in roles(resources).items():
        for statement in statements(role):
            assert "NotAction" not in statement, name
            assert "NotResource" not in statement, name
            for action in listed(statement["Action"]):
                assert "*" not in action, (name, action)


def test_only_actions_without_resources_are_granted_on_everything(
    resources: dict[str, Any],
) -> None:
    for name, role in roles(resources).items():
        for statement in statements(role):
            if name not in SERVICE_ROLES and "*" in listed(statement["Resource"]):
                assert set(listed(statement["Action"])) <= WITHOUT_RESOURCES, name


def test_the_table_is_never_granted_without_its_partitions(resources: dict[str, Any]) -> None:
    for name, role in roles(resources).items():
        for granted in grants(role):
            if granted.endswith("StoriesTable"):
                pytest.fail(f"{name} may {granted} in every partition")


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("SendTaskFailure", {"ResumeStoryFunctionRole"}),
        (
            "SendTaskSuccess",
            {
                "ResumeStoryFunctionRole",
                "ApiFunctionRole",
                "AwaitPromptFunctionRole",
                "SettleStoryFunctionRole",
            },
        ),
        ("Delete UploadsBucket", {"SettleStoryFunctionRole"}),
        ("Delete EvidenceBucket", {"SettleStoryFunctionRole"}),
        ("Delete StoriesBucket", {"SettleStoryFunctionRole"}),
        ("Delete WorkBucket/work", set()),
        ("Delete WorkBucket/*", {"SettleStoryFunctionRole"}),
        # What was reported and is restored is brought back.
        ("Put StoriesBucket", {"SignVideoFunctionRole", "SettleStoryFunctionRole"}),
        ("Put UploadsBucket", {"ApiFunctionRole"}),
        ("Put EvidenceBucket", {"SettleStoryFunctionRole"}),
        (
            "Get EvidenceBucket",
            {"RestorePhotoFunctionRole", "ReviewFunctionRole", "SettleStoryFunctionRole"},
        ),
        (
            "Get UploadsBucket",
            {"InspectPhotoFunctionRole", "ReadPhotoCredentialFunctionRole"},
        ),
        (
            "Get StoriesBucket",
            {
                "ApiFunctionRole",
                "PostStoryFunctionRole",
                "LookAgainFunctionRole",
                "SettleStoryFunctionRole",
            },
        ),
        ("InvokeFunction PostStory", {"ApiFunctionRole"}),
        ("InvokeFunction LookAgain", {"PostStoryFunctionRole"}),
        (
            "PutItem StoriesTable [VERDICT",
            {
                "InspectPhotoFunctionRole",
                "RestorePhotoFunctionRole",
                "ModerateFunctionRole",
                "PostStoryFunctionRole",
            },
        ),
        ("Put HeldBucket", {"InspectPhotoFunctionRole", "RestorePhotoFunctionRole"}),
        ("Get HeldBucket", set()),
        ("Sign", {"SignVideoFunctionRole"}),
        ("Scan", set()),
        # The API forgets keys against doing twice, and no story.
        ("DeleteItem", {"SettleStoryFunctionRole", "ApiFunctionRole", "ReviewFunctionRole"}),
        ("DeleteItem StoriesTable [STORY#*", {"SettleStoryFunctionRole"}),
        ("PutItem StoriesTable [AUDIT#*", {"SettleStoryFunctionRole", "ReviewFunctionRole"}),
        ("PutItem StoriesTable [USER#*", {"SettleStoryFunctionRole"}),
        (
            "StartExecution",
            {
                "PhotoUploadedRole",
                "FileToCheckUploadedRole",
                "ApiFunctionRole",
                "ReviewFunctionRole",
                "SettleStoryFunctionRole",
            },
        ),
        ("StartExecution VerifyWorkflow", {"FileToCheckUploadedRole"}),
        ("Get ChecksBucket", {"ReadCredentialFunctionRole", "FindMarkFunctionRole"}),
        ("Put ChecksBucket", {"ApiFunctionRole"}),
        ("Delete ChecksBucket", {"VerifyWorkflowRole"}),
        ("Put RecordsBucket", {"PackRecordsFunctionRole"}),
        ("Get RecordsBucket", {"ConcludeFunctionRole"}),
        ("GenerateMac", {"LabelVideoFunctionRole", "FindMarkFunctionRole"}),
        ("GetItem StoriesTable [MARK#*", {"ConcludeFunctionRole"}),
        ("StopExecution", {"ApiFunctionRole", "SettleStoryFunctionRole"}),
        ("InvokeEndpoint", {"GenerateVideoFunctionRole"}),
        ("Pass", set()),
        ("Assume", set()),
    ],
)
def test_what_is_dangerous_has_one_holder_or_none(
    resources: dict[str, Any], wanted: str, expected: set[str]
) -> None:
    assert holders(resources, wanted) == expected


def test_a_role_can_be_taken_only_by_its_own_service(resources: dict[str, Any]) -> None:
    trusted = {}
    for name, role in roles(resources).items():
        (statement,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        assert listed(statement["Action"]) == ["sts:AssumeRole"], name
        assert statement["Principal"].keys() == {"Service"}, name
        (trusted[name],) = listed(statement["Principal"]["Service"])
    others = {name: service for name, service in trusted.items() if "Function" not in name}
    assert others == {
        "StoryWorkflowRole": "states.amazonaws.com",
        "PhotoUploadedRole": "events.amazonaws.com",
        "VerifyWorkflowRole": "states.amazonaws.com",
        "FileToCheckUploadedRole": "events.amazonaws.com",
        "EndpointRole": "sagemaker.amazonaws.com",
    }
    assert set(trusted.values()) - set(others.values()) == {"lambda.amazonaws.com"}


def test_no_function_has_the_role_of_another(resources: dict[str, Any]) -> None:
    functions = {
        name: plain(each["Properties"]["Role"])
        for name, each in resources.items()
        if each["Type"] == "AWS::Lambda::Function"
    }
    assert functions == {name: f"{name}Role" for name in functions}
    assert len(functions) == 22


def test_no_client_facing_role_can_read_what_is_private(resources: dict[str, Any]) -> None:
    for granted in grants(resources["ApiFunctionRole"]):
        action, resource = granted.split(" ")[:2]
        private = resource.startswith(("UploadsBucket", "WorkBucket", "EvidenceBucket"))
        assert not private or action == "PutObject", granted


@pytest.mark.parametrize(
    "role", ["ReadCredentialFunctionRole", "FindMarkFunctionRole", "ConcludeFunctionRole"]
)
def test_who_looks_at_strangers_files_can_read_nothing_else_that_is_private(
    resources: dict[str, Any], role: str
) -> None:
    private = ("Uploads", "Work", "Evidence", "Held", "Stories")
    for granted in grants(resources[role]):
        action, resource = granted.split(" ")[:2]
        assert not resource.startswith(tuple(f"{name}Bucket" for name in private)), granted
        assert action != "PutObject", granted
        if resource.startswith("StoriesTable"):
            assert granted.endswith(("[MARK#*]", "[CHECK#*]")), granted


def test_who_parses_a_strangers_file_cannot_touch_the_table(resources: dict[str, Any]) -> None:
    for role in ("ReadCredentialFunctionRole", "FindMarkFunctionRole"):
        assert not [granted for granted in grants(resources[role]) if "StoriesTable" in granted]


def test_no_role_can_change_or_delete_a_line_of_the_trail(resources: dict[str, Any]) -> None:
    """Adding a line is putting an item; that none is put over another is the code's condition."""
    for name, role in roles(resources).items():
        for granted in grants(role):
            if "AUDIT#*" in granted:
                assert granted.startswith(("PutItem ", "Query ")), (name, granted)


def test_only_roles_that_are_granted_it_can_announce_a_result(resources: dict[str, Any]) -> None:
    """SNS's default policy would let every principal of the account publish."""
    guarded = {}
    for each in resources.values():
        if each["Type"] == "AWS::SNS::TopicPolicy":
            (statement,) = each["Properties"]["PolicyDocument"]["Statement"]
            assert (statement["Effect"], statement["Action"]) == ("Allow", "sns:Publish")
            (publisher,) = statement["Principal"].values()
            guarded[plain(each["Properties"]["Topics"][0])] = plain(publisher)
    root = "arn:aws:iam::AWS::AccountId:root"
    assert guarded == {
        "GenerationDoneTopic": root,
        "GenerationFailedTopic": root,
        "AlarmTopic": "cloudwatch.amazonaws.com",
    }
    assert holders(resources, "Publish") == {"EndpointRole"}
