"""For every word of every kind: the objects that bring it about, and the cause that is given."""

from cli.statuses import endpoint, experiment, gateway, model, notebook, stage, training
from cli.statuses.objects import Objects
from cli.statuses.status import Status
from tests.cli.statuses.of_endpoint import ENDPOINT, GATEWAY
from tests.cli.statuses.of_experiment import EXPERIMENT
from tests.cli.statuses.of_model import MODEL
from tests.cli.statuses.of_notebook import NOTEBOOK
from tests.cli.statuses.of_stage import STAGES
from tests.cli.statuses.of_training import TRAINING
from tests.support import live_objects as o

ALL = {
    "Training": TRAINING,
    "Experiment": EXPERIMENT,
    "Model": MODEL,
    "Endpoint": ENDPOINT,
    "API Gateway": GATEWAY,
    "Stage": STAGES,
    "Notebook": NOTEBOOK,
}
WORDS = {
    "Training": training.Word,
    "Experiment": experiment.Word,
    "Model": model.Word,
    "Endpoint": endpoint.Word,
    "API Gateway": gateway.Word,
    "Stage": stage.Word,
    "Notebook": notebook.Word,
}


def status(kind: str, given: list[o.Object]) -> Status:
    """What the code makes of the objects."""
    objects = Objects(given)
    found = {
        "Training": lambda: training.status(objects, "iris"),
        "Experiment": lambda: experiment.status(objects, "iris"),
        "Model": lambda: model.status(objects, "m"),
        "Endpoint": lambda: endpoint.status(objects, "e"),
        "API Gateway": lambda: endpoint.api_gateway(objects, "e"),
        "Stage": lambda: stage.status(objects, "e", "blue"),
        "Notebook": lambda: notebook.status(objects, "n"),
    }
    return found[kind]()
