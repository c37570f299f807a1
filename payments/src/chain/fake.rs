//! A chain in memory for tests: Livepeer's contracts as far as they are read, blocks that can be
//! replaced, and endpoints that fail or lie on command. It answers at once, so that tests can pause
//! the clock.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use alloy::{
    consensus::Transaction as _, consensus::TxEnvelope, eips::eip2718::Decodable2718 as _,
};
use alloy_primitives::{Address, B256, Bytes, I256, U256, address, hex, keccak256};
use alloy_sol_types::{Revert, SolCall, SolError as _, SolEvent};
use jiff::Timestamp;
use parking_lot::Mutex;
use serde_json::{Value, json};
use waymark_contracts::{
    BondingManager, ContractName, Controller, Multicall3, PriceFeed, RoundsManager,
    ServiceRegistry, TicketBroker, multicall3, revert,
};

use super::{
    ChainSettings, Rpc, RpcSettings, WallClock,
    rpc::{Answer, CallError, Request, Transport},
};

mod endpoint;
mod sink;

use self::endpoint::FakeEndpoint;
pub(crate) use self::endpoint::Wrong;
pub(crate) use self::sink::FakeSink;

pub(crate) const CONTROLLER: Address = address!("00000000000000000000000000000000000000c0");
pub(crate) const BROKER: Address = address!("00000000000000000000000000000000000000b0");
pub(crate) const ROUNDS: Address = address!("00000000000000000000000000000000000000a0");
pub(crate) const BONDING: Address = address!("00000000000000000000000000000000000000d0");
pub(crate) const REGISTRY: Address = address!("00000000000000000000000000000000000000e0");
pub(crate) const FEED: Address = address!("00000000000000000000000000000000000000f0");
pub(crate) const SENDER: Address = address!("70997970C51812dc3A010C7d01b50e0d17dc79C8");
pub(crate) const ORCHESTRATOR: Address = address!("3C44CdDdB6a900fa2b585dd299e03d12FA4293BC");

const FIRST_L1: u64 = 20_000_000;

#[derive(Debug, Clone)]
struct FakeLog {
    block: u64,
    address: Address,
    topics: Vec<B256>,
    data: Bytes,
    transaction: B256,
}

/// What is true on the chain.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) chain_id: u64,
    /// Number of the newest block.
    pub(crate) head: u64,
    /// L1 blocks since the first; `None` for a chain without them.
    pub(crate) l1: Option<u64>,
    /// Blocks from a number on belong to a fork with this name.
    forks: Vec<(u64, u64)>,
    pub(crate) time: u64,
    pub(crate) base_fee: u64,
    pub(crate) gas_price: u64,
    pub(crate) multicall: bool,
    pub(crate) walks: bool,
    pub(crate) round: u64,
    pub(crate) initialized: u64,
    pub(crate) deposit: U256,
    pub(crate) reserve: U256,
    pub(crate) withdraw_round: u64,
    pub(crate) balance: U256,
    pub(crate) paused: bool,
    pub(crate) pool: Vec<(Address, String)>,
    pub(crate) price: i64,
    pub(crate) registered: bool,
    pub(crate) longest_range: u64,
    /// Transactions are taken but not put into a block until more than this is offered.
    pub(crate) least_cap: u128,
    nonce: u64,
    receipts: BTreeMap<B256, Value>,
    pub(crate) taken: Vec<(B256, u64, u128)>,
    logs: Vec<FakeLog>,
}

impl World {
    fn hash(&self, number: u64) -> B256 {
        let fork = self.forks.iter().filter(|(from, _)| number >= *from).map(|(_, id)| *id).max();
        keccak256(format!("block {number} of fork {}", fork.unwrap_or(0)))
    }

    pub(crate) fn mine(&mut self, blocks: u64) {
        self.head += blocks;
    }

    /// Replaces the last `depth` blocks; logs in them are gone.
    pub(crate) fn reorganise(&mut self, depth: u64) {
        let from = self.head - depth + 1;
        self.forks.push((from, self.forks.len() as u64 + 1));
        self.logs.retain(|log| log.block < from);
    }

    pub(crate) fn emit<E: SolEvent>(&mut self, address: Address, event: &E) {
        let data = event.encode_log_data();
        let transaction = keccak256(format!("tx {} {}", self.head, self.logs.len()));
        self.emit_in(address, data.topics().to_vec(), data.data, transaction);
    }

    fn emit_in(&mut self, address: Address, topics: Vec<B256>, data: Bytes, transaction: B256) {
        self.logs.push(FakeLog { block: self.head, address, topics, data, transaction });
    }

    /// A winning ticket of ours is redeemed for as much as the deposit gives.
    pub(crate) fn redeem(&mut self, sender: Address, face: u64, nonce: u32) {
        self.mine(1);
        let face = U256::from(face);
        let paid = if sender == SENDER { face.min(self.deposit) } else { face };
        if sender == SENDER {
            self.deposit -= paid;
        }
        let transaction = keccak256(format!("redemption {nonce}"));
        let recipient = ORCHESTRATOR;
        if !paid.is_zero() {
            let event = TicketBroker::WinningTicketTransfer { sender, recipient, amount: paid };
            let data = event.encode_log_data();
            self.emit_in(BROKER, data.topics().to_vec(), data.data, transaction);
        }
        let event = TicketBroker::WinningTicketRedeemed {
            sender,
            recipient,
            faceValue: face,
            winProb: U256::MAX,
            senderNonce: U256::from(nonce),
            recipientRand: U256::from(5),
            auxData: vec![0; 64].into(),
        };
        let data = event.encode_log_data();
        self.emit_in(BROKER, data.topics().to_vec(), data.data, transaction);
    }

    pub(crate) fn new_round(&mut self) {
        self.round += 1;
        self.initialized = self.round;
        let event =
            RoundsManager::NewRound { round: U256::from(self.round), blockHash: B256::ZERO };
        self.emit(ROUNDS, &event);
    }

    pub(crate) fn unlock(&mut self) {
        self.withdraw_round = self.round + 2;
        let event = TicketBroker::Unlock {
            sender: SENDER,
            startRound: U256::from(self.round),
            endRound: U256::from(self.withdraw_round),
        };
        self.emit(BROKER, &event);
    }

    fn block(&self, number: u64) -> Value {
        if number > self.head {
            return Value::Null;
        }
        let mut block = json!({
            "number": format!("{number:#x}"),
            "hash": self.hash(number),
            "parentHash": self.hash(number.saturating_sub(1)),
            "timestamp": format!("{:#x}", self.time),
            "baseFeePerGas": format!("{:#x}", self.base_fee),
        });
        if let Some(l1) = self.l1 {
            block["l1BlockNumber"] = json!(format!("{:#x}", FIRST_L1 + l1));
        }
        block
    }

    fn get_logs(&self, filter: &Value) -> Answer {
        let number =
            |key: &str| u64::from_str_radix(&filter[key].as_str().unwrap()[2..], 16).unwrap();
        let (from, to) = (number("fromBlock"), number("toBlock"));
        if to.saturating_sub(from) >= self.longest_range {
            let message = "query exceeds max block range".to_owned();
            return Err(CallError { code: -32_005, message, data: None });
        }
        let one_of = |wanted: &Value, got: Value| match wanted {
            Value::Array(list) => list.contains(&got),
            Value::Null => true,
            one => *one == got,
        };
        let matches = |log: &&FakeLog| {
            (from..=to).contains(&log.block)
                && one_of(&filter["address"], json!(log.address))
                && filter["topics"].as_array().unwrap().iter().enumerate().all(|(i, wanted)| {
                    log.topics.get(i).is_some_and(|topic| one_of(wanted, json!(topic)))
                })
        };
        let mut index = BTreeMap::<u64, u64>::new();
        let all: Vec<Value> = self
            .logs
            .iter()
            .map(|log| {
                let n = index.entry(log.block).or_default();
                *n += 1;
                (log, *n - 1)
            })
            .filter(|(log, _)| matches(log))
            .map(|(log, n)| {
                json!({
                    "address": log.address, "topics": log.topics, "data": log.data,
                    "blockNumber": format!("{:#x}", log.block), "blockHash": self.hash(log.block),
                    "transactionHash": log.transaction, "logIndex": format!("{n:#x}"),
                    "removed": false,
                })
            })
            .collect();
        Ok(json!(all))
    }

    fn eth_call(&self, call: &Value) -> Answer {
        let data = hex::decode(call["data"].as_str().unwrap()).unwrap();
        let Some(to) = call.get("to") else {
            let list: Vec<u8> =
                self.pool.iter().flat_map(|(a, _)| a.into_word().0.to_vec()).collect();
            return if self.walks {
                Ok(json!(hex::encode_prefixed(list)))
            } else {
                Err(CallError { code: -32_602, message: "missing to".to_owned(), data: None })
            };
        };
        let to: Address = to.as_str().unwrap().parse().unwrap();
        match self.run(to, &data) {
            Ok(bytes) => Ok(json!(hex::encode_prefixed(bytes))),
            Err(reason) => Err(CallError {
                code: 3,
                message: format!("execution reverted: {reason}"),
                data: Some(Revert::from(reason).abi_encode().into()),
            }),
        }
    }

    fn run(&self, to: Address, data: &[u8]) -> Result<Vec<u8>, &'static str> {
        if to == multicall3::ADDRESS && self.multicall {
            let calls = Multicall3::aggregate3Call::abi_decode(data).unwrap().calls;
            let results: Vec<_> = calls
                .iter()
                .map(|call| match self.run(call.target, &call.callData) {
                    Ok(bytes) => Multicall3::Result { success: true, returnData: bytes.into() },
                    Err(reason) => Multicall3::Result {
                        success: false,
                        returnData: Revert::from(reason).abi_encode().into(),
                    },
                })
                .collect();
            return Ok(Multicall3::aggregate3Call::abi_encode_returns(&results));
        }
        if !self.registered || ![CONTROLLER, BROKER, ROUNDS, BONDING, REGISTRY, FEED].contains(&to)
        {
            return Ok(Vec::new());
        }
        let uint = |n: u64| U256::from(n).to_be_bytes_vec();
        let word = |a: Address| a.into_word().0.to_vec();
        let selector: [u8; 4] = data[..4].try_into().unwrap();
        let arg = || Address::from_word(B256::from_slice(&data[4..36]));
        Ok(match selector {
            Controller::getContractCall::SELECTOR => {
                word(match ContractName::from_id(&B256::from_slice(&data[4..36])) {
                    Some(ContractName::TicketBroker) => BROKER,
                    Some(ContractName::RoundsManager) => ROUNDS,
                    Some(ContractName::BondingManager) => BONDING,
                    Some(ContractName::ServiceRegistry) => REGISTRY,
                    _ => Address::ZERO,
                })
            }
            Controller::pausedCall::SELECTOR => uint(self.paused.into()),
            TicketBroker::getSenderInfoCall::SELECTOR => [
                self.deposit.to_be_bytes_vec(),
                uint(self.withdraw_round),
                self.reserve.to_be_bytes_vec(),
                uint(0),
            ]
            .concat(),
            TicketBroker::unlockPeriodCall::SELECTOR => uint(2),
            TicketBroker::unlockCall::SELECTOR if self.withdraw_round != 0 => {
                return Err(revert::UNLOCK_IN_PROGRESS);
            }
            TicketBroker::withdrawCall::SELECTOR if self.withdraw_round == 0 => {
                return Err(revert::NO_UNLOCK);
            }
            TicketBroker::withdrawCall::SELECTOR if self.withdraw_round > self.round => {
                return Err(revert::LOCKED);
            }
            RoundsManager::currentRoundCall::SELECTOR => uint(self.round),
            RoundsManager::lastInitializedRoundCall::SELECTOR => uint(self.initialized),
            RoundsManager::currentRoundStartBlockCall::SELECTOR => uint(self.round * 100),
            RoundsManager::roundLengthCall::SELECTOR => uint(100),
            RoundsManager::blockHashForRoundCall::SELECTOR => keccak256(&data[4..]).0.to_vec(),
            BondingManager::getTranscoderPoolSizeCall::SELECTOR => uint(self.pool.len() as u64),
            BondingManager::getFirstTranscoderInPoolCall::SELECTOR => {
                word(self.pool.first().map(|(a, _)| *a).unwrap_or_default())
            }
            BondingManager::getNextTranscoderInPoolCall::SELECTOR => {
                let at = self.pool.iter().position(|(a, _)| *a == arg()).unwrap();
                word(self.pool.get(at + 1).map(|(a, _)| *a).unwrap_or_default())
            }
            BondingManager::getTranscoderCall::SELECTOR => {
                [0, 0, 0, 0, 1, u64::MAX, 0, 0, 0, 0].map(uint).concat()
            }
            BondingManager::transcoderTotalStakeCall::SELECTOR => uint(1000),
            ServiceRegistry::getServiceURICall::SELECTOR => {
                let uri = self.pool.iter().find(|(a, _)| *a == arg()).unwrap().1.clone();
                ServiceRegistry::getServiceURICall::abi_encode_returns(&uri)
            }
            PriceFeed::latestRoundDataCall::SELECTOR => {
                PriceFeed::latestRoundDataCall::abi_encode_returns(
                    &PriceFeed::latestRoundDataReturn {
                        roundId: alloy_primitives::aliases::U80::ZERO,
                        answer: I256::try_from(self.price).unwrap(),
                        startedAt: U256::ZERO,
                        updatedAt: U256::from(self.time),
                        answeredInRound: alloy_primitives::aliases::U80::ZERO,
                    },
                )
            }
            PriceFeed::decimalsCall::SELECTOR => uint(8),
            // Everything else succeeds and returns nothing that is read.
            _ => uint(1),
        })
    }

    fn take_transaction(&mut self, raw: &str) -> Answer {
        let bytes = hex::decode(raw).unwrap();
        let tx = TxEnvelope::decode_2718(&mut bytes.as_slice()).unwrap();
        let hash = *tx.tx_hash();
        if tx.nonce() < self.nonce {
            return Err(CallError {
                code: -32_000,
                message: "nonce too low".to_owned(),
                data: None,
            });
        }
        let signer = tx.signature().recover_address_from_prehash(&tx.signature_hash());
        assert_eq!(signer.unwrap(), SENDER);
        assert_eq!((tx.chain_id(), tx.to()), (Some(self.chain_id), Some(BROKER)));
        let cap = tx.max_fee_per_gas();
        self.taken.push((hash, tx.nonce(), cap));
        if cap < self.least_cap {
            return Ok(json!(hash));
        }
        self.nonce = tx.nonce() + 1;
        self.mine(1);
        let selector: [u8; 4] = tx.input()[..4].try_into().unwrap();
        match selector {
            TicketBroker::fundDepositCall::SELECTOR => self.deposit += tx.value(),
            TicketBroker::fundReserveCall::SELECTOR => self.reserve += tx.value(),
            TicketBroker::fundDepositAndReserveCall::SELECTOR => {
                let call = TicketBroker::fundDepositAndReserveCall::abi_decode(tx.input()).unwrap();
                assert_eq!(call.depositAmount + call.reserveAmount, tx.value());
                self.deposit += call.depositAmount;
                self.reserve += call.reserveAmount;
            }
            TicketBroker::unlockCall::SELECTOR => self.unlock(),
            TicketBroker::cancelUnlockCall::SELECTOR => self.withdraw_round = 0,
            other => panic!("selector {other:?}"),
        }
        self.balance -= tx.value();
        let receipt = json!({
            "transactionHash": hash, "blockNumber": format!("{:#x}", self.head), "status": "0x1",
            "gasUsed": "0x186a0", "effectiveGasPrice": format!("{:#x}", self.gas_price),
        });
        self.receipts.insert(hash, receipt);
        Ok(json!(hash))
    }

    fn answer(&mut self, request: &Request) -> Answer {
        let params = &request.params;
        let number = |n: u64| Ok(json!(format!("{n:#x}")));
        match request.method {
            "eth_chainId" => number(self.chain_id),
            "eth_gasPrice" => number(self.gas_price),
            "eth_maxPriorityFeePerGas" => number(0),
            "eth_getBalance" => Ok(json!(self.balance)),
            "eth_getTransactionCount" => number(self.nonce),
            "eth_getBlockByNumber" => Ok(match params[0].as_str().unwrap() {
                "latest" => self.block(self.head),
                n => self.block(u64::from_str_radix(&n[2..], 16).unwrap()),
            }),
            "eth_getLogs" => self.get_logs(&params[0]),
            "eth_call" => self.eth_call(&params[0]),
            "eth_estimateGas" => {
                self.eth_call(&params[0])?;
                number(100_000)
            }
            "eth_sendRawTransaction" => self.take_transaction(params[0].as_str().unwrap()),
            "eth_getTransactionReceipt" => {
                let hash: B256 = params[0].as_str().unwrap().parse().unwrap();
                Ok(self.receipts.get(&hash).cloned().unwrap_or_default())
            }
            other => panic!("method {other}"),
        }
    }
}

/// The chain, its endpoints, a clock and a sink.
#[derive(Debug)]
pub(crate) struct Fake {
    pub(crate) world: Arc<Mutex<World>>,
    pub(crate) wrong: Vec<Arc<Mutex<Wrong>>>,
    pub(crate) rpc: Rpc,
    pub(crate) sink: Arc<FakeSink>,
    seconds: Arc<AtomicU64>,
}

pub(crate) fn orchestrators(count: u64) -> Vec<(Address, String)> {
    (1..=count)
        .map(|i| {
            (Address::from_word(U256::from(1000 + i).into()), format!("https://o{i}.example:8935"))
        })
        .collect()
}

impl Fake {
    /// Arbitrum One with one orchestrator, seen through `endpoints` endpoints.
    pub(crate) fn new(endpoints: usize) -> Self {
        let time = 1_800_000_000;
        let world = Arc::new(Mutex::new(World {
            chain_id: 42_161,
            head: 1_000_000,
            l1: Some(0),
            forks: Vec::new(),
            time,
            base_fee: 20_000_000,
            gas_price: 20_000_000,
            multicall: true,
            walks: true,
            round: 4000,
            initialized: 4000,
            deposit: U256::from(10_000_000_000_000_000_u64),
            reserve: U256::from(240_000_000_000_000_000_u64),
            withdraw_round: 0,
            balance: U256::from(1_000_000_000_000_000_000_u64),
            paused: false,
            pool: orchestrators(1),
            price: 300_012_345_678,
            registered: true,
            longest_range: u64::MAX,
            least_cap: 0,
            nonce: 7,
            receipts: BTreeMap::new(),
            taken: Vec::new(),
            logs: Vec::new(),
        }));
        let wrong: Vec<_> = (0..endpoints).map(|_| Arc::new(Mutex::new(Wrong::Nothing))).collect();
        let transports = wrong
            .iter()
            .enumerate()
            .map(|(i, wrong)| {
                let endpoint = FakeEndpoint { world: Arc::clone(&world), wrong: Arc::clone(wrong) };
                (format!("rpc{i}.example"), Arc::new(endpoint) as Arc<dyn Transport>)
            })
            .collect();
        let settings = RpcSettings { chain_id: Some(42_161), ..RpcSettings::default() };
        let rpc = Rpc::with_transports(transports, settings).unwrap();
        let seconds = Arc::new(AtomicU64::new(time));
        Self { world, wrong, rpc, sink: Arc::default(), seconds }
    }

    pub(crate) fn settings() -> ChainSettings {
        ChainSettings::new(CONTROLLER, SENDER)
    }

    pub(crate) fn clock(&self) -> WallClock {
        let seconds = Arc::clone(&self.seconds);
        WallClock::new(move || {
            let seconds = i64::try_from(seconds.load(Ordering::Relaxed)).unwrap();
            Timestamp::from_second(seconds).unwrap()
        })
    }

    /// Lets time pass: wall clock, paused tokio time, and blocks, 4 a second and one L1 block in 12.
    pub(crate) async fn pass(&self, seconds: u64) {
        for _ in 0..seconds {
            {
                let mut world = self.world.lock();
                world.mine(4);
                world.time += 1;
                let elapsed = world.time - 1_800_000_000;
                if world.l1.is_some() && elapsed.is_multiple_of(12) {
                    world.l1 = world.l1.map(|l1| l1 + 1);
                }
            }
            self.seconds.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
    }

    pub(crate) fn set(&self, endpoint: usize, wrong: Wrong) {
        *self.wrong[endpoint].lock() = wrong;
    }
}
