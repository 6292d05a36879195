"""Queries and tokens of RFC 3161, against `openssl ts`."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breachwatch.errors import EvidenceError
from breachwatch.evidence.timestamps import token
from tests.unit.evidence.authority import Papers

DATA = b"an attestation"


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_openssl_reads_our_queries_as_we_mean_them(tmp_path: Path, algorithm: str) -> None:
    query = token.make_query(DATA, algorithm)
    (tmp_path / "q").write_bytes(query)
    (tmp_path / "data").write_bytes(DATA)
    shown = subprocess.run(
        ["openssl", "ts", "-query", "-in", "q", "-text"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    assert "Version: 1" in shown
    assert f"Hash Algorithm: {algorithm}" in shown
    assert "Certificate required: yes" in shown
    assert f"Nonce: 0x{token._nonce_of(query, DATA):X}" in shown
    assert token.make_query(DATA, algorithm) != query


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_an_answer_verifies_at_the_time_it_was_given(papers: Papers, algorithm: str) -> None:
    query = token.make_query(DATA, algorithm)
    found = token.verify(papers.answer(query), query, DATA, papers.root.read_bytes())
    assert abs(found.at - datetime.now(UTC)) < timedelta(hours=1)
    assert found.verified_with == "rfc3161-client"


@pytest.mark.parametrize(
    ("signer", "chain"), [("tsa.pem", "root.pem"), ("tsa-below.pem", "between.pem")], ids=["root", "intermediate"]
)
def test_certificates_in_an_order_that_der_forbids_are_openssls_to_judge(
    papers: Papers, foreign_papers: Papers, signer: str, chain: str
) -> None:
    query = token.make_query(DATA, "sha256")
    answer = papers.answer(query, "-chain", chain, signer=signer)
    try:
        found = token.verify(
            answer, query, DATA, papers.root.read_bytes() + (papers.folder / "between.pem").read_bytes()
        )
    except EvidenceError as error:  # pragma: no cover - the message helps where an openssl differs
        pytest.fail(str(error))
    assert abs(found.at - datetime.now(UTC)) < timedelta(hours=1)
    with pytest.raises(EvidenceError, match="does not verify"):
        token.verify(answer, query, DATA, foreign_papers.root.read_bytes())


def test_the_trap_of_chain_is_real_and_openssl_has_the_last_word(
    papers: Papers, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = token.make_query(DATA, "sha256")
    answers = [papers.answer(query, "-chain", chain) for chain in ("root.pem", "between.pem")]
    with_ = {token.verify(item, query, DATA, papers.root.read_bytes()).verified_with for item in answers}
    assert "openssl" in with_
    monkeypatch.setattr(shutil, "which", lambda _: None)
    refused = []
    for item in answers:
        try:
            token.verify(item, query, DATA, papers.root.read_bytes())
        except EvidenceError as error:
            refused.append(str(error))
    assert refused
    assert all("With the program openssl" in words for words in refused)


def test_another_root_is_refused(papers: Papers, foreign_papers: Papers) -> None:
    query = token.make_query(DATA, "sha256")
    with pytest.raises(EvidenceError, match="does not verify"):
        token.verify(papers.answer(query), query, DATA, foreign_papers.root.read_bytes())


def test_a_certificate_for_something_else_is_refused(papers: Papers) -> None:
    query = token.make_query(DATA, "sha256")
    try:
        answer = papers.answer(query, signer="web.pem")
    except subprocess.CalledProcessError:
        return  # this openssl does not even sign with it
    with pytest.raises(EvidenceError, match="does not verify"):
        token.verify(answer, query, DATA, papers.root.read_bytes())


def test_an_answer_to_another_question_is_refused(papers: Papers) -> None:
    query, other = token.make_query(DATA, "sha256"), token.make_query(DATA, "sha256")
    with pytest.raises(EvidenceError, match="does not verify"):  # the nonce differs
        token.verify(papers.answer(other), query, DATA, papers.root.read_bytes())
    with pytest.raises(EvidenceError, match="not about this"):
        token.verify(papers.answer(query), query, DATA + b".", papers.root.read_bytes())
    elsewhere = token.make_query(b"something else", "sha256")
    with pytest.raises(EvidenceError, match="does not verify"):
        token.verify(papers.answer(elsewhere), query, DATA, papers.root.read_bytes())


def test_every_changed_byte_of_a_query_is_noticed(papers: Papers) -> None:
    query = token.make_query(DATA, "sha256")
    answer = papers.answer(query)
    certain = [index for index in range(len(query)) if not len(query) - 11 <= index < len(query) - 3]
    for index in certain:
        with pytest.raises(EvidenceError, match="not about this"):
            token.verify(
                answer, query[:index] + bytes([query[index] ^ 1]) + query[index + 1 :], DATA, papers.root.read_bytes()
            )
    changed = query[: len(query) - 5] + bytes([query[-5] ^ 1]) + query[len(query) - 4 :]
    with pytest.raises(EvidenceError, match="does not verify"):
        token.verify(answer, changed, DATA, papers.root.read_bytes())


def test_changed_tokens_are_refused(papers: Papers) -> None:
    query = token.make_query(DATA, "sha256")
    answer = papers.answer(query)
    at = answer.index(b"\x18\x0f20")  # the GeneralizedTime of the stamp
    for index in (at + 10, len(answer) - 20):  # the time; the signature
        broken = answer[:index] + bytes([answer[index] ^ 1]) + answer[index + 1 :]
        with pytest.raises(EvidenceError):
            token.verify(broken, query, DATA, papers.root.read_bytes())


@settings(max_examples=20)
@given(st.binary(max_size=200))
def test_garbage_is_refused_and_never_an_error_of_ours(garbage: bytes) -> None:
    query = token.make_query(DATA, "sha256")
    with pytest.raises(EvidenceError):
        token.verify(garbage, query, DATA, b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")


@pytest.mark.parametrize("garbage", [b"", b"\x30\x00", b"\x30\x84\xff\xff\xff\xff", b"<html>", b"\x00" * 3000])
def test_answers_that_are_none_are_refused(papers: Papers, garbage: bytes) -> None:
    query = token.make_query(DATA, "sha256")
    with pytest.raises(EvidenceError):
        token.verify(garbage, query, DATA, papers.root.read_bytes())


def test_a_refusal_of_the_authority_is_no_stamp(papers: Papers) -> None:
    # PKIStatusInfo: rejection (2), badAlg; no token (RFC 3161, section 2.4.2)
    rejected = bytes.fromhex("3009300702010203020780")
    query = token.make_query(DATA, "sha256")
    with pytest.raises(EvidenceError):
        token.verify(rejected, query, DATA, papers.root.read_bytes())


def test_roots_must_be_roots(papers: Papers) -> None:
    with pytest.raises(EvidenceError, match="no certificate"):
        token.read_roots(b"nothing")
    with pytest.raises(EvidenceError, match="signed by itself"):
        token.read_roots((papers.folder / "tsa.pem").read_bytes())
