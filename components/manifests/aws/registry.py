"""What an image registry keeps."""

from typing import Any

UNTAGGED_DAYS = 14


def lifecycle() -> dict[str, Any]:
    """Images without a tag go: nobody names what an upload that broke off left."""
    selection = {
        "tagStatus": "untagged",
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": UNTAGGED_DAYS,
    }
    rule = {
        "rulePriority": 1,
        "description": f"untagged for {UNTAGGED_DAYS} days",
        "selection": selection,
        "action": {"type": "expire"},
    }
    return {"rules": [rule]}
