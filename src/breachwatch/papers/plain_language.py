"""How hard a text is to read: the usual formulas for English and Spanish, from sentences, words and syllables.

English: the Flesch-Kincaid grade level, 0.39 words per sentence + 11.8 syllables per word - 15.59 (J. P. Kincaid and
others, "Derivation of New Readability Formulas for Navy Enlisted Personnel", Research Branch Report 8-75, 1975): the
school grade that understands the text. Spanish: the perspicuity of Szigriszt-Pazos, 206.835 - 62.3 syllables per word -
words per sentence (F. Szigriszt Pazos, "Sistemas predictivos de legibilidad del mensaje escrito", 1993), read on the
INFLESZ scale (I. M. Barrio-Cantalejo and others, Anales del Sistema Sanitario de Navarra 31, 2008): 55 and more is
normal for most people, 65 fairly easy, 80 very easy.

Syllables are counted by rules from the letters. In Spanish that is nearly exact; in English a word is off by one now
and then, both ways. A figure says nothing of whether a text is true, complete or kind: people read it before it goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from breachwatch.documents import Bullets, Document, Numbered, Paragraph

LIMITS = {"en": 9.0, "es": 55.0}
"""For what residents receive: at most this grade in English, at least this perspicuity in Spanish."""

_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_SENTENCE = re.compile(r"[.!?:](?=\s|$)")
_BLANK = re.compile(r"\[[^\[\]]{0,500}\]")
_ADDRESS = re.compile(r"\S+@\S+|\b(?:www\.|https?://)\S+|\S*\d\S*")

_GROUPS = re.compile("(?!^y[aeiou])[aeiouy]+|(?<=^y)[aeiou]+")
_SILENT = re.compile(
    "(?<=[aeiouy][^aeiouy])e$|(?<=[^aeiouyl])e$|(?<=[^aeiouylsxzcgh])es$|(?<=[aeiouy]l)es$|(?<=[^aeiouytd])ed$"
    "|(?<=[gq])ues?$|(?<=[^aeiouyl])e(?=(?:ment|ful|ly|less|ness|some|where)s?$)"
)
_APART = re.compile(
    "(?<![tcsgx])ia(?!ge)|(?<![tcsgxnl])io|(?<![pg])eo|creat(?!u)|[rd]eas?$|iet|scien|oe(?=[mt])|eum|[aeou]ing"
    "|(?<!q)ua(?=l|t)"
)
_IRREGULAR = {"argue": 2, "people": 2, "sometimes": 2, "whose": 1}

_STRONG = "aeoáéíóú"
_SPANISH_VOWELS = re.compile("[aeiouáéíóúü]+")


@dataclass(frozen=True, slots=True)
class Reading:
    """What was counted in a text, and what the formula of its language gives; `score` is None for an empty text.

    In English the score is a school grade, and less is easier; in Spanish a perspicuity, and more is easier.
    """

    language: str
    sentences: int
    words: int
    syllables: int
    score: float | None

    @property
    def plain(self) -> bool:
        """Whether it keeps to the limit for what residents receive."""
        if self.score is None:
            return True
        return self.score >= LIMITS["es"] if self.language == "es" else self.score <= LIMITS["en"]

    @property
    def described(self) -> str:
        """The score in words."""
        if self.score is None:
            return "nothing to measure"
        if self.language == "es":
            return f"INFLESZ {self.score:.1f} ({_inflesz(self.score)}; at least {LIMITS['es']:.0f} is wanted)"
        return f"Flesch-Kincaid grade {self.score:.1f} (at most {LIMITS['en']:.0f} is wanted)"


def reading_of(document: Document) -> Reading:
    """How hard the sentences of a document are to read.

    Blanks, forms, tables, addresses and numbers stay aside, and so does what ends without a full stop, such as dates
    and names: short pieces would make the text look easier than it is.
    """
    return measure_pieces(_running(document), document.language)


def measure_pieces(texts: Iterable[str], language: str) -> Reading:
    """How hard the paragraphs and entries of lists are to read that end as sentences do; others are left out."""
    return measure("\n".join(text for text in texts if text.rstrip().endswith((".", "!", "?", ":"))), language)


def measure(text: str, language: str) -> Reading:
    """How hard a text is to read. Each line ends a sentence. Languages other than Spanish are measured as English."""
    syllables_of = spanish_syllables if language == "es" else english_syllables
    sentences = words = syllables = 0
    for line in text.split("\n"):
        for sentence in _SENTENCE.split(_ADDRESS.sub(" ", _BLANK.sub(" ", line))):
            found = _WORD.findall(sentence)
            sentences += bool(found)
            words += len(found)
            syllables += sum(syllables_of(word) for word in found)
    if not words:
        return Reading(language, 0, 0, 0, None)
    per_sentence, per_word = words / sentences, syllables / words
    if language == "es":
        score = 206.835 - 62.3 * per_word - per_sentence
    else:
        score = 0.39 * per_sentence + 11.8 * per_word - 15.59
    return Reading(language, sentences, words, syllables, round(score, 2))


def english_syllables(word: str) -> int:
    """Syllables of an English word: groups of vowels, without silent endings, with vowels that are said apart."""
    word = word.lower().replace("\u2019", "'").removesuffix("'s")
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    count = len(_GROUPS.findall(word)) + len(_APART.findall(word))
    silent = len(_SILENT.findall(word))
    return max(1, count - silent)


def spanish_syllables(word: str) -> int:
    """Syllables of a Spanish word: two vowels are one syllable where one of them is a weak one without an accent."""
    word = re.sub("(?<=[gq])u(?=[eiéí])", "", word.lower())
    word = re.sub("y$|y(?=[^aeiouáéíóú])", "i", word)
    count = 0
    for group in _SPANISH_VOWELS.findall(word):
        count += 1
        count += sum(before in _STRONG and after in _STRONG for before, after in pairwise(group))
    return max(1, count)


def _inflesz(score: float) -> str:
    steps = ((40, "very hard"), (55, "somewhat hard"), (65, "normal"), (80, "fairly easy"))
    return next((words for below, words in steps if score < below), "very easy")


def _running(document: Document) -> Iterator[str]:
    for block in document.blocks:
        match block:
            case Paragraph(text):
                yield text
            case Bullets(items) | Numbered(items):
                yield from items
