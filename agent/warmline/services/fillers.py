"""What people say around a question without asking anything by it, by language.

Each of these words can be what is asked about, or part of a name: UM and UH are universities, ERM is offered, "Thank
You, Next" is a song. So nothing is taken from behind a `wanting` word, which needs one after it ("directions from um"),
nor from before a `leaning` one, which needs one before it ("please and thank you in Tamil"), whatever punctuation
stands between. Left out on purpose: whatever is also an ordinary word of a question, such as "like", "no", "ER" (a
ward), or Hindi "जी" (nausea begins with it).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fillers:
    """The lists of one language, each with semicolons between its phrases.

    | list | goes from the beginning | goes from the end |
    |---|---|---|
    | `anywhere` | always | always |
    | `polite` | set apart by punctuation, or before an opener or a request | always |
    | `hesitations` | set apart by punctuation, or before an opener | set apart by punctuation |
    | `opening` | set apart by punctuation, before an opener, an asking or a request | never |
    | `closing` | never | set apart by punctuation |

    `openers` begin a question, whatever is before them; `asking` does where what is before is set apart, for "um is the
    best" may speak of UM; `requests` are also nouns that a name may have before them ("um schedule"), or question words
    of a language that begins with the subject. Whatever is written in `script`, a set of characters as regular
    expressions write it, is a request.
    """

    anywhere: str
    polite: str
    hesitations: str
    opening: str
    closing: str
    wanting: str
    leaning: str
    openers: str
    asking: str
    requests: str
    script: str


_HESITATIONS = "um; umm; ummm; uhm; uh; uhh; erm; hmm; hmmm"
_GREETINGS = "hello; hi; hey; namaste; ok; okay"
_WANTING = (
    "a; about; above; accept; accepts; across; after; against; along; am; among; an; and; are; around; as; at; "
    "attend; attended; attends; be; because; before; behind; below; beside; besides; between; beyond; but; by; "
    "call; called; calls; contact; could; cover; covers; define; did; do; does; during; each; every; except; "
    "find; for; from; get; give; has; have; her; his; if; in; include; includes; inside; into; is; its; join; "
    "letter; letters; like; may; mean; means; meet; might; must; my; named; near; need; needs; no; nor; not; of; "
    "off; offer; offered; offering; offers; on; onto; or; our; outside; over; own; owned; owns; past; per; play; "
    "pronounce; provide; provides; regarding; rhymes; run; runs; said; sang; say; saying; says; see; sell; sells; "
    "shall; should; sing; since; sings; some; spell; spelled; spelling; spells; spelt; stock; stocks; support; "
    "supports; take; takes; teach; teaches; term; than; that; the; their; these; this; those; through; till; "
    "titled; to; toward; towards; translate; treat; treats; type; under; until; upon; use; uses; versus; via; "
    "visit; visited; visits; vs; want; wants; was; were; which; whose; will; with; within; without; word; words; "
    "would; write; writes; wrote; your"
)
_OPENERS = (
    "what; what's; whats; who; who's; whom; whose; where; where's; when; when's; why; how; how's; which; i; i'm; "
    "i'd; i've; am i; are there; are they; are we; are you; can i; can it; can they; can we; can you; could i; "
    "could we; could you; did i; did you; do i; do they; do we; do you; does it; have i; have you; is it; is there; "
    "may i; may we; should i; should we; will i; will it; will they; will you; would it; would you; get me; give me; "
    "help me; inform me; let me know; notify me; remind me; show me; tell me; tell us"
)
_ASKING = (
    "are my; are the; are these; are those; are your; can my; can the; can your; could my; could the; did my; did the; "
    "do my; do the; do your; does my; does the; does your; has my; has the; has your; have my; have the; is he; is my; "
    "is she; is that; is the; is this; is your; should my; was my; was the; were my; were the; will my; will the; "
    "will your; would the"
)
_REQUESTS = (
    "add; book; cancel; change; check; confirm; connect me; describe; explain; find; list; look up; make a; make an; "
    "order; repeat; reserve; schedule; send; set; share; show; suggest; tell; transfer; turn; update"
)

FILLERS = {
    "en": Fillers(
        anywhere="",
        polite="please",
        hesitations=_HESITATIONS,
        opening=(
            f"{_GREETINGS}; good morning; good afternoon; good evening; excuse me; sorry; so; well; ah; oh; you "
            "know; i mean; thanks; thank you"
        ),
        closing="thanks; thank you; many thanks; thank you very much; you know",
        wanting=_WANTING,
        leaning="and; as; comes; means; or; rhymes; versus; vs",
        openers=_OPENERS,
        asking=_ASKING,
        requests=_REQUESTS,
        script="",
    ),
    "hi": Fillers(
        anywhere="उम; उम्म; हम्म; प्लीज; प्लीज़; कृपया; kripya; kripaya",
        polite="please",
        hesitations=_HESITATIONS,
        opening=(
            f"हेलो; हैलो; नमस्ते; नमस्कार; सुनिए; सुनो; अच्छा; तो; माफ़ कीजिए; माफ कीजिए; {_GREETINGS}; namaskar; "
            "suniye; achha; accha; to"
        ),
        closing="धन्यवाद; शुक्रिया; dhanyavad; shukriya; thanks; thank you",
        wanting=(
            "और; या; एवं; व; का; के; की; को; में; से; पर; ने; तक; शब्द; अक्षर; मतलब; अर्थ; यानी; बोलें; बोलते; "
            "कहें; कहते; लिखें; लिखते; नाम; नहीं; मत; न; ना; बिना; aur; ya; ka; ke; ki; ko; mein; se; par; ne; "
            f"tak; shabd; matlab; arth; yani; bolte; kehte; likhte; naam; nahi; nahin; mat; na; bina; {_WANTING}"
        ),
        leaning=(
            "और; या; एवं; व; का; के; की; को; में; से; पर; ने; तक; वाला; वाली; वाले; शब्द; मतलब; अर्थ; यानी; aur; "
            "ya; ka; ke; ki; ko; mein; se; par; ne; tak; wala; wali; wale; shabd; matlab; arth; yani; and; as; "
            "comes; means; or; rhymes; versus; vs"
        ),
        openers=_OPENERS,
        asking=_ASKING,
        requests=(
            "kya; kyon; kyun; kab; kahan; kaise; kaun; kitna; kitne; kitni; mujhe; mera; meri; mere; hamara; hamari; "
            f"hum; main; aap; batao; bataiye; bataie; bata; dikhao; {_REQUESTS}; {_OPENERS}"
        ),
        script="\u0900-\u097f",
    ),
}
