//! Money into and out of the broker, and every refusal of it (payments-contracts 2.2).

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolEvent as _;
use waymark_contracts::{TicketBroker, revert};
use waymark_testkit::chain::{LocalChainError, Receipt, dev_account};

use crate::setting::{Setting, milliether, reason};

async fn fund_for(s: &Setting, from: Address, value: U256) -> Result<Receipt, LocalChainError> {
    let call = TicketBroker::fundDepositAndReserveForCall {
        addr: s.sender.address(),
        depositAmount: milliether(3),
        reserveAmount: milliether(2),
    };
    s.chain.send(from, s.chain.contracts().ticket_broker, &call, value).await
}

async fn unlocking(s: &Setting) -> bool {
    let call = TicketBroker::isUnlockInProgressCall { addr: s.sender.address() };
    s.chain.read(s.chain.contracts().ticket_broker, &call).await.unwrap()
}

#[tokio::test]
async fn both_pockets_are_filled_and_logged() {
    let s = Setting::new().await;
    let sender = s.sender.address();
    let broker = s.chain.contracts().ticket_broker;
    let receipt = s.fund(milliether(30), milliether(20)).await;
    let topics: Vec<_> = receipt.logs.iter().map(|log| log.topics[0]).collect();
    let expected =
        [TicketBroker::ReserveFunded::SIGNATURE_HASH, TicketBroker::DepositFunded::SIGNATURE_HASH];
    assert_eq!(topics, expected);
    let deposits: Vec<TicketBroker::DepositFunded> = receipt.events();
    assert_eq!((deposits[0].sender, deposits[0].amount), (sender, milliether(30)));

    let deposit = TicketBroker::fundDepositCall {};
    s.chain.send(sender, broker, &deposit, milliether(5)).await.unwrap();
    let reserve = TicketBroker::fundReserveCall {};
    s.chain.send(sender, broker, &reserve, milliether(7)).await.unwrap();
    fund_for(&s, dev_account(3).address(), milliether(5)).await.unwrap();
    let info = s.chain.sender_info(sender).await.unwrap();
    assert_eq!(info.sender.deposit, milliether(38));
    assert_eq!(info.reserve.fundsRemaining, milliether(29));
    assert_eq!(s.chain.balance(broker).await.unwrap(), milliether(67));
}

#[tokio::test]
async fn the_value_sent_must_be_the_sum() {
    let s = Setting::new().await;
    for value in [4, 6, 0] {
        let funded = fund_for(&s, s.sender.address(), milliether(value)).await;
        assert_eq!(reason(funded), revert::WRONG_VALUE, "{value}");
    }
    let call = TicketBroker::fundDepositAndReserveCall {
        depositAmount: milliether(1),
        reserveAmount: milliether(1),
    };
    let broker = s.chain.contracts().ticket_broker;
    let funded = s.chain.send(s.sender.address(), broker, &call, milliether(1)).await;
    assert_eq!(reason(funded), revert::WRONG_VALUE);
}

#[tokio::test]
async fn money_comes_out_after_the_unlock_period() {
    let s = Setting::funded(milliether(30), milliether(20)).await;
    let (chain, sender) = (&s.chain, s.sender.address());
    assert_eq!(reason(chain.withdraw(sender).await), revert::NO_UNLOCK);
    assert_eq!(reason(chain.cancel_unlock(sender).await), revert::NO_UNLOCK);

    let round = chain.current_round().await.unwrap();
    let receipt = chain.unlock(sender).await.unwrap();
    let unlocks: Vec<TicketBroker::Unlock> = receipt.events();
    let (start, end) = (U256::from(round), U256::from(round + 2));
    assert_eq!(unlocks, [TicketBroker::Unlock { sender, startRound: start, endRound: end }]);
    assert_eq!(chain.sender_info(sender).await.unwrap().sender.withdrawRound, end);
    assert_eq!(reason(chain.unlock(sender).await), revert::UNLOCK_IN_PROGRESS);
    assert_eq!(reason(chain.withdraw(sender).await), revert::LOCKED);
    chain.next_round().await.unwrap();
    assert_eq!(reason(chain.withdraw(sender).await), revert::LOCKED);
    chain.next_round().await.unwrap();

    let before = chain.balance(sender).await.unwrap();
    let receipt = chain.withdraw(sender).await.unwrap();
    let (deposit, reserve) = (milliether(30), milliether(20));
    let withdrawals: Vec<TicketBroker::Withdrawal> = receipt.events();
    assert_eq!(withdrawals, [TicketBroker::Withdrawal { sender, deposit, reserve }]);
    let gained = chain.balance(sender).await.unwrap() - before;
    assert!(gained > milliether(49) && gained < milliether(50), "{gained}");
    let info = chain.sender_info(sender).await.unwrap();
    assert_eq!((info.sender.deposit, info.reserve.fundsRemaining), (U256::ZERO, U256::ZERO));
    assert_eq!(reason(chain.withdraw(sender).await), revert::NO_FUNDS);
    assert_eq!(reason(chain.unlock(sender).await), revert::NO_FUNDS);
}

#[tokio::test]
async fn an_unlock_can_be_taken_back() {
    let s = Setting::funded(milliether(30), U256::ZERO).await;
    let (chain, sender) = (&s.chain, s.sender.address());
    chain.unlock(sender).await.unwrap();
    let receipt = chain.cancel_unlock(sender).await.unwrap();
    assert_eq!(receipt.events::<TicketBroker::UnlockCancelled>().len(), 1);
    assert!(!unlocking(&s).await);
    assert_eq!(reason(chain.cancel_unlock(sender).await), revert::NO_UNLOCK);
}

#[tokio::test]
async fn own_money_cancels_an_unlock_and_a_strangers_does_not() {
    let s = Setting::funded(milliether(30), U256::ZERO).await;
    let (chain, sender) = (&s.chain, s.sender.address());
    let broker = chain.contracts().ticket_broker;
    chain.unlock(sender).await.unwrap();
    fund_for(&s, dev_account(3).address(), milliether(5)).await.unwrap();
    assert!(unlocking(&s).await);
    s.fund(milliether(1), milliether(1)).await;
    assert!(!unlocking(&s).await);
    chain.unlock(sender).await.unwrap();
    chain.send(sender, broker, &TicketBroker::fundDepositCall {}, milliether(1)).await.unwrap();
    assert!(!unlocking(&s).await);
    chain.unlock(sender).await.unwrap();
    chain.send(sender, broker, &TicketBroker::fundReserveCall {}, milliether(1)).await.unwrap();
    assert!(!unlocking(&s).await);
}

#[tokio::test]
async fn nothing_moves_while_the_system_is_paused() {
    let s = Setting::funded(milliether(30), milliether(20)).await;
    let (chain, sender) = (&s.chain, s.sender.address());
    let broker = chain.contracts().ticket_broker;
    let ticket = s.ticket(1, milliether(1)).await;
    chain.set_paused(true).await.unwrap();
    let one = milliether(1);
    let deposit = chain.send(sender, broker, &TicketBroker::fundDepositCall {}, one).await;
    let reserve = chain.send(sender, broker, &TicketBroker::fundReserveCall {}, one).await;
    let refused = [
        deposit,
        reserve,
        chain.fund_sender(sender, one, one).await,
        fund_for(&s, sender, milliether(5)).await,
        chain.unlock(sender).await,
        chain.cancel_unlock(sender).await,
        chain.withdraw(sender).await,
        s.redeem(&ticket).await,
    ];
    for result in refused {
        assert_eq!(reason(result), revert::PAUSED);
    }
    chain.set_paused(false).await.unwrap();
    s.redeem(&ticket).await.unwrap();
}
