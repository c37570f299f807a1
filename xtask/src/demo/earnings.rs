//! What each orchestrator earned under which tag: promised by the gateway's records, won by the
//! orchestrators' own word, redeemed by the log of the chain.

use std::collections::BTreeMap;

use super::{TAGS, chain::Redemption, records::Records, stage::Orchestrator};

/// Wei in a gwei.
const GWEI: u128 = 1_000_000_000;

/// Orchestrator, counted from 0, and number of the tag.
type Key = (usize, u32);

/// What was paid.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Earned {
    /// Tickets sent.
    pub(super) tickets: u64,
    /// Their expected value, wei.
    pub(super) promised: u128,
    /// Tickets that won.
    pub(super) winners: u64,
    /// Winners that were redeemed.
    pub(super) redeemed: u64,
    /// What was paid for them, wei.
    pub(super) redeemed_wei: u128,
}

impl Earned {
    fn add(&mut self, other: &Self) {
        self.tickets += other.tickets;
        self.promised += other.promised;
        self.winners += other.winners;
        self.redeemed += other.redeemed;
        self.redeemed_wei += other.redeemed_wei;
    }
}

/// All of it.
#[derive(Debug)]
pub(super) struct Earnings {
    all: BTreeMap<Key, Earned>,
    /// What does not fit together, in words.
    faults: Vec<String>,
}

impl Earnings {
    /// Puts the three sources together. `killed` is the orchestrator whose winners may be lost.
    pub(super) fn new(
        records: &Records,
        orchestrators: &[Orchestrator],
        redemptions: &[Redemption],
        killed: usize,
    ) -> Self {
        let mut earnings = Self { all: BTreeMap::new(), faults: Vec::new() };
        for attempt in records.tried().filter(|a| a.tickets > 0) {
            let instance = attempt.orchestrator_instance.as_ref();
            let index = orchestrators.iter().position(|o| Some(&o.instance) == instance);
            let tag = TAGS.iter().find(|tag| tag.name == attempt.tag);
            if let (Some(index), Some(tag)) = (index, tag) {
                let earned = earnings.all.entry((index, tag.id)).or_default();
                earned.tickets += attempt.tickets;
                earned.promised += attempt.promised;
            } else {
                let what =
                    format!("somebody unknown was paid, or for the unknown tag {}", attempt.tag);
                earnings.faults.push(what);
            }
        }
        for redemption in redemptions {
            let paid = &redemption.recipient;
            let Some(index) = orchestrators.iter().position(|o| &o.address == paid) else {
                earnings.faults.push(format!("the chain paid {paid}, who is none of ours"));
                continue;
            };
            let earned = earnings.all.entry((index, redemption.tag)).or_default();
            earned.redeemed += 1;
            earned.redeemed_wei += redemption.wei;
        }
        for (index, orchestrator) in orchestrators.iter().enumerate() {
            earnings.ask(index, orchestrator, index == killed);
        }
        if earnings.total().tickets == 0 {
            earnings.faults.push("nothing was paid".to_owned());
        }
        for (index, tag) in earnings.all.keys() {
            if TAGS.iter().all(|known| known.id != *tag) {
                let who = index + 1;
                earnings.faults.push(format!("orchestrator {who} was paid under tag number {tag}"));
            }
        }
        earnings
    }

    #[cfg(test)]
    pub(super) fn none() -> Self {
        Self { all: BTreeMap::new(), faults: Vec::new() }
    }

    /// Adds what an orchestrator says itself.
    fn ask(&mut self, index: usize, orchestrator: &Orchestrator, killed: bool) {
        let (who, payments) = (index + 1, &orchestrator.report.payments);
        for (tag, said) in &payments.tags {
            self.all.entry((index, *tag)).or_default().winners = said.winners;
        }
        for (reason, count) in &payments.tickets_rejected {
            self.faults.push(format!("orchestrator {who} refused {count} tickets: {reason}"));
        }
        for (reason, count) in &payments.winners_dropped {
            self.faults.push(format!("orchestrator {who} gave up {count} winners: {reason}"));
        }
        for ((_, tag), earned) in self.all.range_mut((index, 0)..=(index, u32::MAX)) {
            if killed {
                // It may have redeemed more after it was asked.
                earned.winners = earned.winners.max(earned.redeemed);
            } else if earned.winners != earned.redeemed {
                let Earned { winners, redeemed, .. } = earned;
                self.faults.push(format!(
                    "orchestrator {who} won {winners} tickets under tag number {tag}, the chain's log \
                     has {redeemed}"
                ));
            }
        }
    }

    /// Everything that does not fit together.
    pub(super) fn faults(&self) -> &[String] {
        &self.faults
    }

    /// All together.
    pub(super) fn total(&self) -> Earned {
        let mut total = Earned::default();
        self.all.values().for_each(|earned| total.add(earned));
        total
    }

    /// A line for each orchestrator and tag, and one for all.
    pub(super) fn table(&self, killed: usize) {
        println!(
            "\n  {:<14}  {:<30}  {:>7}  {:>11}  {:>7}  {:>13}",
            "paid", "under the tag", "tickets", "promised", "winners", "redeemed"
        );
        for ((index, id), earned) in &self.all {
            let name = TAGS.iter().find(|tag| tag.id == *id).map_or("unknown", |tag| tag.name);
            let note = match earned.winners.saturating_sub(earned.redeemed) {
                _ if *index != killed => String::new(),
                0 => "  killed".to_owned(),
                1 => "  killed, with 1 winner not redeemed".to_owned(),
                lost => format!("  killed, with {lost} winners not redeemed"),
            };
            let (who, tag) = (format!("orchestrator {}", index + 1), format!("{name} ({id})"));
            println!("  {}{note}", row(&who, &tag, earned));
        }
        println!("  {}", row("all", "", &self.total()));
        println!(
            "  Promised is the expected value of the tickets, by the gateway's records. Redeemed is what\n  \
             winners were paid, and under which tag, by the chain's log: on average the same, here up\n  \
             to luck. What the killed orchestrator won and had not redeemed is lost to it."
        );
    }
}

fn row(who: &str, tag: &str, earned: &Earned) -> String {
    let Earned { tickets, promised, winners, redeemed_wei, .. } = earned;
    let (promised, redeemed) = (gwei(*promised), gwei(*redeemed_wei));
    format!("{who:<14}  {tag:<30}  {tickets:>7}  {promised:>11}  {winners:>7}  {redeemed:>13}")
}

/// Wei as people read them: to a tenth of a gwei.
fn gwei(wei: u128) -> String {
    let tenths = (wei + GWEI / 20) / (GWEI / 10);
    match (tenths / 10, tenths % 10) {
        (whole, 0) => format!("{whole} gwei"),
        (whole, tenth) => format!("{whole}.{tenth} gwei"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ATTEMPTS: [(&str, &str, u64, &str); 4] = [
        ("a", "transcode/live/abr", 9, "72000000000"),
        ("b", "transcode/live/abr", 8, "64000000000"),
        ("b", "x-demo/sports", 8, "64000000000"),
        // Not reached: nothing was sent.
        ("a", "transcode/live/abr", 0, "0"),
    ];

    fn records() -> Records {
        let lines = ATTEMPTS.iter().enumerate().map(|(job, (instance, tag, tickets, fee))| {
            let row = serde_json::json!({
                "job_id": job.to_string(), "attempt_index": 0, "started_at": job.to_string(),
                "orchestrator_instance": instance, "outcome": "ok", "error_type": null,
                "tag": tag, "tickets": tickets, "fee_wei": fee,
            });
            format!("{row}\n")
        });
        Records::parse(&lines.collect::<String>()).unwrap()
    }

    fn orchestrators(winners: [u64; 2]) -> [Orchestrator; 2] {
        let report = |winners: u64| {
            let report = serde_json::json!({ "payments": {
                "tickets_rejected": {}, "winners_waiting": 0, "winners_dropped": {},
                "tags": { "5": { "winners": winners } },
            } });
            serde_json::from_value(report).unwrap()
        };
        let [one, two] = winners;
        [Orchestrator::named("a", report(one)), Orchestrator::named("b", report(two))]
    }

    fn redeemed(recipient: &str, tag: u32) -> Redemption {
        Redemption { recipient: recipient.to_owned(), tag, wei: 80 * GWEI }
    }

    #[test]
    fn records_reports_and_the_log_come_together_by_orchestrator_and_tag() {
        let log = [redeemed("a", 5), redeemed("b", 5)];
        let earnings = Earnings::new(&records(), &orchestrators([2, 1]), &log, 0);
        // The dead one won two and redeemed one: that is how it goes.
        assert_eq!(earnings.faults(), [""; 0]);
        let of = |key: Key| {
            let e = earnings.all[&key];
            (e.tickets, e.promised / GWEI, e.winners, e.redeemed, e.redeemed_wei / GWEI)
        };
        assert_eq!(of((0, 5)), (9, 72, 2, 1, 80));
        assert_eq!(of((1, 5)), (8, 64, 1, 1, 80));
        assert_eq!(of((1, 24)), (8, 64, 0, 0, 0));
        assert_eq!(earnings.total().promised, 200 * GWEI);
    }

    #[test]
    fn a_winner_that_a_living_orchestrator_did_not_redeem_is_told() {
        let earnings = Earnings::new(&records(), &orchestrators([0, 1]), &[], 0);
        assert_eq!(earnings.faults().len(), 1, "{:?}", earnings.faults());
        assert!(earnings.faults()[0].starts_with("orchestrator 2 won 1 tickets"));
    }

    #[test]
    fn money_for_strangers_and_unknown_tags_are_told() {
        let log = [redeemed("x", 5), redeemed("a", 9)];
        let earnings = Earnings::new(&records(), &orchestrators([0, 0]), &log, 0);
        let [stranger, tag] = earnings.faults() else { panic!("{:?}", earnings.faults()) };
        assert_eq!(stranger, "the chain paid x, who is none of ours");
        assert_eq!(tag, "orchestrator 1 was paid under tag number 9");
    }

    #[test]
    fn amounts_are_read_in_gwei() {
        assert_eq!(gwei(80 * GWEI), "80 gwei");
        assert_eq!(gwei(400_000_000_017), "400 gwei");
        assert_eq!(gwei(66_417_408_000), "66.4 gwei");
    }
}
