"""A certificate authority for one run of the local AWS, and a server certificate for the loopback."""

from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True)
class Certificates:
    """Paths of PEM files: the authority to trust, the server's certificate and its key."""

    ca_file: Path
    server_certificate: Path
    server_key: Path


def make_certificates(directory: Path) -> Certificates:
    """Write an authority and a certificate for localhost, 127.0.0.1 and ::1 to an existing directory, once."""
    certificates = Certificates(directory / "ca.pem", directory / "server.pem", directory / "server.key")
    if certificates.ca_file.exists():
        return certificates
    authority = trustme.CA(organization_name="local AWS")
    server = authority.issue_cert("localhost", "127.0.0.1", "::1")
    certificates.server_certificate.unlink(missing_ok=True)
    certificates.server_key.unlink(missing_ok=True)
    for blob in server.cert_chain_pems:
        blob.write_to_path(certificates.server_certificate, append=True)
    certificates.server_key.touch(mode=0o600)
    server.private_key_pem.write_to_path(certificates.server_key)
    # Last, as it says that all are there.
    authority.cert_pem.write_to_path(certificates.ca_file)
    return certificates
