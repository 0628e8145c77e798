"""How languages state an answer: the nouns, the verbs that follow them, and where the value ends.

A row is text and compiles nothing until a text has one of its nouns. To add a language, add a row;
all but `answer` and `verbs` may be left out.
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["LANGUAGES", "Language"]


class Language(NamedTuple):
    """The phrases of one language, in small letters; all but the nouns are regular expressions.

    Attributes:
        answer: Nouns for an answer: "the answer is 5", "Answer: 5".
        verbs: What joins such a noun with the value; particles where a language has those.
        after: Adjectives and the like between noun and verb.
        of: Prepositions after the noun: "the answer *to* the question is 5".
        result: Nouns for any result, an intermediate one too.
        option: Nouns for an option of multiple choice.
        filler: What may stand before the value: "therefore", "option".
        ending: What may stand after it: the verb, where that comes last.
        breaks: Conjunctions that end the value.
        no_value: What begins no value after a verb: "the answer is *not* 5".
        right: "correct", as it is said of an option.
        choose: "we choose", said before an option.
        inside: Whether the nouns are found inside words (no spaces, prefixes, compounds).
        verb_last: Whether nothing need stand between noun and value.
    """

    answer: tuple[str, ...]
    verbs: str
    after: str = ""
    of: str = ""
    result: tuple[str, ...] = ()
    option: tuple[str, ...] = ()
    filler: str = ""
    ending: str = ""
    breaks: str = ""
    no_value: str = ""
    right: str = ""
    choose: str = ""
    inside: bool = False
    verb_last: bool = False


LANGUAGES: Final = {
    "en": Language(
        answer=("answer", "ans"),
        verbs=r"is|are|was|would be|should be|must be|will be|equals|becomes|turns out to be"
        r"|comes out (?:to be|to|as)|i (?:get|got) is|(?:can|could) (?:only )?be",
        after=r"here|choice|option|letter|value|then|therefore|thus|hence",
        of=r"to|for|of|in|that|we|i",
        result=("result", "solution"),
        option=("option", "choice", "statement", "alternative"),
        filler=r"thus|therefore|then|hence|simply|definitely|certainly|just|exactly|clearly|indeed|actually|probably"
        r"|likely|most likely|equal to|i think|i believe|approximately|about|roughly"
        r"|the (?:number|value)(?! of)(?: is)?"
        r"|option|choice|answer|letter|only|so|again|found to be|given by",
        breaks=r"because|since|as|which|so|but|for|if|when|after|where|given|due to|while|though"
        r"|by(?! [0-9.]++(?! ?[*+=/^×-]))"
        r"|and thus|and therefore|and not|rather than|instead of|not",
        no_value=r"not|never|neither|either|unclear|unknown|undetermined|undefined for|obtained"
        r"|found|given|that|in|on|within|inside|enclosed|boxed|expressed|shown|put|placed|between"
        r"|among|what|which|whether|correct|incorrect|right|wrong|consistent|as follows|below|above"
        r"|based|still|now|also|already|therefore|stated|provided|written|to|independent|valid",
        right=r"correct|right|best|the answer|true|the one",
        choose=r"choose|chose|select|pick|go(?:ing)? with|opt for|settle on|answer with|mark",
    ),
    "zh": Language(
        answer=("答案", "正解", "正确选项", "答"),
        verbs=r"(?:应该|應該|应当|就|便|只能)?(?:是|为|為)|应为|應為|选|選|即|等于|等於|】|\]",
        result=("结果", "結果"),
        option=("选项", "選項"),
        filler=r"选项|選項|选|選|第|约|大约|正是",
        breaks=r"因为|因為|由于|所以|因此|但|其中|而",
        no_value=r"否|不|未|无法|無法|什么|什麼|多少|如何",
        right=r"正确|正確|是对的|符合",
        choose=r"选择?|選擇?|故选|应选",
        inside=True,
    ),
    "ja": Language(
        answer=("答え", "解答", "正解", "回答", "こたえ", "正答"),
        verbs=r"は、?|が|＝",
        option=("選択肢",),
        result=("結果",),
        filler=r"選択肢|約|それぞれ",
        ending=r"です|である|だ|でした|になります|となります|になる|となる|ですね|と求まる|でしょう",
        breaks=r"なぜなら|ので|から|です|であり|となり|になり|で、",
        no_value=r"不明|わかりません|分かりません|何|どれ|わからない",
        right=r"が正解|が正しい|を選",
        inside=True,
    ),
    "ko": Language(
        answer=("정답", "답변", "답안", "답"),
        verbs=r"은|는|이|가",
        option=("선택지", "보기"),
        result=("결과",),
        filler=r"선택지|보기|약|바로",
        ending=r"\s?(?:번?입니다|이다|이에요|예요|(?:이 |가 )?됩니다|이 된다|가 된다|이야|임|번)",
        breaks=r"왜냐하면|이므로|이고|이며|때문",
        no_value=r"없|알 수|무엇|아니",
        right=r"(?:이|가) (?:정답|맞|옳)",
        inside=True,
    ),
    "de": Language(
        answer=("antwort",),
        verbs=r"ist|lautet|sind|beträgt|wäre|war|heißt|muss|sei",
        after=r"lautet|darauf|hier|also|daher|somit",
        of=r"auf|zu|zur|für|der|des|dieser",
        result=("ergebnis", "lösung", "resultat"),
        option=("option", "antwortmöglichkeit", "auswahl"),
        filler=r"also|daher|somit|demnach|folglich|damit|die|der|das|option|buchstabe|antwort|gleich"
        r"|ungefähr|etwa|genau|ca\.?|rund|wohl|sein",
        breaks=r"weil|da|denn|aber|wobei|wenn|obwohl|und damit|und somit|und nicht|sodass|bei",
        no_value=r"nicht|nie|weder|unklar|unbekannt|dass|in|ob|was|wie folgt|richtig|falsch"
        r"|korrekt",
        right=r"richtig|korrekt|die richtige|zutreffend",
        choose=r"wählen|wähle|entscheide[n]? (?:wir )?(?:uns|mich) für|nehmen",
        inside=True,
    ),
    "fr": Language(
        answer=("réponse", "reponse"),
        verbs=r"est|sera|serait|était|vaut|sont|doit être",
        after=r"finale|correcte|exacte|juste|attendue|définitive|cherchée|à choisir|à retenir",
        of=r"à|a|de|du|pour|au|des",
        result=("résultat", "solution"),
        option=("option", "proposition"),
        filler=r"donc|alors|ainsi|bien|la|le|lettre|l['’]option|option|réponse|proposition|environ"
        r"|exactement|égale? à|de|par conséquent",
        breaks=r"car|parce|puisque|mais|donc|qui|où|si|lorsque|soit|étant|et non|puis",
        no_value=r"pas|jamais|inconnue|que|dans|n['’]|comprise|correcte|fausse|incorrecte|juste",
        right=r"correcte?|bonne|exacte?|juste|la bonne",
        choose=r"choisi[st]?(?:ssons)?|retiens|retenons|optons pour|sélectionn\w+",
    ),
    "es": Language(
        answer=("respuesta",),
        verbs=r"es|sería|seria|será|fue|son|debe ser|vale",
        after=r"correcta|final|definitiva|exacta|buscada",
        of=r"a|al|de|del|para",
        result=("resultado", "solución", "solucion"),
        option=("opción", "opcion", "alternativa"),
        filler=r"la|el|los|las|opción|opcion|letra|alternativa|por (?:lo )?tanto|entonces|pues"
        r"|aproximadamente|igual a|de|exactamente|respuesta",
        breaks=r"porque|ya que|pues|que|pero|dado|cuando|donde|puesto|debido|y no|si|por lo",
        no_value=r"no|nunca|desconocida|que|en|correcta|incorrecta|si|cuál",
        right=r"correcta|la correcta|la respuesta|verdadera|adecuada",
        choose=r"eleg\w+|elij\w+|escog\w+|seleccion\w+|marc\w+|optamos por",
    ),
    "pt": Language(
        answer=("resposta",),
        verbs=r"é|será|seria|foi|são|deve ser|vale",
        after=r"correta|final|certa|definitiva|exata",
        of=r"a|à|ao|de|da|do|para",
        result=("resultado", "solução"),
        option=("opção", "alternativa", "opcao", "gabarito"),
        filler=r"a|o|as|os|opção|letra|alternativa|portanto|então|assim|logo|aproximadamente"
        r"|igual a|de|exatamente|resposta",
        breaks=r"porque|pois|já que|que|mas|dado|quando|onde|uma vez|devido|e não|se",
        no_value=r"não|nunca|desconhecida|que|em|correta|incorreta|qual",
        right=r"correta|a correta|a resposta|certa|verdadeira",
        choose=r"escolh\w+|selecion\w+|marc\w+|optamos por|assinal\w+",
    ),
    "it": Language(
        answer=("risposta",),
        verbs=r"è|e['’]|sarà|sarebbe|sono|era|deve essere|vale",
        after=r"corretta|finale|esatta|giusta|definitiva",
        of=r"a|alla|al|di|del|della|per",
        result=("risultato", "soluzione"),
        option=("opzione", "alternativa"),
        filler=r"la|il|l['’]|lo|lettera|l['’]opzione|opzione|quindi|dunque|circa|pari a|di"
        r"|esattamente|risposta|pertanto",
        breaks=r"perché|poiché|dato|siccome|che|ma|quando|dove|in quanto|essendo|e non|se",
        no_value=r"non|mai|sconosciuta|che|in|corretta|errata|giusta|quale",
        right=r"corretta|giusta|esatta|la risposta",
        choose=r"sceg\w+|scelgo|selezion\w+|optiamo per",
    ),
    "ru": Language(
        answer=("ответ",),
        verbs=r"[—–-]|равен|равна|равно|будет|является|это|есть|таков",
        after=r"на задачу|задачи|к задаче|на вопрос",
        result=("результат", "решение"),
        option=("вариант",),
        filler=r"это|вариант|буква|число|равен|равно|примерно|под буквой|—|ответ|номер|пункт|около",
        breaks=r"потому|так как|поскольку|но|где|если|когда|который|которая|т\.к|ведь|а не",
        no_value=r"не|нет|неизвестен|зависит|верен|неверен|что",
        right=r"верен|верный|правильн\w+|верно",
        choose=r"выбираем|выбираю|выберем",
    ),
    "ar": Language(
        answer=("الإجابة", "الاجابة", "الجواب", "إجابة", "جواب"),
        verbs=r"هو|هي|هى|تكون|يكون|تساوي|يساوي|ستكون",
        after=r"الصحيحة|النهائية|الصحيح|النهائي|على (?:هذا )?السؤال",
        result=("النتيجة", "الناتج", "الحل"),
        option=("الخيار", "الاختيار"),
        filler=r"الخيار|الاختيار|الحرف|حرف|إذن|إذًا|حوالي|تقريبا|العدد|رقم",
        breaks=r"لأن\w*|لان|حيث|لكن|إذ|إذا|وليس",
        no_value=r"غير|ليست?|لا",
        right=r"(?:هو|هي) (?:الصحيحة?|الإجابة)|صحيحة?",
        choose=r"نختار|أختار",
        inside=True,
    ),
    "hi": Language(
        answer=("उत्तर", "जवाब"),
        verbs=r"है|हैं|होगा",
        after=r"विकल्प",
        result=("परिणाम",),
        option=("विकल्प",),
        filler=r"विकल्प|लगभग|अतः|इसलिए|केवल",
        ending=r"\s?(?:है|हैं|होगा|होगी|होंगे|आता है|हुआ)",
        breaks=r"क्योंकि|चूंकि|चूँकि|लेकिन|जो|जहाँ|न कि",
        no_value=r"नहीं|ज्ञात|क्या",
        right=r"सही है|सही उत्तर",
        verb_last=True,
    ),
    "tr": Language(
        answer=("cevap", "cevab", "yanıt"),
        verbs=r"ise|olarak",
        after=r"[ıi]m[ıi]z|[ıi]",
        result=("sonuç", "sonuc"),
        option=("seçenek", "şık"),
        filler=r"seçenek|şık|yani|yaklaşık|o halde|tam olarak|olarak",
        ending=r"(?:\s?(?:şıkkı|seçeneği|olarak bulunur|olur|olacaktır|oluyor))?"
        r"(?:['’]?[dt][ıiuü]r)?",
        breaks=r"çünkü|ama|zira|ancak|değil",
        no_value=r"değil|bilinmiyor|yok|veremem|nedir",
        right=r"doğru(?:dur)?|doğru cevap(?:tır)?",
        verb_last=True,
    ),
    "nl": Language(
        answer=("antwoord",),
        verbs=r"is|luidt|was|zou|bedraagt|zijn",
        after=r"hierop|dus|hier",
        of=r"op|van|voor",
        result=("uitkomst", "resultaat", "oplossing"),
        option=("optie", "keuze"),
        filler=r"dus|daarom|de|het|optie|letter|antwoord|ongeveer|precies|gelijk aan|ook",
        breaks=r"omdat|want|maar|aangezien|waarbij|als|dus|doordat|en niet",
        no_value=r"niet|nooit|onbekend|dat|in|juist|onjuist|of",
        right=r"juist|correct|goed|de juiste",
        choose=r"kiezen|kies",
    ),
    "pl": Language(
        answer=("odpowiedź", "odpowiedz", "odpowiedzią"),
        verbs=r"to|jest|brzmi|wynosi|będzie",
        after=r"poprawna|prawidłowa|ostateczna|końcowa",
        of=r"na|do|w",
        result=("wynik", "rozwiązanie", "rozwiązaniem"),
        option=("opcja", "wariant"),
        filler=r"zatem|więc|opcja|litera|około|odpowiedź|to|równa|dokładnie|liczba",
        breaks=r"ponieważ|bo|gdyż|ale|więc|który|która|które|a nie|jeśli",
        no_value=r"nie|nieznana|że|w|poprawna|niepoprawna",
        right=r"poprawn\w|prawidłow\w|właściw\w",
        choose=r"wybieram(?:y)?",
    ),
    "uk": Language(
        answer=("відповідь",),
        verbs=r"[—–-]|дорівнює|буде|є|це",
        option=("варіант",),
        filler=r"це|варіант|буква|число|приблизно",
        breaks=r"тому|оскільки|бо|але|якщо",
        no_value=r"не|невідома",
        right=r"правильн\w+|вірн\w+",
    ),
    "cs": Language(
        answer=("odpověď",),
        verbs=r"je|zní|bude",
        result=("výsledek",),
        filler=r"tedy|možnost|přibližně",
        breaks=r"protože|ale|neboť|když",
        no_value=r"není|neznámá|že",
    ),
    "sv": Language(
        answer=("svaret", "svar"),
        verbs=r"är|er|blir|lyder",
        of=r"på|til|till",
        filler=r"alltså|därför|derfor|altså|alternativ|omkring|ca",
        breaks=r"eftersom|men|för|fordi|siden|då",
        no_value=r"inte|ikke|okänt|att|at",
    ),
    "fi": Language(answer=("vastaus",), verbs="on", filler="siis|noin", breaks="koska|sillä|mutta"),
    "ro": Language(
        answer=("răspunsul", "răspuns", "raspunsul", "raspuns"),
        verbs=r"este|e|va fi",
        after=r"corect|final",
        filler=r"deci|varianta|aproximativ",
        breaks=r"deoarece|pentru|dar|fiindcă",
        no_value=r"nu|necunoscut",
    ),
    "hu": Language(
        answer=("válasz",), verbs="az?", after="helyes", breaks="mert|mivel|de", verb_last=True
    ),
    "el": Language(
        answer=("απάντηση",),
        verbs="είναι",
        after="τελική|σωστή",
        filler="η|το|ο|άρα|επιλογή",
        breaks="επειδή|γιατί|αλλά|διότι",
        no_value="δεν",
    ),
    "he": Language(
        answer=("תשובה",), verbs="היא|הוא", after="הסופית|הנכונה", breaks="כי|אבל", inside=True
    ),
    "fa": Language(
        answer=("پاسخ", "جواب"),
        verbs="برابر است با|برابر با",
        after="نهایی|صحیح|درست",
        filler="گزینه",
        ending=r"\s?(?:است|می‌شود|می شود)",
        breaks="زیرا|چون|اما",
        inside=True,
        verb_last=True,
    ),
    "vi": Language(
        answer=("đáp án", "câu trả lời", "đáp số", "kết luận"),
        verbs=r"là|bằng",
        after=r"cuối cùng|đúng|chính xác",
        result=("kết quả",),
        filler=r"chọn|phương án|khoảng|đáp án",
        breaks=r"vì|bởi|nhưng|do",
        no_value=r"không",
        choose=r"chọn(?: phương án| đáp án| câu)?",
    ),
    "id": Language(
        answer=("jawaban", "jawapan"),
        verbs=r"adalah|ialah|yaitu|yakni",
        after=r"nya|akhir|akhirnya|yang benar|yang tepat",
        result=("hasil",),
        option=("opsi", "pilihan"),
        filler=r"opsi|pilihan|sekitar|huruf",
        breaks=r"karena|tetapi|sebab|kerana",
        no_value=r"tidak|bukan",
        choose=r"(?:me)?pilih",
    ),
    "th": Language(answer=("คำตอบ",), verbs=r"คือ|เท่ากับ", after=r"สุดท้าย|ที่ถูกต้อง", inside=True),
    "bn": Language(answer=("উত্তর",), verbs=r"হল|হলো", ending=r"\s?হবে", verb_last=True),
}  # fmt: skip
