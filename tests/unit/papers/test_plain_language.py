"""Syllables, sentences and the two formulas, compared with counts made by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breachwatch.documents import Bullets, Document, Paragraph, Table
from breachwatch.papers.plain_language import english_syllables, measure, reading_of, spanish_syllables

ENGLISH = {
    1: "a the breach law used asked changed place those fire free freeze health theft real mouse quite guide queue",
    2: "police people notice taken number credit opened wanted needed password statement careful cities table "
    "little device create science being quiet poem website letter language argue breaches houses boxes added started"
    " minute",
    3: "personal agency companies services reporting licenses example idea created museum media radio video area "
    "serious beautiful various enforcement telephone resident affected computer evidence incident monitor official "
    "ideas",
    4: "information security identity variety reliable society",
    5: "investigation",
}
SPANISH = {
    1: "qué quien rey muy y hoy ya buey",
    2: "datos banco cuenta guía día días guerra agua leer creer país ruido viuda gratis caos huida oír actriz limpiáis",
    3: "aviso número seguro tarjeta ahora cuidado pingüino filtración correo tarea ayuda bilingüe héroe crédito "
    "agencias empresa congelar pudieron lenguaje estudiáis",
    4: "información policía contraseña residente inmediato aéreo averiguar averigüe identidad",
    5: "electrónico autoridades",
}


@pytest.mark.parametrize(("count", "words"), ENGLISH.items())
def test_english_syllables(count: int, words: str) -> None:
    assert {word: english_syllables(word) for word in words.split()} == dict.fromkeys(words.split(), count)


@pytest.mark.parametrize(("count", "words"), SPANISH.items())
def test_spanish_syllables(count: int, words: str) -> None:
    assert {word: spanish_syllables(word) for word in words.split()} == dict.fromkeys(words.split(), count)


def test_the_english_grade_is_that_of_the_formula() -> None:
    found = measure("The cat sat. Did the police open an account?", "en")
    # 9 words in 2 sentences; 1+1+1 and 1+1+2+2+1+2 syllables
    assert (found.sentences, found.words, found.syllables) == (2, 9, 12)
    assert found.score == pytest.approx(0.39 * 9 / 2 + 11.8 * 12 / 9 - 15.59, abs=0.01)
    assert found.plain
    assert "grade" in found.described


def test_the_spanish_perspicuity_is_that_of_the_formula() -> None:
    found = measure("El gato come pan.", "es")
    assert (found.sentences, found.words, found.syllables) == (1, 4, 6)
    assert found.score == pytest.approx(206.835 - 62.3 * 6 / 4 - 4, abs=0.01)
    assert "very easy" in found.described


def test_long_words_in_long_sentences_are_not_plain() -> None:
    english = (
        "Notwithstanding the aforementioned considerations, the municipality's cybersecurity administration "
        "subsequently determined that unauthorized acquisition of personally identifiable information had in all "
        "probability occurred."
    )
    assert not measure(english, "en").plain
    spanish = (
        "No obstante las consideraciones anteriormente mencionadas, la administración municipal de ciberseguridad "
        "determinó posteriormente que probablemente se había producido la adquisición no autorizada de información "
        "identificable."
    )
    assert not measure(spanish, "es").plain


def test_blanks_addresses_numbers_tables_and_short_pieces_are_not_measured() -> None:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    text = (
        "Write to [ to be filled in: unintelligible administrative authority ] at help@example.org or 1-800-555-0100."
    )
    blocks = [Paragraph("November 22, 2026"), Paragraph(text), Bullets(["Social Security number", "Call us now."])]
    found = reading_of(Document("T", [*blocks, Table(["Extraordinary"], [["Circumlocution."]])], at))
    assert (found.sentences, found.words) == (2, 7)


def test_an_empty_text_has_no_score() -> None:
    found = measure("2026 \n [ to be filled in: x ]", "en")
    assert found.score is None
    assert found.plain
    assert found.described == "nothing to measure"


@given(st.text(max_size=400), st.sampled_from(["en", "es", "fr"]))
def test_any_text_is_measured(text: str, language: str) -> None:
    found = measure(text, language)
    assert found.sentences <= found.words <= found.syllables
    assert (found.score is None) == (found.words == 0)
