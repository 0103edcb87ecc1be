"""Storage addresses: the platform knows their host or NAS id."""

from collections.abc import Iterator

from schemas.address import S3_HOST, Address
from schemas.nearest import close
from schemas.rules import target
from schemas.shape import Path, is_whole
from schemas.spec import Spec, has
from schemas.storage import SwiftStorage
from schemas.training import ADDRESS_FIELDS, Training, addresses
from schemas.tree import Map


def check(spec: Spec) -> None:
    if "platform" not in spec.tree:
        return
    for path, address in _addresses(spec):
        known_storage(spec, address, path)
    for name, training in spec.sections["trainings"].items():
        data_storage(spec, ("trainings", name), training)


def known_storage(spec: Spec, address: Address, path: Path) -> None:
    """`platform.object_storage` knows the host of `obs://`, `platform.nas` the id of `nas://`."""
    section = "nas" if address.scheme == "nas" else "object_storage"
    known = spec.names("platform", section)
    if address.host in known and address.account:
        own_account(spec, address, path)
    if address.host in known or not isinstance(spec.node("platform", section), Map):
        return
    if address.scheme == "nas":
        message = f"platform.nas knows no NAS {address.host!r}"
        spec.report("unknown-nas", path, message, close(address.host, known))
    elif address.scheme == "obs":
        message = f"platform.object_storage knows no host {address.host!r}"
        spec.report("unknown-storage", path, message, close(address.host, known))
    elif target.kind(spec) == "kubernetes":
        message = f"platform.object_storage has no entry {S3_HOST!r}, which s3:// needs"
        spec.report("unknown-storage", path, message, "outside of AWS its credentials are named")


def own_account(spec: Spec, address: Address, path: Path) -> None:
    """The account of a full address is the one that Swift's credentials lead to."""
    storage = getattr(spec.platform, "object_storage", {}).get(address.host)
    if isinstance(storage, SwiftStorage) and has(storage, "tenant"):
        own = f"AUTH_{storage.tenant}"
        if address.account != own:
            message = f"the account of {address.host!r} is {own}, not {address.account}"
            hint = "each account is an entry of platform.object_storage"
            spec.report("other-account", path, message, hint)


def data_storage(spec: Spec, path: tuple[str, str], training: Training) -> None:
    """Local disk is for what comes from object storage."""
    if "data_storage" not in spec.names(*path) or not has(training, *ADDRESS_FIELDS):
        return
    if not all(is_whole(getattr(training, name)) for name in ADDRESS_FIELDS):
        return
    if all(address.scheme == "nas" for _, address in addresses(training)):
        message = "is for object storage only, but all addresses are nas://"
        spec.report("data-storage", (*path, "data_storage"), message, "remove it", at_key=True)


def _addresses(spec: Spec) -> Iterator[tuple[Path, Address]]:
    system = getattr(spec.platform, "system_path", None)
    if system is not None:
        yield ("platform", "system_path"), system
    for name, training in spec.sections["trainings"].items():
        for path, address in addresses(training):
            yield ("trainings", name, *path), address
    for name, model in spec.sections["models"].items():
        if getattr(model, "path", None) is not None:
            yield ("models", name, "path"), model.path
    for name, notebook in spec.sections["notebooks"].items():
        for mount, address in getattr(notebook, "nas", {}).items():
            yield ("notebooks", name, "nas", mount), address
