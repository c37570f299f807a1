//! What this machine can do in one second with the primitives of the push path, as one line of JSON.
//! A load run prints it beside its figures, so that a slow machine is seen as such.

#![forbid(unsafe_code)]

use std::{
    hint::black_box,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    time::Duration,
};

use alloy_primitives::keccak256;
use tokio::time::Instant;
use waymark_media::keccak::{Keccak, LANES};

/// A segment of the load run.
const SEGMENT: usize = 800_000;
/// How long each is measured.
const LONG_ENOUGH: Duration = Duration::from_millis(600);
/// Bytes through the loopback.
const THROUGH: usize = 512 << 20;

#[allow(clippy::print_stdout, reason = "the output of a command-line program")]
fn main() -> anyhow::Result<()> {
    let segment: Vec<u8> = (0..SEGMENT).map(|i| u8::try_from(i % 251).unwrap_or(0)).collect();
    let keccak = Keccak::fastest();
    let keccak_asm = rate(SEGMENT, || {
        black_box(keccak256(black_box(&segment)));
    });
    let keccak_alone = rate(SEGMENT, || {
        black_box(keccak.hash(black_box(&segment)));
    });
    let together = [segment.as_slice(); LANES];
    let keccak_together = rate(LANES * SEGMENT, || {
        black_box(keccak.hash_all(black_box(&together)));
    });
    let socket = loopback()?;
    println!(
        "{}",
        serde_json::json!({
            "keccak_asm": keccak_asm, "keccak_alone": keccak_alone,
            "keccak_together": keccak_together, "socket": socket,
        })
    );
    Ok(())
}

/// MB/s of something that handles `bytes` each time.
fn rate(bytes: usize, mut work: impl FnMut()) -> f64 {
    let start = Instant::now();
    let mut done = 0;
    while start.elapsed() < LONG_ENOUGH {
        work();
        done += bytes;
    }
    megabytes(done) / start.elapsed().as_secs_f64()
}

fn loopback() -> anyhow::Result<f64> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let mut sender = TcpStream::connect(listener.local_addr()?)?;
    let (mut receiver, _) = listener.accept()?;
    let start = Instant::now();
    let sending = std::thread::spawn(move || {
        let block = vec![1; 256 * 1024];
        (0..THROUGH / block.len()).try_for_each(|_| sender.write_all(&block))
    });
    let mut block = vec![0; 256 * 1024];
    let mut received = 0;
    loop {
        match receiver.read(&mut block)? {
            0 => break,
            n => received += n,
        }
    }
    sending.join().map_err(|_| anyhow::anyhow!("the sender panicked"))??;
    Ok(megabytes(received) / start.elapsed().as_secs_f64())
}

#[allow(clippy::cast_precision_loss, reason = "a rate for people")]
fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}
