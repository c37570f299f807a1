//! The logs: 20 gateways, 100 orchestrators, 12 tags, a round for every 2000 redemptions, one redemption
//! in every third block.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use alloy_primitives::{Address, U256};
use serde_json::Value;

use crate::synth::{Spot, Ticket};

/// The first block with a redemption.
pub(crate) const FIRST_BLOCK: u64 = 50_000;
/// Blocks between redemptions.
pub(crate) const EVERY: u64 = 3;

fn ticket(n: u64) -> Ticket {
    let address = |kind: u8, number: u64| {
        let mut bytes = [kind; 20];
        bytes[12..].copy_from_slice(&number.to_be_bytes());
        Address::from(bytes)
    };
    let tag = n % 12 + 1;
    Ticket {
        sender: address(0xaa, n % 20),
        recipient: address(0xbb, n * 7 % 100),
        face_value: U256::from(2_400_000_000_000_000_u64 + n),
        nonce: U256::from((tag << 10) | (n % 600 + 1)),
        rand: U256::from(n) << 100,
        round: 3000 + n / 2000,
    }
}

/// Payment and redemption of the `n`-th ticket.
pub(crate) fn logs(n: u64) -> [Value; 2] {
    let (block, time) = (FIRST_BLOCK + n * EVERY, Some(1_700_000_000 + n));
    let ticket = ticket(n);
    let spot = |index| Spot { block, fork: 0, index, tx: 0 };
    [ticket.transfer(spot(4), ticket.face_value, time), ticket.redeemed(spot(5), time)]
}

/// Writes the logs of so many redemptions; says how many bytes they are.
pub(crate) fn write(path: &Path, redemptions: u64) -> io::Result<u64> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    out.write_all(b"[\n")?;
    for n in 0..redemptions {
        let [transfer, redeemed] = logs(n);
        serde_json::to_writer(&mut out, &transfer)?;
        out.write_all(b",\n")?;
        serde_json::to_writer(&mut out, &redeemed)?;
        out.write_all(if n + 1 == redemptions { b"\n]\n" } else { b",\n" })?;
    }
    out.flush()?;
    Ok(out.get_ref().metadata()?.len())
}
