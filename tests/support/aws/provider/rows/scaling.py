"""What hangs on the autoscaling group of a node group, and queues that hear of its nodes."""

from tests.support.aws.provider.row import Call, Row, Tags, Update

_GROUP = {"AutoScalingGroupName": "{autoscalingGroupName}"}
_ATTACHED = {**_GROUP, "TargetGroupARNs": ["{lbTargetGroupArn}"]}
_NAMES = ["{autoscalingGroupName}"]
_TARGET = {"Id": "{targetId}", "Arn": "{arn}"}
_QUEUE = {"QueueUrl": "{id}"}
_POLICY = {"QueueUrl": "{queueUrl}", "Attributes": {"Policy": "{policy}"}}
_RULE = {
    "Name": "{name}",
    "Description": "{description}",
    "EventPattern": "{eventPattern}",
    "ScheduleExpression": "{scheduleExpression}",
}

ROWS = (
    Row(
        token="aws:autoscaling/tag:Tag",
        service="autoscaling",
        create=Call("create_or_update_tags", {"Tags": ["{tag|group:autoscalingGroupName}"]}),
        id="{autoscalingGroupName},{tag|sub:key}",
        keys=("autoscalingGroupName", "key"),
        read=Call(
            "describe_tags",
            {
                "Filters": [
                    {"Name": "auto-scaling-group", "Values": ["{autoscalingGroupName}"]},
                    {"Name": "key", "Values": ["{tag|sub:key}"]},
                ]
            },
        ),
        found="Tags.0",
        outputs={"autoscalingGroupName": "ResourceId", "tag": "|camel"},
        updates=(
            Update(
                ["tag"],
                [Call("create_or_update_tags", {"Tags": ["{tag|group:autoscalingGroupName}"]})],
            ),
        ),
        delete=Call("delete_tags", {"Tags": ["{tag|group:autoscalingGroupName}"]}),
    ),
    Row(
        token="aws:autoscaling/attachment:Attachment",
        service="autoscaling",
        create=Call("attach_load_balancer_target_groups", _ATTACHED),
        id="{autoscalingGroupName},{lbTargetGroupArn}",
        keys=("autoscalingGroupName", "lbTargetGroupArn"),
        read=Call("describe_auto_scaling_groups", {"AutoScalingGroupNames": _NAMES}),
        found="AutoScalingGroups.0.TargetGroupARNs|named",
        pick=("name", "{lbTargetGroupArn}"),
        outputs={"lbTargetGroupArn": "name", "autoscalingGroupName": "{autoscalingGroupName}"},
        delete=Call("detach_load_balancer_target_groups", _ATTACHED),
    ),
    Row(
        token="aws:sqs/queue:Queue",
        service="sqs",
        create=Call(
            "create_queue",
            {
                "QueueName": "{name}",
                "Attributes": {
                    "MessageRetentionPeriod": "{messageRetentionSeconds|text}",
                    "SqsManagedSseEnabled": "{sqsManagedSseEnabled|text}",
                },
                "tags": "{tagsAll}",
            },
        ),
        id="QueueUrl",
        read=Call("get_queue_attributes", {**_QUEUE, "AttributeNames": ["All"]}),
        found="Attributes",
        outputs={"arn": "QueueArn", "url": "{id}"},
        delete=Call("delete_queue", _QUEUE),
        tags=Tags(
            Call("tag_queue", {**_QUEUE, "Tags": "{put}"}),
            Call("untag_queue", {**_QUEUE, "TagKeys": "{removed}"}),
        ),
        named="name",
        longest=80,
    ),
    Row(
        token="aws:sqs/queuePolicy:QueuePolicy",
        service="sqs",
        create=Call("set_queue_attributes", _POLICY),
        id="{queueUrl}",
        keys=("queueUrl",),
        read=Call("get_queue_attributes", {"QueueUrl": "{id}", "AttributeNames": ["Policy"]}),
        found="Attributes",
        outputs={"policy": "Policy", "queueUrl": "{id}"},
        updates=(Update(["policy"], [Call("set_queue_attributes", _POLICY)]),),
    ),
    Row(
        token="aws:cloudwatch/eventRule:EventRule",
        service="events",
        create=Call("put_rule", {**_RULE, "Tags": "{tagsAll|list}"}),
        id="{name}",
        keys=("name",),
        read=Call("describe_rule", {"Name": "{id}"}),
        outputs={"name": "Name", "arn": "Arn", "eventPattern": "EventPattern"},
        updates=(Update(["description", "eventPattern"], [Call("put_rule", _RULE)]),),
        delete=Call("delete_rule", {"Name": "{id}"}),
        named="name",
        longest=64,
    ),
    Row(
        token="aws:cloudwatch/eventTarget:EventTarget",
        service="events",
        create=Call("put_targets", {"Rule": "{rule}", "Targets": [_TARGET]}),
        id="{rule}/{targetId}",
        keys=("rule", "targetId"),
        read=Call("list_targets_by_rule", {"Rule": "{rule}"}),
        found="Targets",
        pick=("Id", "{targetId}"),
        outputs={"arn": "Arn", "targetId": "Id", "rule": "{rule}"},
        delete=Call("remove_targets", {"Rule": "{rule}", "Ids": ["{targetId}"]}),
        named="targetId",
        longest=64,
    ),
)
