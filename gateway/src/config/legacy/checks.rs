//! Flags that have no effect off-chain are checked all the same: a price that is not a price
//! must not wait for the day on which it counts.

use std::path::Path;
use std::str::FromStr;

use alloy_primitives::Address;

use super::Argument;
use super::flags::{Check, FLAGS, Meaning};
use crate::config::address::web_url;
use crate::config::problem::{Problem, Problems};
use crate::config::read::read_bounded;

/// How far from 1 the sum of the weights may be (go-livepeer `starter.go`).
const WEIGHT_TOLERANCE: f64 = 0.0001;

/// What is wrong with one value, if anything.
pub(super) fn refusal(check: Check, text: &str) -> Option<String> {
    match check {
        Check::Anything => None,
        Check::Address => Address::from_str(text)
            .err()
            .map(|_| "must be an Ethereum address: 0x and 40 hexadecimal digits".to_owned()),
        // Paths of IPC sockets and websockets are fine as well.
        Check::Url if text.starts_with("ws://") || text.starts_with("wss://") => None,
        Check::Url if !text.contains("://") && Path::new(text).is_absolute() => None,
        Check::Url => web_url(text).err(),
        Check::AtLeast(min) => {
            let digits = text.strip_prefix('+').unwrap_or(text);
            let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            // Amounts of wei outgrow 64 bits; those are above any minimum here.
            let fits = is_number && digits.parse::<u64>().map_or(true, |number| number >= min);
            (!fits).then(|| format!("must be a whole number of at least {min}"))
        }
        Check::Price => (!is_price(text)).then(|| {
            "is not a price: write a number of wei, or a number with its currency, like 1200 or \
             0.50USD"
                .to_owned()
        }),
        Check::Json => json_refusal(text),
        Check::Weight => {
            let fits = text.parse::<f64>().is_ok_and(|weight| (0.0..=1.0).contains(&weight));
            (!fits).then(|| "must be a weight from 0 to 1".to_owned())
        }
        Check::Positive => {
            let fits = text.parse::<f64>().is_ok_and(|number| number >= 0.0);
            (!fits).then(|| "must not be negative".to_owned())
        }
    }
}

/// Digits, perhaps a fraction, perhaps the name of a currency.
fn is_price(text: &str) -> bool {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let Some((number, currency)) = text.split_at_checked(end) else { return false };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let is_number = match number.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(number),
    };
    let is_currency = currency.bytes().all(|b| b.is_ascii_alphanumeric())
        && !currency.starts_with(|c: char| c.is_ascii_digit());
    is_number && is_currency
}

fn json_refusal(text: &str) -> Option<String> {
    const WANTED: &str = "must be JSON, or the path of a JSON file";
    let path = Path::new(text);
    let json = if path.is_file() {
        match read_bounded(path) {
            Ok(json) => json,
            Err(error) => return Some(format!("cannot read the file: {error}")),
        }
    } else if text.trim_start().starts_with(['{', '[']) {
        text.to_owned()
    } else {
        return Some(format!("{WANTED}; there is no such file"));
    };
    let parsed: Result<serde_json::Value, _> = serde_json::from_str(&json);
    match parsed {
        Ok(value) if value.get("capabilities_prices").is_some_and(serde_json::Value::is_array) => {
            None
        }
        Ok(_) => Some("must have a list under `capabilities_prices`".to_owned()),
        Err(error) => Some(format!("{WANTED} ({error})")),
    }
}

fn is_weight(meaning: Meaning) -> bool {
    matches!(meaning, Meaning::MissingOnChain(_, Check::Weight))
}

/// The weights of selection must sum to 1, with the defaults for those not given.
pub(super) fn weights(arguments: &[Argument], problems: &mut Problems) {
    let weights = FLAGS.iter().filter(|flag| is_weight(flag.meaning));
    let given: Vec<&Argument> =
        arguments.iter().filter(|argument| is_weight(argument.flag.meaning)).collect();
    let Some(last) = given.last() else { return };
    let mut parts = Vec::new();
    let mut sum = 0.0;
    for flag in weights {
        let argument = given.iter().find(|argument| argument.flag.name == flag.name);
        let text = argument.map_or(flag.default, |argument| argument.canonical.as_str());
        let Ok(weight) = text.parse::<f64>() else { return };
        sum += weight;
        parts.push(format!("-{} {text}", flag.name));
    }
    if (sum - 1.0).abs() > WEIGHT_TOLERANCE {
        let text = format!(
            "the weights of selection must sum to 1, and these sum to {}:\n{}",
            // Enough digits to see the difference, not those of binary arithmetic.
            (sum * 1e6).round() / 1e6,
            parts.join(" ")
        );
        problems.push(Problem::new(last.origin.clone(), Some(&last.written), text));
    }
}
