//! Numbers, times and lists in words, as the window, notes and reports write them.
//!
//! `1,204,118`, `1 refusal`, `2 refusals`, `2026-11-17 14:51:07 UTC`, `a, b and c`.

use crate::model::Timestamp;

/// The number with a comma every three digits: `1,204,118`.
pub fn fmt_count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The number with the noun that fits: `1 refusal`, `2,310 refusals`.
pub fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", fmt_count(n), if n == 1 { one } else { many })
}

/// To the second: `2026-11-17 14:51:07 UTC`.
pub fn fmt_time(time: Timestamp) -> String {
    time.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// For machines (RFC 3339): `2026-11-17T14:51:07Z`; a fraction only where there is one.
pub fn fmt_rfc3339(time: Timestamp) -> String {
    time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}

/// `a`, `a and b`, `a, b and c`.
pub fn and_list<S: AsRef<str>>(items: &[S]) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [head @ .., last] => {
            let head: Vec<&str> = head.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", head.join(", "), last.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        for (n, expect) in [
            (0, "0"),
            (12, "12"),
            (999, "999"),
            (1000, "1,000"),
            (1_204_118, "1,204,118"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ] {
            assert_eq!(fmt_count(n), expect);
        }
        assert_eq!(counted(1, "refusal", "refusals"), "1 refusal");
        assert_eq!(counted(0, "refusal", "refusals"), "0 refusals");
        assert_eq!(counted(2310, "refusal", "refusals"), "2,310 refusals");
    }

    #[test]
    fn times() {
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(fmt_time(time("2026-11-17T14:51:07.5Z")), "2026-11-17 14:51:07 UTC");
        assert_eq!(fmt_rfc3339(time("2026-11-17T14:51:07Z")), "2026-11-17T14:51:07Z");
        assert_eq!(fmt_rfc3339(time("2026-11-17T14:51:07.25Z")), "2026-11-17T14:51:07.250Z");
    }

    #[test]
    fn lists() {
        assert_eq!(and_list::<&str>(&[]), "");
        assert_eq!(and_list(&["a"]), "a");
        assert_eq!(and_list(&["a", "b"]), "a and b");
        assert_eq!(and_list(&["a", "b", "c"]), "a, b and c");
    }
}
