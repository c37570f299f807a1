//! The program `waymark-chain`.

use std::process::Stdio;

use alloy_primitives::{Address, U64, U256};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

#[tokio::test]
async fn the_program_tells_where_everything_is_and_ends_when_told() {
    let orchestrator = Address::repeat_byte(0x44);
    let sender = Address::repeat_byte(0x55);
    let mut child = Command::new(env!("CARGO_BIN_EXE_waymark-chain"))
        .args(["--block-time", "0.1", "--round-length", "20", "--log", "warn"])
        .arg(format!("--orchestrator={orchestrator}=https://127.0.0.1:8935"))
        .arg(format!("--sender={sender}=100,50"))
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    let told: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(told["chainId"], 7337);
    assert_eq!(told["contracts"]["controller"].as_str().unwrap().len(), 42);
    assert_eq!(told["accounts"].as_array().unwrap().len(), 7);
    let broker: Address = told["contracts"]["ticketBroker"].as_str().unwrap().parse().unwrap();
    let port = told["url"].as_str().unwrap().rsplit_once(':').unwrap().1.parse().unwrap();
    let rpc = waymark_testkit::chain::Rpc::new(([127, 0, 0, 1], port).into());
    let call = waymark_contracts::TicketBroker::getSenderInfoCall { addr: sender };
    let info = rpc.read(broker, &call).await.unwrap();
    assert_eq!(info.sender.deposit, U256::from(100));
    rpc.call::<U64>("eth_blockNumber", ()).await.unwrap();

    let pid = child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
    assert!(child.wait().await.unwrap().success());
    while rpc.call::<U64>("eth_blockNumber", ()).await.is_ok() {
        tokio::task::yield_now().await;
    }
}
