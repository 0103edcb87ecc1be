"""What else a cluster has: add-ons, access, identities of pods."""

from tests.support.aws.provider.row import Call, Row, Update
from tests.support.aws.provider.rows.eks import tags

_ADDON = {"clusterName": "{clusterName}", "addonName": "{addonName}"}
_ENTRY = {"clusterName": "{clusterName}", "principalArn": "{principalArn}"}
_POD = {"clusterName": "{clusterName}", "associationId": "{id}"}

ROWS = (
    Row(
        token="aws:eks/addon:Addon",
        service="eks",
        create=Call(
            "create_addon",
            {
                **_ADDON,
                "addonVersion": "{addonVersion}",
                "configurationValues": "{configurationValues}",
                "resolveConflicts": "{resolveConflictsOnCreate}",
                "serviceAccountRoleArn": "{serviceAccountRoleArn}",
                "podIdentityAssociations": "{podIdentityAssociations}",
                "tags": "{tagsAll}",
            },
        ),
        id="{clusterName}:{addonName}",
        keys=("clusterName", "addonName"),
        read=Call("describe_addon", _ADDON),
        found="addon",
        ready={"status": "ACTIVE"},
        outputs={
            "clusterName": "clusterName",
            "addonName": "addonName",
            "addonVersion": "addonVersion",
            "configurationValues": "configurationValues",
            "arn": "addonArn",
            "tagsAll": "tags",
        },
        updates=(
            Update(
                ["addonVersion", "configurationValues", "serviceAccountRoleArn"],
                [
                    Call(
                        "update_addon",
                        {
                            **_ADDON,
                            "addonVersion": "{addonVersion}",
                            "configurationValues": "{configurationValues}",
                            "resolveConflicts": "{resolveConflictsOnUpdate}",
                            "serviceAccountRoleArn": "{serviceAccountRoleArn}",
                        },
                    )
                ],
            ),
        ),
        delete=Call("delete_addon", {**_ADDON, "preserve": "{preserve}"}),
        tags=tags("{arn}", "/addon"),
        own=("resolveConflictsOnUpdate", "preserve"),
    ),
    Row(
        token="aws:eks/accessEntry:AccessEntry",
        service="eks",
        create=Call(
            "create_access_entry",
            {
                **_ENTRY,
                "type": "{type}",
                "kubernetesGroups": "{kubernetesGroups}",
                "username": "{userName}",
                "tags": "{tagsAll}",
            },
        ),
        id="{clusterName}:{principalArn}",
        keys=("clusterName", "principalArn"),
        read=Call("describe_access_entry", _ENTRY),
        found="accessEntry",
        outputs={
            "clusterName": "clusterName",
            "principalArn": "principalArn",
            "accessEntryArn": "accessEntryArn",
            "type": "type",
            "tagsAll": "tags",
        },
        updates=(
            Update(
                ["kubernetesGroups", "userName"],
                [
                    Call(
                        "update_access_entry",
                        {
                            **_ENTRY,
                            "kubernetesGroups": "{kubernetesGroups}",
                            "username": "{userName}",
                        },
                    )
                ],
            ),
        ),
        delete=Call("delete_access_entry", _ENTRY),
        tags=tags("{accessEntryArn}", "/access_entry"),
    ),
    Row(
        token="aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        service="eks",
        create=Call(
            "associate_access_policy",
            {**_ENTRY, "policyArn": "{policyArn}", "accessScope": "{accessScope}"},
        ),
        id="{clusterName}#{principalArn}#{policyArn}",
        keys=("clusterName", "principalArn", "policyArn"),
        read=Call("list_associated_access_policies", _ENTRY),
        found="associatedAccessPolicies",
        pick=("policyArn", "{policyArn}"),
        outputs={
            "policyArn": "policyArn",
            "accessScope": "accessScope",
            "principalArn": "{principalArn}",
            "clusterName": "{clusterName}",
        },
        delete=Call("disassociate_access_policy", {**_ENTRY, "policyArn": "{policyArn}"}),
    ),
    Row(
        token="aws:eks/podIdentityAssociation:PodIdentityAssociation",
        service="eks",
        create=Call(
            "create_pod_identity_association",
            {
                "clusterName": "{clusterName}",
                "namespace": "{namespace}",
                "serviceAccount": "{serviceAccount}",
                "roleArn": "{roleArn}",
                "targetRoleArn": "{targetRoleArn}",
                "disableSessionTags": "{disableSessionTags}",
                "tags": "{tagsAll}",
            },
        ),
        id="association.associationId",
        read=Call("describe_pod_identity_association", _POD),
        found="association",
        outputs={
            "associationId": "associationId",
            "associationArn": "associationArn",
            "namespace": "namespace",
            "serviceAccount": "serviceAccount",
            "roleArn": "roleArn",
            "tagsAll": "tags",
        },
        updates=(
            Update(
                ["roleArn", "targetRoleArn", "disableSessionTags"],
                [
                    Call(
                        "update_pod_identity_association",
                        {
                            **_POD,
                            "roleArn": "{roleArn}",
                            "targetRoleArn": "{targetRoleArn}",
                            "disableSessionTags": "{disableSessionTags}",
                        },
                    )
                ],
            ),
        ),
        delete=Call("delete_pod_identity_association", _POD),
        tags=tags("{associationArn}", "/pod_identity"),
    ),
)
