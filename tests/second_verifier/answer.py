"""What a check answers, in the words of docs/reference/bundle-format.md."""

from dataclasses import dataclass, field

VERDICTS = {0: "WHOLE", 1: "TAMPERED", 2: "CANNOT BE CHECKED", 3: "VALID, WITH RESERVATIONS"}


class Unusable(Exception):
    """What was handed over is not a bundle, or cannot be compared with what the reader holds."""


@dataclass(frozen=True)
class Flaw:
    code: str
    index: int | None = None
    file: str = ""


@dataclass
class Answer:
    flaws: list[Flaw] = field(default_factory=list)
    reservations: list[str] = field(default_factory=list)
    vouched: int = 0
    problem: str = ""

    @property
    def exit(self) -> int:
        if self.problem:
            return 2
        return 1 if self.flaws else 3 if self.reservations else 0

    @property
    def verdict(self) -> str:
        return VERDICTS[self.exit]

    def add(self, code: str, index: int | None = None, file: str = "") -> None:
        self.flaws.append(Flaw(code, index, file))

    @property
    def first(self) -> tuple[int, str | None, int | None, str]:
        """Exit status, reason, and the first bad entry; the first bad file where no entry is known to be bad."""
        placed = [flaw for flaw in self.flaws if flaw.index is not None]
        worst = min(placed, key=lambda flaw: flaw.index or 0) if placed else next(iter(self.flaws), None)
        return (self.exit, worst.code, worst.index, worst.file) if worst else (self.exit, None, None, "")
