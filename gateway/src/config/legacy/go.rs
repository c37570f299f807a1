//! Values as Go's `flag` package reads them (`strconv.ParseBool`, `ParseInt` with base 0,
//! `ParseFloat`, `time.ParseDuration`), turned into the spelling that the table of settings reads.

use std::time::Duration;

use super::flags::Form;

/// The canonical text of a value, or what was expected.
pub(super) fn canonical(form: Form, text: &str) -> Result<String, &'static str> {
    match form {
        Form::Bool => boolean(text).map(|value| value.to_string()).ok_or("must be true or false"),
        Form::Int => integer(text).map(|value| value.to_string()).ok_or("must be a whole number"),
        Form::Float => number(text).map(|value| value.to_string()).ok_or("must be a number"),
        Form::Duration => duration(text)
            .map(|value| humantime::format_duration(value).to_string())
            .ok_or("must be a time with its unit, like 500ms, 30s or 1m30s"),
        Form::Text => Ok(text.to_owned()),
    }
}

pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// A 64-bit integer; `0x`, `0o`, `0b` and a plain leading `0` give its base, `_` groups digits.
pub(super) fn integer(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let (base, digits) = match lower.get(..2) {
        Some("0x") => (16, lower.get(2..)?),
        Some("0o") => (8, lower.get(2..)?),
        Some("0b") => (2, lower.get(2..)?),
        Some(_) if lower.starts_with('0') => (8, lower.get(1..)?),
        _ => (10, lower.as_str()),
    };
    let grouped = digits.ends_with('_')
        || digits.contains("__")
        || (digits.starts_with('_') && base == 10)
        || digits.starts_with(['+', '-']);
    if grouped {
        return None;
    }
    let magnitude = i128::from_str_radix(&digits.replace('_', ""), base).ok()?;
    i64::try_from(if negative { magnitude.checked_neg()? } else { magnitude }).ok()
}

/// A finite number.
pub(super) fn number(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|value| value.is_finite())
}

/// A sum of decimal numbers with units, `1h30m`, `1.5s`; `0` needs none. Not negative.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let text = text.strip_prefix('+').unwrap_or(text);
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text;
    let mut total = 0_u64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, tail) = rest.split_at_checked(digits)?;
        let letters = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(letters)?;
        total = total.checked_add(nanoseconds(number, unit)?)?;
        rest = tail;
    }
    // Go counts nanoseconds in a signed 64-bit integer.
    (!text.is_empty() && i64::try_from(total).is_ok()).then(|| Duration::from_nanos(total))
}

fn nanoseconds(number: &str, unit: &str) -> Option<u64> {
    let unit: u64 = match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut nanoseconds = whole.checked_mul(unit)?;
    let mut place = unit;
    for digit in fraction.bytes() {
        place /= 10;
        nanoseconds = nanoseconds.checked_add(u64::from(digit - b'0').checked_mul(place)?)?;
    }
    Some(nanoseconds)
}
