"""Keys, and groups of logs."""

from tests.support.aws.provider.row import Call, Row, Tags, Update

_KEY = {"KeyId": "{id}"}
_GROUP = {"logGroupName": "{id}"}
_ALIAS = {"AliasName": "{name}", "TargetKeyId": "{targetKeyId}"}
_RESOURCE_POLICY = {"policyName": "{policyName}", "policyDocument": "{policyDocument}"}

ROWS = (
    Row(
        token="aws:kms/key:Key",
        service="kms",
        create=Call(
            "create_key",
            {
                "Description": "{description}",
                "KeyUsage": "{keyUsage}",
                "Policy": "{policy}",
                "MultiRegion": "{multiRegion}",
                "Tags": "{tagsAll|kms}",
            },
        ),
        id="KeyMetadata.KeyId",
        also=(Call("enable_key_rotation", _KEY, when="enableKeyRotation"),),
        read=Call("describe_key", _KEY),
        found="KeyMetadata",
        gone={"KeyState": "PendingDeletion"},
        outputs={"keyId": "KeyId", "arn": "Arn", "description": "Description"},
        updates=(
            Update(
                ["policy"],
                [Call("put_key_policy", {**_KEY, "PolicyName": "default", "Policy": "{policy}"})],
            ),
            Update(
                ["description"],
                [Call("update_key_description", {**_KEY, "Description": "{description}"})],
            ),
        ),
        delete=Call(
            "schedule_key_deletion", {**_KEY, "PendingWindowInDays": "{deletionWindowInDays}"}
        ),
        tags=Tags(
            Call("tag_resource", {**_KEY, "Tags": "{put|kms}"}),
            Call("untag_resource", {**_KEY, "TagKeys": "{removed}"}),
        ),
        own=("deletionWindowInDays",),
    ),
    Row(
        token="aws:kms/alias:Alias",
        service="kms",
        create=Call("create_alias", _ALIAS),
        id="{name}",
        keys=("name",),
        read=Call("list_aliases", {}),
        found="Aliases",
        pick=("AliasName", "{id}"),
        outputs={"name": "AliasName", "arn": "AliasArn", "targetKeyId": "TargetKeyId"},
        updates=(Update(["targetKeyId"], [Call("update_alias", _ALIAS)]),),
        delete=Call("delete_alias", {"AliasName": "{id}"}),
    ),
    Row(
        token="aws:cloudwatch/logGroup:LogGroup",
        service="logs",
        create=Call(
            "create_log_group",
            {
                "logGroupName": "{name}",
                "kmsKeyId": "{kmsKeyId}",
                "logGroupClass": "{logGroupClass}",
                "tags": "{tagsAll|some}",
            },
        ),
        id="{name}",
        keys=("name",),
        also=(
            Call(
                "put_retention_policy",
                {**_GROUP, "retentionInDays": "{retentionInDays}"},
                when="retentionInDays",
            ),
        ),
        read=Call("describe_log_groups", {"logGroupNamePrefix": "{id}"}),
        found="logGroups",
        pick=("logGroupName", "{id}"),
        outputs={
            "name": "logGroupName",
            "retentionInDays": "retentionInDays",
            "arn": "arn:aws:logs:{region}:123456789012:log-group:{name}",
        },
        updates=(
            Update(
                ["retentionInDays"],
                [Call("put_retention_policy", {**_GROUP, "retentionInDays": "{retentionInDays}"})],
            ),
        ),
        delete=Call("delete_log_group", _GROUP),
        tags=Tags(
            Call("tag_log_group", {**_GROUP, "tags": "{put}"}),
            Call("untag_log_group", {**_GROUP, "tags": "{removed}"}),
        ),
        named="name",
        longest=512,
        own=("skipDestroy",),
    ),
    Row(
        token="aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
        service="logs",
        create=Call("put_resource_policy", _RESOURCE_POLICY),
        id="{policyName}",
        keys=("policyName",),
        read=Call("describe_resource_policies", {}),
        found="resourcePolicies",
        pick=("policyName", "{id}"),
        outputs={"policyName": "policyName", "policyDocument": "policyDocument|document"},
        updates=(Update(["policyDocument"], [Call("put_resource_policy", _RESOURCE_POLICY)]),),
        delete=Call("delete_resource_policy", {"policyName": "{id}"}),
    ),
)
