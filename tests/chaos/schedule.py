"""Which faults a round has, and when: a function of the seed and nothing else. The rounds of a longer run begin with those of a shorter one."""
import dataclasses, random

WORKERS = ["worker-1", "worker-2", "worker-3"]
WAREHOUSE_WORKER = "warehouse-worker"
GATES = [f"{worker}-{server}" for worker in WORKERS for server in ("broker", "clickhouse", "billing", "registry")] + [f"{WAREHOUSE_WORKER}-{server}" for server in ("broker", "registry")]
# What a reply that is lost answers: requests that hold this text, or have this key in Kafka's protocol (26 EndTxn, 28 TxnOffsetCommit, 0 Produce).
REPLIES = [("clickhouse", {"match": "INSERT"}), ("billing", {"match": "millrace"}), ("broker", {"kafka_api": 26}), ("broker", {"kafka_api": 28}), ("broker", {"kafka_api": 0})]
DISKS = {"clickhouse": "clickhouse", "billing": "billing", WAREHOUSE_WORKER: "warehouse"}  # by child: the directory that it writes to


@dataclasses.dataclass(frozen=True)
class Fault:
    kind: str
    target: str
    at: float  # seconds into the round
    seconds: float  # for how long, where the fault itself has no end
    details: tuple = ()  # pairs of name and value
    touches: frozenset = frozenset()  # no two faults of a round touch the same

    def __str__(self):
        return f"{self.kind} {self.target}".strip()


class Deck:
    """Deals every card once before it deals one again."""

    def __init__(self, chance, cards):
        self.chance, self.cards, self.left = chance, list(cards), []

    def deal(self):
        if not self.left:
            self.left = self.chance.sample(self.cards, len(self.cards))
        return self.left.pop()


class Dealer:
    """Makes faults of every kind in turn, with targets in turn."""

    def __init__(self, chance):
        self.chance = chance
        kills = [*WORKERS, WAREHOUSE_WORKER, "broker", "clickhouse", "billing", "registry", "catalog", "loadgen"]
        self.targets = {
            "kill": Deck(chance, kills),
            "freeze": Deck(chance, WORKERS),
            "pause": Deck(chance, ["broker", "clickhouse", "billing", WAREHOUSE_WORKER]),
            "lose_reply": Deck(chance, [(f"{worker}-{server}", rule) for worker in WORKERS for server, rule in REPLIES]),
            "kill_in_transaction": Deck(chance, ["write", "sync", "synced"]),
            "kill_in_file": Deck(chance, ["write", "sync", "synced"]),
            "disk_full": Deck(chance, list(DISKS)),
            **{mode: Deck(chance, GATES) for mode in ("refuse", "hang", "reset", "slow")},
        }
        # Kills are the most common of what happens to people.
        self.kinds = Deck(chance, ["kill", "kill", "kill", "kill", "freeze", "pause", "refuse", "hang", "reset", "slow", "lose_reply", "lose_reply", "restart_broker",
                                   "kill_at_rename", "kill_in_transaction", "kill_in_file", "disk_full", "disk_full", "rolling_restart", "spike"])

    def deal(self):
        kind, at, seconds = self.kinds.deal(), round(self.chance.uniform(0.5, 3.5), 1), round(self.chance.uniform(1.0, 4.0), 1)
        target = self.targets[kind].deal() if kind in self.targets else ""
        nth = self.chance.randint(1, 4)
        if kind == "freeze":
            return Fault(kind, target, at, seconds, touches=frozenset([*WORKERS, "broker"]))
        if kind == "rolling_restart":
            return Fault(kind, "", at, 0, touches=frozenset(WORKERS))
        if kind == "spike":
            return Fault(kind, "loadgen", at, max(2.0, seconds), touches=frozenset(["loadgen"]))
        if kind == "restart_broker":
            return Fault(kind, "", at, 0, touches=frozenset(["broker"]))
        if kind == "lose_reply":
            gate, rule = target
            return Fault(kind, gate, at, 0, (*rule.items(), ("count", nth)), frozenset(gate.rsplit("-", 1)))
        if kind in ("refuse", "hang", "reset", "slow"):
            return Fault(kind, target, at, seconds, (("bytes_per_s", 20_000),) if kind == "slow" else (), frozenset(target.rsplit("-", 1)))
        if kind == "kill_at_rename":
            return Fault(kind, "clickhouse", at, 1.0, (("nth", nth),), frozenset(["clickhouse"]))
        if kind == "kill_in_transaction":
            return Fault(kind, "billing", at, 1.0, (("nth", nth), ("call", target), ("word", "-wal")), frozenset(["billing"]))
        if kind == "kill_in_file":
            return Fault(kind, WAREHOUSE_WORKER, at, 1.0, (("nth", nth), ("call", target), ("word", ".tmp")), frozenset([WAREHOUSE_WORKER]))
        return Fault(kind, target, at, seconds if kind != "kill" else seconds / 2, touches=frozenset([target]))  # kill, pause, disk_full


def schedule(seed, rounds):
    """For each round one to three faults, in order of time. A fault that touches what another of its round touches is put off to the next one."""
    chance = random.Random(f"millrace chaos {seed}")
    dealer, waiting, plan = Dealer(chance), [], []
    for _ in range(rounds):
        wanted, faults, touched, later = chance.choice([1, 2, 2, 3, 3]), [], set(), []
        while len(faults) < wanted:
            fault = waiting.pop(0) if waiting else dealer.deal()
            if fault.touches & touched:
                later.append(fault)
                continue
            faults.append(fault)
            touched |= fault.touches
        waiting = later + waiting
        plan.append(sorted(faults, key=lambda fault: fault.at))
    return plan
