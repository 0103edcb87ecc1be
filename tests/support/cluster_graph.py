"""What the program of a cluster registers. Loads the SDK of AWS, which takes seconds."""

import program_cluster
from schemas.resolved_cluster import Cluster
from tests.support.account import ANSWERS
from tests.support.recorder import Answers, Graph, record


def graph(spec: Cluster, preview: bool = False, answers: Answers = ANSWERS) -> Graph:
    """All that it registers, in an account that answers."""
    return record(lambda: program_cluster.build(spec), preview=preview, answers=answers)
