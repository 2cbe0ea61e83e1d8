"""The judge judged: what is planted is found, and the faults follow from the seed."""
from decimal import Decimal
from comparison import compare, compare_counts, compare_sums
from rules import JUDGES, SETS, Fate, fate_of
from schedule import schedule

EXPECTED = {("t", 0, offset): (f"event {offset}", Decimal(offset)) for offset in range(10)}


def kinds(findings):
    return findings.missing, findings.doubled, findings.differing, findings.unexpected


def test_what_is_there_once_is_clean():
    assert kinds(compare(EXPECTED, reversed(EXPECTED.items()))) == (0, 0, 0, 0)


def test_each_kind_of_planted_error_is_counted_and_named():
    found = [item for item in EXPECTED.items() if item[0][2] != 3]
    assert kinds(compare(EXPECTED, found)) == (1, 0, 0, 0) and "('t', 0, 3)" in compare(EXPECTED, found).examples[0]
    assert kinds(compare(EXPECTED, [*EXPECTED.items(), found[0]])) == (0, 1, 0, 0)
    assert kinds(compare(EXPECTED, {**EXPECTED, ("t", 0, 5): ("event 5", Decimal("5.01"))}.items())) == (0, 0, 1, 0)
    stranger = [*EXPECTED.items(), (("t", 0, -1), ("event -1", Decimal(0)))]
    assert kinds(compare(EXPECTED, stranger)) == (0, 0, 0, 1)
    assert kinds(compare(EXPECTED, stranger, lambda at: at[2] < 0)) == (0, 1, 0, 0), "what was there in a round before is there twice now"


def test_counts_say_how_many_are_missing_or_too_many():
    assert kinds(compare_counts({"a": 5, "b": 7}, {"a": 5, "b": 7})) == (0, 0, 0, 0)
    assert kinds(compare_counts({"a": 5, "b": 7, "c": 1}, {"a": 8, "b": 5})) == (3, 3, 0, 0)


def test_a_cent_off_is_a_cent_off_whichever_way():
    right = {("acme", "turnover", 0): Decimal("100000000.10"), ("acme", "orders", 0): Decimal(3)}
    assert compare_sums(right, dict(right))[0] == 0
    assert compare_sums(right, {**right, ("acme", "turnover", 0): Decimal("100000000.11")})[0] == 1
    assert compare_sums(right, {**right, ("acme", "turnover", 0): Decimal("100000000.09")})[0] == 1
    assert compare_sums(right, {("acme", "orders", 0): Decimal(3)})[0] == Decimal("10000000010")
    assert compare_sums(right, {**right, ("globex", "orders", 0): Decimal(1)})[0] == 100


def test_the_same_seed_gives_the_same_faults_and_a_longer_run_begins_like_a_shorter_one():
    assert schedule(5, 40) == schedule(5, 40)
    assert schedule(5, 200)[:40] == schedule(5, 40)
    assert schedule(5, 40) != schedule(6, 40)


def test_a_round_has_one_to_three_faults_that_do_not_touch_each_other():
    for planned in schedule(3, 200):
        assert 1 <= len(planned) <= 3 and planned == sorted(planned, key=lambda fault: fault.at)
        touched = [name for fault in planned for name in fault.touches]
        assert len(touched) == len(set(touched))


def test_a_long_run_meets_every_kind_with_every_target():
    faults = [fault for planned in schedule(1, 200) for fault in planned]
    kills = {fault.target for fault in faults if fault.kind == "kill"}
    assert kills == {"worker-1", "worker-2", "worker-3", "warehouse-worker", "broker", "clickhouse", "billing", "registry", "catalog", "loadgen"}
    for mode in ("refuse", "hang", "reset", "slow"):
        assert {fault.target for fault in faults if fault.kind == mode} == {
            *(f"worker-{n}-{server}" for n in (1, 2, 3) for server in ("broker", "clickhouse", "billing", "registry")), "warehouse-worker-broker", "warehouse-worker-registry"}
    assert {fault.target for fault in faults if fault.kind == "disk_full"} == {"clickhouse", "billing", "warehouse-worker"}


def test_every_rule_of_every_set_has_its_judge():
    topics = {(tenant, line.strip().rstrip(":")) for tenant, text in SETS.items() for line in text.splitlines() if line.startswith("  ") and line[2] != " "}
    assert topics == set(JUDGES)
    assert fate_of("order.created", None) == Fate("letter")
