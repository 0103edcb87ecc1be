"""Stands in for the AWS command line, in the form that `emctl` calls it, at the emulators."""

import json
import sys

from botocore.exceptions import BotoCoreError, ClientError

from tests.support.aws import clients


def main(words: list[str]) -> int:
    """`aws SERVICE [wait] OPERATION --cli-input-json JSON --region R --output json`."""
    service, *operation, flag, text, region_flag, region, output_flag, output = words
    assert (flag, region_flag, output_flag) == ("--cli-input-json", "--region", "--output"), words
    assert output == "json"
    parameters = json.loads(text)
    name = operation[-1].replace("-", "_")
    try:
        if operation[0] == "wait":
            clients.wait(region, service, name, **parameters)
            return 0
        answer = clients.call(region, service, name, **parameters)
    except (ClientError, BotoCoreError) as error:
        sys.stderr.write(f"\n{error}\n")
        return 254
    answer.pop("ResponseMetadata", None)
    sys.stdout.write(json.dumps(answer, default=str))
    return 0
