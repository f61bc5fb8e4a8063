"""What people say around a question without asking anything by it, by language.

`anywhere` goes from either end of a question. `opening` and `closing` go from theirs, and only where punctuation sets
them apart: "hello, ..." greets, "hello kitty ..." does not. Nothing is taken from behind a `wanting` word, which needs
one after it ("how do you spell please"), nor from before a `leaning` one, which needs one before it ("please means
what"). Left out on purpose: whatever could also be meant, such as "like", "no", "ER" (a ward), or Hindi "जी" (nausea
begins with it).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fillers:
    """The lists of one language, each with semicolons between its phrases."""

    anywhere: str
    opening: str
    closing: str
    wanting: str
    leaning: str


FILLERS = {
    "en": Fillers(
        anywhere="um; umm; ummm; uhm; uh; uhh; erm; hmm; hmmm; please",
        opening=(
            "hello; hi; hey; good morning; good afternoon; good evening; namaste; excuse me; sorry; ok; okay; so; "
            "well; ah; oh; you know; i mean; thanks; thank you"
        ),
        closing="thanks; thank you; many thanks; thank you very much; you know",
        wanting=(
            "a; an; and; are; call; called; for; in; is; like; mean; means; no; not; of; or; pronounce; rhymes; said; "
            "say; saying; says; spell; spelled; spelling; spelt; that; the; to; translate; was; were; with; without; "
            "word; words; write"
        ),
        leaning="and; as; comes; in; is; means; or; rhymes; versus; vs; was",
    ),
    "hi": Fillers(
        anywhere="उम; उम्म; हम्म; प्लीज; प्लीज़; कृपया; um; umm; uh; uhh; hmm; hmmm; please; kripya; kripaya",
        opening=(
            "हेलो; हैलो; नमस्ते; नमस्कार; सुनिए; सुनो; अच्छा; तो; माफ़ कीजिए; माफ कीजिए; hello; namaste; "
            "namaskar; suniye; achha; accha; to; ok; okay"
        ),
        closing="धन्यवाद; शुक्रिया; dhanyavad; shukriya; thanks; thank you",
        wanting=(
            "और; या; का; के; की; को; में; से; शब्द; मतलब; अर्थ; यानी; बोलें; कहें; लिखें; नहीं; मत; न; ना; aur; ya; ka; ke; ki; "
            "ko; shabd; matlab; arth; nahi; nahin; mat; na"
        ),
        leaning="और; या; का; के; की; को; में; से; शब्द; मतलब; अर्थ; यानी; aur; ya; ka; ke; ki; ko; se; shabd; matlab; arth",
    ),
}
