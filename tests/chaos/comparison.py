"""The comparison itself: what should be there with what is. Pure."""
import collections, dataclasses

EXAMPLES = 5


@dataclasses.dataclass
class Findings:
    missing: int = 0
    doubled: int = 0
    differing: int = 0
    unexpected: int = 0  # there, and of nothing that should be
    examples: list = dataclasses.field(default_factory=list)

    def note(self, kind, key, what=""):
        setattr(self, kind, getattr(self, kind) + 1)
        if len(self.examples) < EXAMPLES:
            self.examples.append(f"{kind}: {key} {what}".strip())

    @property
    def wrong(self):
        return self.missing + self.doubled + self.differing + self.unexpected

    def __add__(self, other):
        return Findings(self.missing + other.missing, self.doubled + other.doubled, self.differing + other.differing, self.unexpected + other.unexpected,
                        self.examples + other.examples)


def compare(expected, found, known=lambda key: False):
    """`expected` by key, `found` pairs of key and value in any order. `known` tells of a key that isn't expected whether it was found before: then it is there twice."""
    findings, there = Findings(), collections.defaultdict(list)
    for key, value in found:
        there[key].append(value)
    for key, value in expected.items():
        values = there.pop(key, ())
        if not values:
            findings.note("missing", key)
        elif len(values) > 1:
            findings.note("doubled", key, f"{len(values)} times")
        elif values[0] != value:
            findings.note("differing", key, f"{values[0]} instead of {value}")
    for key in there:
        findings.note("doubled" if known(key) else "unexpected", key)
    return findings


def compare_counts(expected, found):
    """So many of each key; for what is only known by number, or was compared one by one before."""
    findings = Findings()
    for key in expected.keys() | found.keys():
        more = found.get(key, 0) - expected.get(key, 0)
        if more:
            kind = "doubled" if more > 0 else "missing"
            findings.note(kind, key, f"{found.get(key, 0)} instead of {expected.get(key, 0)}")
            setattr(findings, kind, getattr(findings, kind) + abs(more) - 1)
    return findings


def compare_sums(expected, found):
    """By how many hundredths all sums together are off, and some of them."""
    off, examples = 0, []
    for key in expected.keys() | found.keys():
        difference = abs(found.get(key, 0) - expected.get(key, 0)) * 100
        if difference:
            off += difference
            if len(examples) < EXAMPLES:
                examples.append(f"{key}: {found.get(key, 0)} instead of {expected.get(key, 0)}")
    return off, examples
