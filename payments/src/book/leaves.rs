//! Sessions of the ledger as leaves of a book.

use alloy_primitives::{B256, keccak256};
use waymark_tagging::{
    TagId, nonce,
    round::{Leaf, job_ref},
};

use crate::{ledger::SessionTickets, money, ticket::expected_value};

/// The leaves of a round, one for each session. `number` tells the number of a tag that the nonces do
/// not carry. Jobs are hidden behind salts that follow from `secret`, the session and the round, so that
/// the same book comes out after a restart.
pub fn leaves(
    sessions: &[SessionTickets],
    round: u64,
    secret: &B256,
    number: impl Fn(&SessionTickets) -> TagId,
) -> Vec<Leaf> {
    let leaf = |session: &SessionTickets| {
        let carried = nonce::decode(session.first_nonce).map(|(tag, _)| tag);
        let carried = carried.filter(|tag| tag.is_tagged());
        let value = money::round_up(&expected_value(session.face_value, session.win_prob));
        Leaf {
            recipient: session.recipient,
            recipient_rand_hash: session.params,
            // What is signed in the tickets goes before everything else.
            tag_id: carried.unwrap_or_else(|| number(session)),
            job_ref: job_ref(&session.job, &salt(secret, &session.params, round)),
            // Limits on tickets keep it far below 2^128.
            ev_wei: value.saturating_to(),
            ticket_count: session.tickets,
        }
    };
    sessions.iter().map(leaf).collect()
}

/// 32 bytes that say nothing to whoever does not know the secret.
fn salt(secret: &B256, session: &B256, round: u64) -> B256 {
    let round = B256::from(alloy_primitives::U256::from(round));
    keccak256([secret.0, session.0, round.0].as_flattened())
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, U256};
    use waymark_tagging::round::{BookId, RoundBook};

    use super::*;

    fn session(number: u8, first_nonce: u32, tickets: u32) -> SessionTickets {
        SessionTickets {
            recipient: Address::repeat_byte(number),
            params: B256::repeat_byte(number),
            tag: 3,
            tag_name: "transcode/live/abr".into(),
            job: [number; 16],
            first_nonce,
            tickets,
            face_value: U256::from(1_000),
            win_prob: U256::MAX / U256::from(7),
        }
    }

    #[test]
    fn a_tag_in_the_nonces_goes_before_its_name() {
        let sessions = [session(1, (7 << 10) | 4, 2), session(2, 4, 3)];
        let secret = B256::repeat_byte(9);
        let five = TagId::try_from(5).unwrap();
        let leaves = leaves(&sessions, 13, &secret, |_| five);
        let seven = TagId::try_from(7).unwrap();
        assert_eq!([leaves[0].tag_id, leaves[1].tag_id], [seven, five]);
        // 1000 / 7, rounded up.
        assert_eq!([leaves[0].ev_wei, leaves[1].ev_wei], [143, 143]);
        assert_eq!([leaves[0].ticket_count, leaves[1].ticket_count], [2, 3]);
    }

    #[test]
    fn the_same_book_comes_out_again_and_jobs_stay_hidden() {
        let id = BookId { chain_id: 1, gateway: Address::ZERO, round: 13 };
        let of = |secret: u8, round| {
            let sessions = [session(1, 1, 2), session(2, 1, 3)];
            let number = |_: &SessionTickets| TagId::UNTAGGED;
            leaves(&sessions, round, &B256::repeat_byte(secret), number)
        };
        let root = |secret, round| RoundBook::new(id, of(secret, round)).unwrap().root();
        assert_eq!(root(1, 13), root(1, 13));
        assert_ne!(root(1, 13), root(2, 13));
        let (now, later) = (of(1, 13), of(1, 14));
        assert_ne!(now[0].job_ref, later[0].job_ref, "rounds cannot be joined by the job");
        assert_ne!(now[0].job_ref, job_ref(&[1; 16], &B256::repeat_byte(1)));
    }
}
