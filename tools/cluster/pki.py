"""The certificates of a cluster, and the kubeconfigs made from them."""

import base64
import datetime
import ipaddress
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tools.cluster.definition import write_private

VALID_DAYS = 3650
RENEW_DAYS = 30


class Authority:
    """A certificate authority in a folder, made when first needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not _is_fresh(folder / "ca.crt", []):
            key = ec.generate_private_key(ec.SECP256R1())
            subject = _name("easymaker local cluster", "")
            builder = _builder(subject, subject, key.public_key()).add_extension(
                x509.BasicConstraints(ca=True, path_length=None), critical=True
            )
            # Everything it signed is void now.
            for old in folder.glob("*.crt"):
                old.unlink()
            _write(folder, "ca", key, builder.sign(key, hashes.SHA256()))
        self._key = _read_key(folder / "ca.key")
        self._certificate = x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes())

    def issue(
        self, name: str, common_name: str, group: str = "", hosts: list[str] | None = None
    ) -> None:
        """Write `name`.crt and `name`.key for server and client; kept while valid for `hosts`."""
        hosts = hosts or []
        if _is_fresh(self.folder / f"{name}.crt", hosts):
            return
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_name(common_name, group), self._certificate.subject, key.public_key())
        builder = builder.add_extension(
            x509.ExtendedKeyUsage(
                [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
            ),
            critical=False,
        )
        if hosts:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_general_name(h) for h in hosts]), critical=False
            )
        _write(self.folder, name, key, builder.sign(self._key, hashes.SHA256()))


def signing_key(folder: Path, name: str) -> None:
    """Write `name`.key and `name`.pub once: the pair that signs service account tokens."""
    path = folder / f"{name}.key"
    if path.exists() and (folder / f"{name}.pub").exists():
        return
    key = ec.generate_private_key(ec.SECP256R1())
    write_private(path, _pem(key))
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    write_private(folder / f"{name}.pub", public.decode())


def kubeconfig(pki: Path, user: str, server: str, context: str) -> str:
    """A kubeconfig for the certificate `user`, with everything in it: it may be moved."""
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {
                    "name": context,
                    "cluster": {
                        "server": server,
                        "certificate-authority-data": _base64(pki / "ca.crt"),
                    },
                }
            ],
            "users": [
                {
                    "name": context,
                    "user": {
                        "client-certificate-data": _base64(pki / f"{user}.crt"),
                        "client-key-data": _base64(pki / f"{user}.key"),
                    },
                }
            ],
            "contexts": [{"name": context, "context": {"cluster": context, "user": context}}],
            "current-context": context,
        },
        sort_keys=False,
    )


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def _name(common_name: str, group: str) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if group:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, group))
    return x509.Name(attributes)


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _builder(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=VALID_DAYS))
    )


def _is_fresh(path: Path, hosts: list[str]) -> bool:
    if not path.exists() or not path.with_suffix(".key").exists():
        return False
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    left = certificate.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
    if left < datetime.timedelta(days=RENEW_DAYS):
        return False
    if not hosts:
        return True
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [_general_name(h) for h in hosts] == list(names)


def _read_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)  # noqa: S101
    return key


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def _write(
    folder: Path, name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate
) -> None:
    write_private(folder / f"{name}.key", _pem(key))
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    write_private(folder / f"{name}.crt", pem)
