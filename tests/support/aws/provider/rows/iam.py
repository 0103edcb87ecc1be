"""Roles and policies."""

from tests.support.aws.provider.row import Call, Row, Tags, Update

_POLICY = {"PolicyArn": "{id}"}

ROWS = (
    Row(
        token="aws:iam/role:Role",
        service="iam",
        create=Call(
            "create_role",
            {
                "RoleName": "{name}",
                "AssumeRolePolicyDocument": "{assumeRolePolicy}",
                "Description": "{description}",
                "Path": "{path}",
                "MaxSessionDuration": "{maxSessionDuration}",
                "PermissionsBoundary": "{permissionsBoundary}",
                "Tags": "{tagsAll|list}",
            },
        ),
        id="{name}",
        keys=("name",),
        read=Call("get_role", {"RoleName": "{id}"}),
        found="Role",
        outputs={
            "name": "RoleName",
            "arn": "Arn",
            "uniqueId": "RoleId",
            "assumeRolePolicy": "AssumeRolePolicyDocument|document",
            "description": "Description",
            "tagsAll": "Tags|list",
        },
        updates=(
            Update(
                ["assumeRolePolicy"],
                [
                    Call(
                        "update_assume_role_policy",
                        {"RoleName": "{id}", "PolicyDocument": "{assumeRolePolicy}"},
                    )
                ],
            ),
            Update(
                ["description", "maxSessionDuration"],
                [
                    Call(
                        "update_role",
                        {
                            "RoleName": "{id}",
                            "Description": "{description}",
                            "MaxSessionDuration": "{maxSessionDuration}",
                        },
                    )
                ],
            ),
        ),
        delete=Call("delete_role", {"RoleName": "{id}"}),
        tags=Tags(
            Call("tag_role", {"RoleName": "{id}", "Tags": "{put|list}"}),
            Call("untag_role", {"RoleName": "{id}", "TagKeys": "{removed}"}),
        ),
        named="name",
        longest=64,
        own=("forceDetachPolicies",),
    ),
    Row(
        token="aws:iam/rolePolicy:RolePolicy",
        service="iam",
        create=Call(
            "put_role_policy",
            {"RoleName": "{role}", "PolicyName": "{name}", "PolicyDocument": "{policy}"},
        ),
        id="{role}:{name}",
        keys=("role", "name"),
        read=Call("get_role_policy", {"RoleName": "{role}", "PolicyName": "{name}"}),
        outputs={
            "role": "RoleName",
            "name": "PolicyName",
            "policy": "PolicyDocument|document",
        },
        updates=(
            Update(
                ["policy"],
                [
                    Call(
                        "put_role_policy",
                        {
                            "RoleName": "{role}",
                            "PolicyName": "{name}",
                            "PolicyDocument": "{policy}",
                        },
                    )
                ],
            ),
        ),
        delete=Call("delete_role_policy", {"RoleName": "{role}", "PolicyName": "{name}"}),
        named="name",
        longest=128,
    ),
    Row(
        token="aws:iam/policy:Policy",
        service="iam",
        create=Call(
            "create_policy",
            {
                "PolicyName": "{name}",
                "PolicyDocument": "{policy}",
                "Description": "{description}",
                "Path": "{path}",
                "Tags": "{tagsAll|list}",
            },
        ),
        id="Policy.Arn",
        read=Call("get_policy", _POLICY),
        found="Policy",
        outputs={"name": "PolicyName", "arn": "Arn", "policyId": "PolicyId"},
        updates=(
            Update(
                ["policy"],
                [
                    Call(
                        "create_policy_version",
                        {**_POLICY, "PolicyDocument": "{policy}", "SetAsDefault": True},
                    )
                ],
            ),
        ),
        delete=Call("delete_policy", _POLICY),
        tags=Tags(
            Call("tag_policy", {**_POLICY, "Tags": "{put|list}"}),
            Call("untag_policy", {**_POLICY, "TagKeys": "{removed}"}),
        ),
        named="name",
        longest=128,
    ),
    Row(
        token="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        service="iam",
        create=Call("attach_role_policy", {"RoleName": "{role}", "PolicyArn": "{policyArn}"}),
        id="{role}/{policyArn}",
        keys=("role", "policyArn"),
        read=Call("list_attached_role_policies", {"RoleName": "{role}"}),
        found="AttachedPolicies",
        pick=("PolicyArn", "{policyArn}"),
        outputs={"policyArn": "PolicyArn", "role": "{role}"},
        delete=Call("detach_role_policy", {"RoleName": "{role}", "PolicyArn": "{policyArn}"}),
    ),
    Row(
        token="aws:iam/instanceProfile:InstanceProfile",
        service="iam",
        create=Call(
            "create_instance_profile",
            {"InstanceProfileName": "{name}", "Path": "{path}", "Tags": "{tagsAll|list}"},
        ),
        id="{name}",
        keys=("name",),
        also=(
            Call(
                "add_role_to_instance_profile",
                {"InstanceProfileName": "{name}", "RoleName": "{role}"},
                when="role",
            ),
        ),
        read=Call("get_instance_profile", {"InstanceProfileName": "{id}"}),
        found="InstanceProfile",
        outputs={"name": "InstanceProfileName", "arn": "Arn", "role": "Roles.0.RoleName"},
        before_delete=(
            Call(
                "remove_role_from_instance_profile",
                {"InstanceProfileName": "{name}", "RoleName": "{role}"},
                when="role",
            ),
        ),
        delete=Call("delete_instance_profile", {"InstanceProfileName": "{id}"}),
        named="name",
        longest=128,
    ),
)
