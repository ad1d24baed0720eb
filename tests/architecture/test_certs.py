"""`deploy/certs`: a CA, a certificate for each service, secrets that nobody else reads; run twice, nothing changes."""

from __future__ import annotations

import shutil
import subprocess
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtensionOID

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("proxy", "api-server", "postgres", "redis")


def make(ward: Path) -> None:
    subprocess.run([ward / "deploy" / "certs", "airflow.ward.example"], check=True, capture_output=True)


def contents(ward: Path) -> dict[str, bytes]:
    return {str(path.relative_to(ward)): path.read_bytes() for path in ward.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("ward")
    (made / "deploy").mkdir()
    shutil.copy2(ROOT / "deploy" / "certs", made / "deploy")
    make(made)
    return made


def load(ward: Path, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((ward / "certs" / f"{name}.pem").read_bytes())


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_has_a_certificate_of_our_ca(ward: Path, service: str) -> None:
    certificate = load(ward, service)
    certificate.verify_directly_issued_by(load(ward, "ca"))
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == timedelta(days=825)
    names = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
    assert isinstance(names, x509.SubjectAlternativeName)
    told = names.get_values_for_type(x509.DNSName)
    assert service in told
    assert ("airflow.ward.example" in told) == (service == "proxy")
    constraints = certificate.extensions.get_extension_for_oid(ExtensionOID.BASIC_CONSTRAINTS).value
    assert isinstance(constraints, x509.BasicConstraints)
    assert not constraints.ca


def test_every_secret_is_its_owners_alone(ward: Path) -> None:
    made = list((ward / "secrets").iterdir())
    assert {f"{each}.key" for each in (*SERVICES, "ca")} < {each.name for each in made}
    assert {each.stat().st_mode & 0o777 for each in made} == {0o600}
    assert (ward / "secrets").stat().st_mode & 0o777 == 0o700


def test_every_wire_is_encrypted_and_checked_and_every_password_another(ward: Path) -> None:
    urls = {
        name: (ward / "secrets" / name).read_text(encoding="utf-8")
        for name in ("metadata_url", "mailround_register_url", "mailround_register_owner_url", "broker_url")
    }
    assert all("verify-full" in url for name, url in urls.items() if name != "broker_url")
    assert urls["broker_url"].startswith("rediss://")
    assert "ssl_cert_reqs=required" in urls["broker_url"]
    passwords = {str(urlsplit(url).password) for url in urls.values()}
    assert len(passwords) == len(urls)
    assert min(map(len, passwords)) >= 48


def test_what_exists_is_kept_and_a_deleted_certificate_is_made_anew(ward: Path) -> None:
    before = contents(ward)
    make(ward)
    assert contents(ward) == before
    (ward / "certs" / "redis.pem").unlink()
    make(ward)
    changed = {name for name, content in contents(ward).items() if before[name] != content}
    assert changed == {"certs/redis.pem", "secrets/redis.key"}


def test_without_the_cas_key_nothing_is_made_anew_and_a_missing_certificate_asks_for_it(
    ward: Path, tmp_path: Path
) -> None:
    """The key is taken off the machine, and `make compose-up` comes here every time."""
    shutil.copytree(ward, tmp_path / "ward")
    ward = tmp_path / "ward"
    (ward / "secrets" / "ca.key").unlink()
    before = contents(ward)
    make(ward)
    assert contents(ward) == before
    (ward / "certs" / "proxy.pem").unlink()
    done = subprocess.run([ward / "deploy" / "certs"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "secrets/ca.key を戻して" in done.stderr
    assert load(ward, "ca") == x509.load_pem_x509_certificate(before["certs/ca.pem"])
