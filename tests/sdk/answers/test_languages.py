"""Answers stated in many languages: each reading is what a reader of that language reads."""

import re

import pytest

from deepprune_sdk.answers import Answers, normalize
from deepprune_sdk.answers.languages import LANGUAGES
from deepprune_sdk.answers.markers import folded

ENDINGS: list[tuple[str, str | None]] = [
    ("Also gilt x = 7.\n\nDie Antwort lautet daher 7.", "7"),
    ("Das Endergebnis ist 3,5 m.", "3,5 m"),
    ("Damit ergibt sich ein Gewinn von 250 €.", "250 €"),
    ("**Antwort:** Die Fläche beträgt 24 cm².", "24 cm^2"),
    ("Die richtige Antwort ist (B), weil die Masse konstant bleibt.", "B"),
    ("Richtig ist Antwort C.", "C"),
    ("Lösung: x = 4", "4"),
    ("Endgültige Antwort: $\\frac{3}{4}$", "3/4"),
    ("Die Antwort ist leider nicht bekannt.", None),
    ("Ich kann diese Frage nicht beantworten, da mein Wissen 2023 endet.", None),
    ("Die Hauptstadt ist Berlin.\n\nAntwort: Berlin", "Berlin"),
    ("### Endergebnis\n\n$$x = 12$$", "12"),
    ("Somit ist Option D korrekt.", "D"),
    ("La réponse est donc 15.", "15"),
    ("La bonne réponse est la C.", "C"),
    ("La réponse correcte est l'option B : 12 mètres.", "B"),
    ("Réponse finale : 3,14", "3,14"),
    ("**Réponse :** \\(\\frac{1}{3}\\)", "1/3"),
    ("Donc la réponse est 12 car 3 × 4 = 12.", "12"),
    ("Je ne peux pas répondre à cette question. Mes données s'arrêtent en 2021.", None),
    ("Il reste 8 pommes.", "8"),
    ("La capitale est Paris.\nRéponse : Paris.", "Paris"),
    ("Le résultat est 42.", "42"),
    ("La respuesta es 27.", "27"),
    ("Respuesta: C) 12 m", "C"),
    ("Por lo tanto, la respuesta correcta es la opción B.", "B"),
    ("La respuesta final es **$\\frac{2}{5}$**.", "2/5"),
    ("Respuesta final: 1.250 euros", "1.250 euros"),
    ("La solución es x = 3.", "3"),
    ("Lo siento, no puedo determinar la respuesta con los 3 datos proporcionados.", None),
    ("Respuesta: Madrid, porque es la capital.", "Madrid"),
    ("## Respuesta\n\nEl total es de 45 manzanas.", "45"),
    ("A resposta é 16.", "16"),
    ("Resposta final: **R$ 25,00**", "R$ 25,00"),
    ("Portanto, a resposta correta é a letra D.", "D"),
    ("Gabarito: E", "E"),
    ("Logo, a alternativa correta é (B).", "B"),
    ("Desculpe, não consigo responder. Meus dados vão até 2022.", None),
    ("La risposta è 9.", "9"),
    ("Risposta finale: B", "B"),
    ("Quindi la risposta corretta è la lettera C.", "C"),
    ("Il risultato è 144 cm².", "144"),
    ("Mi dispiace, non posso rispondere: i dati arrivano al 2021.", None),
    ("Ответ: 25", "25"),
    ("Ответ: 12 см².", "12"),
    ("Таким образом, ответ — 7.", "7"),
    ("Правильный ответ: Б", "Б"),
    ("Правильный ответ — B.", "B"),
    ("Верный вариант — C.", "C"),
    ("Итоговый ответ: \\(\\frac{5}{6}\\).", "5/6"),
    ("К сожалению, я не могу ответить. Данные за 2021 год.", None),
    ("Ответ: Москва.", "Москва"),
    ("Ответ равен 42.", "42"),
    ("因此，答案是 12。", "12"),
    ("所以答案是：12", "12"),
    ("答案为C。", "C"),
    ("综上所述，选B。", "B"),
    ("故本题选D。", "D"),
    ("正确答案是（C）。", "C"),
    ("【答案】A", "A"),
    ("最终答案：北京", "北京"),
    ("答：一共有36个苹果。", "36"),
    ("答案是3:30。", "3:30"),
    ("**最终答案**\n\n$x=5$", "5"),
    ("因此这个数是 \\(18\\)。", "18"),
    ("无法确定答案。", None),
    ("答案：\\(\\sqrt{2}\\)", "\\sqrt{2}"),
    ("所以，他还剩下15元。", "15"),
    ("答案是1.5万元。", "1.5万元"),
    ("したがって、答えは12です。", "12"),
    ("答え: C", "C"),
    ("正解は B です。", "B"),
    ("答えは（ウ）です。", "ウ"),
    ("よって答えは 3/4 となります。", "3/4"),
    ("最終的な答え：150円", "150円"),
    ("答え：東京", "東京"),
    ("申し訳ありませんが、2021年以降の情報はわかりません。", None),
    ("正解は選択肢Dです。", "D"),
    ("정답: C", "C"),
    ("따라서 답은 12입니다.", "12"),
    ("정답은 B입니다.", "B"),
    ("최종 답: 3/4", "3/4"),
    ("답은 서울입니다.", "서울"),
    ("죄송하지만 2021년 이후의 정보는 알 수 없습니다.", None),
    ("정답은 ③번입니다.", "③"),
    ("الإجابة: 42", "42"),
    ("إذن الإجابة الصحيحة هي (ب).", "ب"),
    ("الجواب هو ٢٤.", "24"),
    ("الإجابة النهائية هي C.", "C"),
    ("لا أستطيع الإجابة. بياناتي تنتهي في 2021.", None),
    ("الإجابة: القاهرة", "القاهرة"),
    ("अतः उत्तर 42 है।", "42"),
    ("उत्तर: (C)", "C"),
    ("सही उत्तर विकल्प B है।", "B"),
    ("अंतिम उत्तर: ₹500", "500"),
    ("उत्तर: दिल्ली", "दिल्ली"),
    ("मुझे क्षमा करें, मैं उत्तर नहीं दे सकता। मेरा डेटा 2021 तक है।", None),
    ("Cevap: 12", "12"),
    ("Doğru cevap C'dir.", "C"),
    ("Sonuç olarak cevap 15'tir.", "15"),
    ("Doğru cevap B şıkkıdır.", "B"),
    ("Cevap: Ankara", "Ankara"),
    ("Üzgünüm, bu soruyu yanıtlayamam. Bilgilerim 2021'e kadar.", None),
    ("Het antwoord is 14.", "14"),
    ("Antwoord: B", "B"),
    ("Het juiste antwoord is optie C.", "C"),
    ("Dus het antwoord is 3,5.", "3,5"),
    ("Helaas kan ik dit niet beantwoorden. Mijn gegevens lopen tot 2021.", None),
    ("Odpowiedź: 12", "12"),
    ("Prawidłowa odpowiedź to C.", "C"),
    ("Odpowiedź brzmi 7.", "7"),
    ("Odpowiedź: B) 12 m", "B"),
    ("Niestety nie mogę odpowiedzieć. Moje dane kończą się w 2021 roku.", None),
    ("Đáp án: C", "C"),
    ("Vậy đáp án là 12.", "12"),
    ("Jawaban: B", "B"),
    ("Jadi, jawabannya adalah 12.", "12"),
    ("Відповідь: 8", "8"),
    ("Svar: 12", "12"),
    ("Odpověď: 12", "12"),
    ("Vastaus: 12", "12"),
]


@pytest.mark.parametrize(("text", "answer"), ENDINGS)
def test_answers_in_many_languages(text: str, answer: str | None) -> None:
    found = Answers().extract(text, complete=True)
    assert (found and normalize(found)) == (answer and normalize(answer))


@pytest.mark.parametrize("name", LANGUAGES)
def test_a_label_in_every_language(name: str) -> None:
    for noun in LANGUAGES[name].answer:
        assert Answers().extract(f"7 8 9\n\n**{noun.title()}:** C", complete=True) == "C"
        assert Answers().extract(f"7 8 9\n\n{noun.title()}: 42\n", complete=False) == "42"
        assert Answers().extract(f"7 8 9\n\n{noun.title()}: 42", complete=False) is None


@pytest.mark.parametrize("name", LANGUAGES)
def test_the_phrases_of_every_language_are_patterns(name: str) -> None:
    for phrases in LANGUAGES[name]:
        if isinstance(phrases, str):
            assert re.compile(phrases)


def test_folding_keeps_every_character_in_its_place() -> None:
    everything = "".join(map(chr, (*range(0xD800), *range(0xE000, 0x11000))))
    assert len(folded(everything)) == len(everything)
    assert len(folded(everything).lower()) == len(everything)
