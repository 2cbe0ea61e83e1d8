"""What a run found: a line a round, a table, and the same as JSON."""
import collections, json

SINKS = ["clickhouse", "dead letters", "alerts", "warehouse", "warehouse's dead letters"]


def round_report(number, faults, revived, seconds, settle_s, audited, trouble):
    """`audited` is None where the round couldn't be audited; `trouble` says why."""
    findings = audited.findings if audited else {}
    return {
        "round": number, "faults": faults, "revived": revived, "load_s": round(seconds, 1), "settle_s": round(settle_s, 1), "events": audited.events if audited else 0,
        "sinks": {sink: {kind: getattr(found, kind) for kind in ("missing", "doubled", "differing", "unexpected")} for sink, found in findings.items()},
        "cents_off": float(audited.cents_off) if audited else 0, "examples": audited.examples if audited else [], "trouble": trouble,
        "passed": bool(audited) and not audited.wrong and not trouble,
    }


def totals(rounds, last_audits):
    total = lambda kind: sum(found[kind] for each in rounds for found in each["sinks"].values())
    faults = [fault for each in rounds for fault in each["faults"]]
    return {
        "chaos_rounds": len(rounds), "chaos_rounds_failed": sum(not each["passed"] for each in rounds), "chaos_events": sum(each["events"] for each in rounds),
        "chaos_missing": total("missing"), "chaos_doubled": total("doubled"), "chaos_differing": total("differing"), "chaos_unexpected": total("unexpected"),
        "chaos_cents_off": sum(each["cents_off"] for each in rounds), "chaos_faults": len(faults), "chaos_faults_not_met": sum(not fault["bit"] for fault in faults),
        "faults": dict(sorted(collections.Counter(fault["kind"] for fault in faults).items())), "last_audits": last_audits,
    }


def fault_text(fault):
    when = "not begun" if fault["at"] is None else f"{fault['at']:.1f}–{fault['until'] or 0:.1f}"
    return f"{fault['kind']}{' ' + fault['target'] if fault['target'] else ''} {when}{'' if fault['bit'] else ' NOT MET: ' + fault['evidence']}"


def line(each):
    verdict = "ok" if each["passed"] else "FAILED"
    sinks = ", ".join(f"{sink} {found}" for sink, found in each["sinks"].items() if any(found.values()))
    return (f"round {each['round']:3d}: {verdict}: {each['events']} events, settled in {each['settle_s']} s; " + "; ".join(map(fault_text, each["faults"])) +
            (f"; {sinks}" if sinks else "") + (f"; {each['cents_off']} cents off" if each["cents_off"] else "") + (f"; {each['trouble']}" if each["trouble"] else "") +
            (f"; revived {', '.join(each['revived'])}" if each["revived"] else ""))


def table(rounds):
    """Missing/doubled/differing/unexpected of each sink."""
    head = f"{'round':>5} {'events':>7} {'load s':>6} {'settle s':>8}  " + "  ".join(f"{sink:>12.12}" for sink in SINKS) + f"  {'cents off':>9}  faults (seconds into the round)"
    lines = [head]
    for each in rounds:
        cells = ["/".join(str(number) for number in each["sinks"][sink].values()) if sink in each["sinks"] else "?" for sink in SINKS]
        lines.append(f"{each['round']:5d} {each['events']:7d} {each['load_s']:6.1f} {each['settle_s']:8.1f}  " + "  ".join(f"{cell:>12}" for cell in cells) +
                     f"  {each['cents_off']:9.2f}  " + "; ".join(map(fault_text, each["faults"])))
    return "\n".join(lines)


def write(path, seed, rounds, last_audits):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"seed": seed, "totals": totals(rounds, last_audits), "rounds": rounds}, indent=1) + "\n")
