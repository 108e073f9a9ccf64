"""What an audit finds wrong, a sentence each."""

from dataclasses import dataclass, field


@dataclass
class Findings:
    """Sentences by what they mean; none at all is what is wanted."""

    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    disagreements: list[str] = field(default_factory=list)
    unrecovered: list[str] = field(default_factory=list)

    def add(self, other: "Findings") -> None:
        """Take over what another audit found."""
        self.lost += other.lost
        self.duplicated += other.duplicated
        self.disagreements += other.disagreements
        self.unrecovered += other.unrecovered

    def __bool__(self) -> bool:
        """Whether anything is wrong."""
        return bool(self.lost or self.duplicated or self.disagreements or self.unrecovered)

    def lines(self) -> list[str]:
        """Return all sentences, each with its kind."""
        kinds = ("lost", "duplicated", "disagreements", "unrecovered")
        return [f"{kind}: {text}" for kind in kinds for text in getattr(self, kind)]
