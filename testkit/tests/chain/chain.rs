//! The fixture itself.

use std::time::Duration;

use alloy_primitives::{Address, I256, U64, U256};
use alloy_sol_types::SolCall as _;
use waymark_contracts::{
    BondingManager, ContractName, Controller, Multicall3, PriceFeed, RoundsManager,
    ServiceRegistry, TicketBroker,
};
use waymark_testkit::chain::{LocalChain, LocalChainError, Options};

use crate::setting::{Setting, milliether, reason};

#[tokio::test]
async fn it_starts_in_an_initialised_round_with_every_contract_in_place() {
    let chain = LocalChain::start().await.unwrap();
    assert_eq!(chain.rpc().call::<U64>("eth_chainId", ()).await.unwrap(), U64::from(7337));
    let contracts = chain.contracts();
    let known = [
        (ContractName::TicketBroker, contracts.ticket_broker),
        (ContractName::BondingManager, contracts.bonding_manager),
        (ContractName::RoundsManager, contracts.rounds_manager),
        (ContractName::ServiceRegistry, contracts.service_registry),
        (ContractName::Minter, Address::ZERO),
    ];
    for (name, address) in known {
        let call = Controller::getContractCall { id: name.id() };
        assert_eq!(chain.read(contracts.controller, &call).await.unwrap(), address, "{name}");
    }
    let rounds = contracts.rounds_manager;
    assert!(chain.read(rounds, &RoundsManager::currentRoundInitializedCall {}).await.unwrap());
    assert_eq!(chain.current_round().await.unwrap(), 1);
    let price = chain.read(contracts.price_feed, &PriceFeed::latestRoundDataCall {}).await.unwrap();
    assert_eq!(price.answer, I256::try_from(200_000_000_000_i64).unwrap());
    assert_eq!(chain.read(contracts.price_feed, &PriceFeed::decimalsCall {}).await.unwrap(), 8);
    chain.set_eth_usd(150, 1_700_000_000).await.unwrap();
    let price = chain.read(contracts.price_feed, &PriceFeed::latestRoundDataCall {}).await.unwrap();
    assert_eq!((price.answer.as_i64(), price.updatedAt.to()), (150, 1_700_000_000_u64));
}

#[tokio::test]
async fn the_gas_price_stays_where_it_is_put() {
    let chain = LocalChain::start().await.unwrap();
    let price = async || chain.rpc().call::<U64>("eth_gasPrice", ()).await.unwrap().to::<u64>();
    assert_eq!(price().await, 20_000_000);
    chain.mine(200).await.unwrap();
    assert_eq!(price().await, 20_000_000);
    chain.set_gas_price(3_000_000_000).await.unwrap();
    chain.next_round().await.unwrap();
    assert_eq!(price().await, 3_000_000_000);
}

#[tokio::test]
async fn the_pool_is_ordered_by_stake() {
    let chain = LocalChain::start().await.unwrap();
    let bonding = chain.contracts().bonding_manager;
    let address = Address::repeat_byte;
    for (who, stake) in [(1, 10), (2, 30), (3, 20), (4, 30)] {
        let uri = format!("https://127.0.0.1:{who}");
        chain.register_orchestrator(address(who), &uri, U256::from(stake)).await.unwrap();
    }
    let round = chain.current_round().await.unwrap();
    chain.deactivate_orchestrator(address(2), round + 1).await.unwrap();
    let mut walked = Vec::new();
    let mut next =
        chain.read(bonding, &BondingManager::getFirstTranscoderInPoolCall {}).await.unwrap();
    while !next.is_zero() {
        walked.push(next);
        let call = BondingManager::getNextTranscoderInPoolCall { transcoder: next };
        next = chain.read(bonding, &call).await.unwrap();
    }
    assert_eq!(walked, [address(4), address(3), address(1)]);
    let size = chain.read(bonding, &BondingManager::getTranscoderPoolSizeCall {}).await.unwrap();
    assert_eq!(size, U256::from(3));

    let active = async |who| {
        let call = BondingManager::isActiveTranscoderCall { transcoder: address(who) };
        chain.read(bonding, &call).await.unwrap()
    };
    assert!(active(2).await && active(4).await && !active(9).await);
    chain.next_round().await.unwrap();
    assert!(!active(2).await);
    let call = BondingManager::getTranscoderCall { transcoder: address(2) };
    let record = chain.read(bonding, &call).await.unwrap();
    assert_eq!(record.deactivationRound, U256::from(round + 1));
    let call = ServiceRegistry::getServiceURICall { addr: address(3) };
    let uri = chain.read(chain.contracts().service_registry, &call).await.unwrap();
    assert_eq!(uri, "https://127.0.0.1:3");
}

#[tokio::test]
async fn many_reads_go_in_one_call() {
    let s = Setting::new().await;
    let contracts = s.chain.contracts();
    let read = |target, data: Vec<u8>| Multicall3::Call3 {
        target,
        allowFailure: true,
        callData: data.into(),
    };
    let calls = vec![
        read(contracts.rounds_manager, RoundsManager::currentRoundCall {}.abi_encode()),
        read(contracts.ticket_broker, TicketBroker::withdrawCall {}.abi_encode()),
        read(contracts.multicall3, Multicall3::getBlockNumberCall {}.abi_encode()),
    ];
    let call = Multicall3::aggregate3Call { calls };
    let results = s.chain.read(contracts.multicall3, &call).await.unwrap();
    let done: Vec<_> = results.iter().map(|r| r.success).collect();
    assert_eq!(done, [true, false, true]);
    let round = RoundsManager::currentRoundCall::abi_decode_returns(&results[0].returnData);
    assert_eq!(round.unwrap(), U256::from(1));
}

#[tokio::test]
async fn a_round_is_initialised_once_with_the_hash_of_the_block_before() {
    let chain = LocalChain::start().await.unwrap();
    let round = chain.end_round().await.unwrap();
    assert_eq!(round, 2);
    let before: serde_json::Value =
        chain.rpc().call("eth_getBlockByNumber", ("latest", false)).await.unwrap();
    let receipt = chain.initialize_round().await.unwrap();
    let started: Vec<RoundsManager::NewRound> = receipt.events();
    assert_eq!(started[0].round, U256::from(2));
    assert_eq!(started[0].blockHash.to_string(), before["hash"].as_str().unwrap());
    assert_eq!(reason(chain.initialize_round().await), "round already initialized");
    chain.set_round_length(10).await.unwrap();
    assert_eq!(chain.current_round().await.unwrap(), 2);
    chain.mine(10).await.unwrap();
    assert_eq!(chain.current_round().await.unwrap(), 3);
}

#[tokio::test]
async fn a_reorganisation_undoes_what_was_mined() {
    let s = Setting::funded(milliether(100), milliether(10)).await;
    s.chain.mine(12).await.unwrap();
    let ticket = s.ticket(1, milliether(1)).await;
    s.redeem(&ticket).await.unwrap();
    s.chain.mine(3).await.unwrap();
    let (height, broker) =
        (s.chain.block_number().await.unwrap(), s.chain.contracts().ticket_broker);
    s.chain.reorg(12).await.unwrap();
    assert_eq!(s.chain.block_number().await.unwrap(), height);
    assert!(!s.chain.is_used(ticket.hash()).await.unwrap());
    let logs = s.chain.events::<TicketBroker::WinningTicketRedeemed>(broker, 0).await.unwrap();
    assert_eq!(logs.len(), 0);
    s.redeem(&ticket).await.unwrap();
}

#[tokio::test]
async fn a_snapshot_brings_everything_back() {
    let s = Setting::new().await;
    let snapshot = s.chain.snapshot().await.unwrap();
    s.fund(milliether(1), milliether(1)).await;
    assert!(s.chain.revert_to(snapshot).await.unwrap());
    let info = s.chain.sender_info(s.sender.address()).await.unwrap();
    assert_eq!(info.sender.deposit, U256::ZERO);
}

#[tokio::test]
async fn blocks_come_by_themselves_if_they_have_a_time() {
    let mut options = Options::default();
    options.block_time = Some(Duration::from_millis(30));
    let chain = LocalChain::with(options).await.unwrap();
    let start = chain.block_number().await.unwrap();
    let account = chain.account(milliether(1)).await.unwrap();
    chain.fund_sender(account.address(), milliether(1), milliether(1)).await.unwrap();
    while chain.block_number().await.unwrap() < start + 3 {
        tokio::task::yield_now().await;
    }
    let price: U64 = chain.rpc().call("eth_gasPrice", ()).await.unwrap();
    // The block and the price that is put back are two calls.
    assert!(price.to::<u64>() > 17_000_000, "{price}");
}

#[tokio::test]
async fn it_ends_with_its_owner() {
    let chain = LocalChain::start().await.unwrap();
    let rpc = chain.rpc().clone();
    drop(chain);
    loop {
        match rpc.call::<U64>("eth_blockNumber", ()).await {
            Ok(_) => tokio::task::yield_now().await,
            Err(LocalChainError::Connect { .. } | LocalChainError::Exchange { .. }) => break,
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn a_program_that_is_no_anvil_is_told() {
    let mut options = Options::default();
    options.anvil = Some("/nonexistent/anvil".into());
    let error = LocalChain::with(options).await.unwrap_err();
    assert!(error.to_string().contains("/nonexistent/anvil"), "{error}");
    let missing = LocalChainError::NoAnvil { looked: vec!["/a/anvil".into()] };
    let text = missing.to_string();
    assert!(text.contains("make packages") && text.contains("/a/anvil"), "{text}");
}
