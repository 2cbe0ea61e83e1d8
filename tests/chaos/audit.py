"""Compares the log with every sink, round by round: what came since the last round one by one, and of what came before only how much it is."""
import collections, dataclasses
from decimal import Decimal
import sinks
from confluent_kafka import KafkaException
from comparison import compare, compare_counts, compare_sums
from demo import TOPICS, until
from follower import Follower
from rules import event_of, fate_of, schema_ids
from witness import DEAD_LETTERS, GROUP, committed

ALERTS, WAREHOUSE, WAREHOUSE_LETTERS = "millrace.alerts", GROUP + "-warehouse", "millrace.warehouse.dlq"


class Expected:
    """What the records of one round must become, in each sink."""

    def __init__(self, records, ids):
        self.rows, self.letters, self.alerts = {}, {}, {}
        self.dropped, self.usage = collections.Counter(), collections.defaultdict(Decimal)
        for message in records:
            topic, partition = message.topic(), message.partition()
            at = topic, partition, message.offset()
            fate = fate_of(topic, event_of(topic, message.value(), ids[topic]))
            if fate.outcome == "row":
                self.rows[at] = fate.row
            elif fate.outcome == "letter":
                self.letters[at] = message.value()
            else:
                self.dropped[topic, partition] += 1
            for rule, told in fate.alerts:
                self.alerts[f"{topic}/{partition}/{at[2]}/{rule}"] = told
            for key, value in fate.usage:
                self.usage[key] += value


@dataclasses.dataclass
class Audited:
    events: int
    findings: dict  # of each sink
    cents_off: Decimal
    examples: list

    @property
    def wrong(self):
        return sum(each.wrong for each in self.findings.values()) or self.cents_off > 0


class Audit:
    """Of one run. settle() and then round(), as often as one likes: each looks at what came since the last."""

    def __init__(self, demo):
        broker = demo.address("broker")
        self.demo, self.ids = demo, schema_ids(demo)
        self.log, self.alerts = Follower(broker, TOPICS), Follower(broker, [ALERTS])
        self.letters = {GROUP: Follower(broker, [DEAD_LETTERS]), WAREHOUSE: Follower(broker, [WAREHOUSE_LETTERS])}
        self.alert_reader = sinks.AlertReader(demo.address("registry"))
        self.records, self.last = [], {}  # not audited yet; the last record of each partition
        self.begins = dict(self.log.at)  # of what isn't audited yet
        self.rows_before, self.dropped, self.usage = collections.Counter(), collections.Counter(), collections.defaultdict(Decimal)
        self.tenants = set()
        self.letters_before, self.alerts_before, self.manifests = {GROUP: set(), WAREHOUSE: set()}, set(), set()

    def settle(self, within=240):
        """No load is left. Returns when everything that was sent is delivered by both pipelines, and committed."""
        self.records += self.log.read()
        for message in self.records:
            self.last[message.topic(), message.partition()] = message.offset()
        for group in (GROUP, WAREHOUSE):
            until(f"{group} has delivered everything", lambda group=group: self.delivered(group), within, 0.3)
        for follower in (self.alerts, *self.letters.values()):
            until(f"no transaction is open in {follower.topics}", follower.settled, within, 0.3)

    def delivered(self, group):
        try:
            at = committed(self.demo.address("broker"), group)
        except KafkaException:  # a broker that has just been started
            return False
        behind = {f"{topic}/{partition}": f"{at[topic, partition]} of {last + 1}" for (topic, partition), last in self.last.items() if at[topic, partition] <= last}
        return Behind(behind) if behind else True

    def round(self):
        expected = Expected(self.records, self.ids)
        rows_found = list(sinks.rows_since(self.demo, self.begins))
        self.dropped.update(expected.dropped)
        self.tenants.update(row[1] for row in expected.rows.values())
        for key, value in expected.usage.items():
            self.usage[key] += value
        findings = {"clickhouse": self.clickhouse(expected, rows_found)}
        for group, sink in ((GROUP, "dead letters"), (WAREHOUSE, "warehouse's dead letters")):
            findings[sink] = self.compare_letters(group, expected.letters)
        findings["alerts"] = self.compare_alerts(expected.alerts)
        manifests = sinks.new_manifests(self.demo, self.manifests)
        findings["warehouse"] = compare(expected.rows, sinks.warehouse_rows(self.demo, manifests), self.is_old) + compare_counts(
            expected.dropped, sinks.warehouse_left_out(self.demo, manifests))
        cents_off, examples = self.billing()
        for sink, found in findings.items():
            examples += [f"{sink}: {example}" for example in found.examples]
        audited = Audited(len(self.records), findings, cents_off, examples)
        self.records, self.begins = [], dict(self.log.at)
        return audited

    def is_old(self, at):
        return at[2] < self.begins[at[:2]]

    def clickhouse(self, expected, rows_found):
        findings = compare(expected.rows, rows_found)
        # What was audited before: neither more nor less than it was then.
        findings += compare_counts(self.rows_before, sinks.row_counts(self.demo, self.begins)) + compare_counts(self.dropped, sinks.left_out(self.demo))
        self.rows_before.update(at[:2] for at, _ in rows_found)
        return findings

    def compare_letters(self, group, expected):
        before = self.letters_before[group]
        found = [sinks.letter_of(message) for message in self.letters[group].read()]
        findings = compare(expected, found, before.__contains__)
        before.update(at for at, _ in found)
        return findings

    def compare_alerts(self, expected):
        found = [self.alert_reader.alert_of(message) for message in self.alerts.read()]
        findings = compare(expected, found, self.alerts_before.__contains__)
        self.alerts_before.update(name for name, _ in found)
        return findings

    def billing(self):
        """All that was ever billed, with all that ever should be; and the ledger's watermarks with the committed offsets."""
        off, examples = compare_sums(self.usage, sinks.usage(self.demo, self.tenants))
        marks, at = sinks.watermarks(self.demo), committed(self.demo.address("broker"), GROUP)
        examples += [f"watermark of {tp}: {mark}, committed is {at[tp]}" for tp, mark in marks.items() if mark != at[tp]]
        if not off and examples:
            off = Decimal(1)  # not a cent is off yet, and it will be
        return off, [f"billing: {example}" for example in examples]


class Behind(dict):
    """By partition, how far it is; false, so that until() waits, and says it in the end."""

    def __bool__(self):
        return False
