"""Texts of people: names, file names and sentences; some are difficult for careless programs."""

from collections.abc import Sequence

PET_NAMES = (
    *("Fluffy", "Rex", "Luna", "Coco", "Ollie", "Ruby", "Milo", "Bo", "Bella", "Charlie"),
    *("Nala", "Max", "Daisy", "Simba", "Rocky", "Molly", "Oscar", "Cleo", "Buddy", "Pepper"),
    *("Zoë", "Łatka", "Øskar", "Señor Gato", "Čapek", "Βασίλης", "小花", "ひなた", "Мурка"),
    *("O'Malley", "Mr. Whiskers", "Miss Kitty-Cat", "Rex II", "D'Artagnan", "Max (black)"),
    *("=Sum", "@home", "-Minus", "+Plus", '"Duke"', "<b>Rex</b>", "Tom & Jerry", "50% Poodle"),
    *("Null", "N/A", "C:\\temp", "Semi;Colon", "Comma, Inc.", "100", "True"),
)
FIRST_NAMES = (
    "Anna",
    "Zoë",
    "Jürgen",
    "Mary Jo",
    "Ólafur",
    "伟",
    "Fatima",
    "John",
    "Nguyễn",
    "Ivan",
)
LAST_NAMES = ("Müller", "O'Brien", "Smith", "李", "García", "van der Berg", "Null", "Ødegård")
BREEDS = (
    ("Dog", "Mixed"),
    ("Dog", "Golden Retriever"),
    ("Dog", "German Shepherd"),
    ("Dog", None),
    ("Cat", "Siamese"),
    ("Cat", "Maine Coon"),
    ("Cat", None),
    ("Rabbit", None),
)
VISIT_TYPES = ("routine_checkup", "vaccination", "dental", "surgery_followup", "emergency")
RECORDING_TYPES = ("visit_audio", "appointment_audio", "consultation_audio")
DEVICES = ("iPhone", "iPad")
FILE_NAMES = (
    '=HYPERLINK("http://x.example","5")',
    "-2+3.m4a",
    "@recording.m4a",
    "+49 call.m4a",
    "Zoë's checkup, part 2; final.m4a",
    "診察 録音.m4a",
    "'; DROP TABLE recordings;--.m4a",
    '<img src=x onerror="alert(1)">.m4a',
    "two\nlines.m4a",
    "tab\there.m4a",
)
MENTIONS = (
    "Today we are looking at {pet}, who seems well.",
    "{pet} came in for the annual shots; no fever, good appetite.",
    "Owner says {pet} has been limping since Sunday.",
    "So, {pet} is due for a dental cleaning, let's plan that.",
)
REMARKS = (
    "Heart and lungs clear, weight stable, see again in six months.",
    "The owner asks about the diet; I recommend the senior food.",
)

CHOICES: dict[str, Sequence[str | None]] = {
    "first_names": FIRST_NAMES,
    "last_names": LAST_NAMES,
    "species": [species for species, _ in BREEDS],
    "breeds": [breed for _, breed in BREEDS],
    "visit_types": VISIT_TYPES,
    "recording_types": RECORDING_TYPES,
    "devices": DEVICES,
    "file_names": FILE_NAMES,
    "mentions": MENTIONS,
    "remarks": REMARKS,
}
