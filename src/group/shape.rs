//! What a word looks like: address of a machine, name of a host, identifier, tag, date.

use std::net::{Ipv4Addr, Ipv6Addr};

/// An IPv4 address.
pub(super) fn is_ipv4(word: &str) -> bool {
    word.len() >= 7 && word.parse::<Ipv4Addr>().is_ok()
}

/// An IPv6 address.
pub(super) fn is_ipv6(word: &str) -> bool {
    word.matches(':').take(2).count() == 2 && word.parse::<Ipv6Addr>().is_ok()
}

/// The length of the IPv4 address in front of a block list's name: `1.2.0.192.zen.example.org`.
pub(super) fn ipv4_before_zone(word: &str) -> Option<usize> {
    let (end, _) = word.match_indices('.').nth(3)?;
    let zone = &word[end + 1..];
    (is_ipv4(&word[..end]) && zone.starts_with(|c: char| c.is_ascii_alphabetic())).then_some(end)
}

/// A name with at least two labels, the last of letters.
pub(super) fn is_domain(word: &str) -> bool {
    let Some((rest, last)) = word.rsplit_once('.') else { return false };
    let label = |l: &str| {
        !l.is_empty() && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_' || b >= 0x80)
    };
    let top = last.len() >= 2
        && (last.bytes().all(|b| b.is_ascii_alphabetic()) || last.starts_with("xn--") || !last.is_ascii());
    top && rest.split('.').all(label)
}

/// A program's word that only looks like a name: `RESOLVER.ADR.RecipNotFound`, `STOREDRV.Deliver`.
pub(super) fn is_program_word(word: &str) -> bool {
    let first = word.split('.').next().unwrap_or("");
    first.len() >= 4
        && first.bytes().all(|b| b.is_ascii_uppercase())
        && word.bytes().any(|b| b.is_ascii_lowercase())
}

/// `2024-01-31`, `2024/01/31`, `31.01.2024`, `01/31/2024`, also with a time after `T`.
pub(super) fn is_date(word: &str) -> bool {
    let day = word.split_once('T').map_or(word, |(day, _)| day);
    let Some(separator) = day.bytes().find(|b| !b.is_ascii_digit()) else { return false };
    if !matches!(separator, b'-' | b'/' | b'.') {
        return false;
    }
    let mut parts = day.split(separator as char);
    let lens = [parts.next(), parts.next(), parts.next()].map(|p| match p {
        Some(p) if p.bytes().all(|b| b.is_ascii_digit()) => p.len(),
        _ => 0,
    });
    parts.next().is_none() && matches!(lens, [4, 1..=2, 1..=2] | [1..=2, 1..=2, 4])
}

/// `10:00`, `10:00:00`, `10:00:00.123Z`.
pub(super) fn is_time(word: &str) -> bool {
    let b = word.as_bytes();
    let two = |i: usize| b.get(i..i + 2).is_some_and(|d| d.iter().all(u8::is_ascii_digit));
    let rest = match b {
        [_, _, b':', _, _, b':', _, _, rest @ ..] if two(0) && two(3) && two(6) => rest,
        [_, _, b':', _, _] if two(0) && two(3) => &[],
        _ => return false,
    };
    rest.iter().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'Z' | b'+' | b'-' | b':'))
}

/// `Jan`.
pub(super) fn is_month(word: &str) -> bool {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    MONTHS.contains(&word)
}

/// `Mon`.
pub(super) fn is_weekday(word: &str) -> bool {
    ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].contains(&word)
}

/// A tag that a provider writes: `S3150`, `IB607`, `CS01`, `OFR_102`, `DM000001`, `LPN007_403`.
pub(super) fn is_tag(word: &str) -> bool {
    let n_letters = word.bytes().take_while(u8::is_ascii_uppercase).count();
    let rest = &word.as_bytes()[n_letters..];
    let n_digits = rest.iter().filter(|b| b.is_ascii_digit()).count();
    let digits_only = rest.iter().all(|b| b.is_ascii_digit() || *b == b'_') && n_digits > 0;
    if word.starts_with("AS") && digits_only {
        // Microsoft's number of the rule that refused; it has up to nine digits.
        return n_digits <= 9 && n_letters == 2;
    }
    if (1..=5).contains(&n_letters) && digits_only && n_digits <= 7 && word.len() <= 10 {
        return n_letters > 1 || n_digits <= 4;
    }
    // Other short mixtures of capitals and digits are tags too, unless they can be a queue id in hexadecimal.
    let capitals = word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    let hexadecimal = word.bytes().all(|b| b.is_ascii_hexdigit());
    capitals && word.len() <= 8 && (word.len() < 6 || !hexadecimal)
}

/// A queue id, session id, hash or the like: it mixes letters and digits as no word does.
pub(super) fn is_id(word: &str) -> bool {
    let core = word.trim_matches(['-', '.', '_', '+', '/', '~']);
    if core.len() < 6 || is_tag(core) {
        return false;
    }
    let n_digits = core.bytes().filter(u8::is_ascii_digit).count();
    if n_digits == 0 {
        return is_base64_like(core);
    }
    let of_digits = core.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'.' | b'_' | b'/'));
    if of_digits {
        // Versions, sections and status codes have few digits.
        return n_digits >= 8;
    }
    is_mimecast_id(core) || core.split(|c: char| !c.is_ascii_alphanumeric()).any(run_is_id)
}

/// `5VeytTnrtqfIHwomxjDSSm.us277`: letters by chance, the machine after the dot.
fn is_mimecast_id(word: &str) -> bool {
    let Some((id, machine)) = word.split_once('.') else { return false };
    let mixed = id.bytes().any(|b| b.is_ascii_lowercase()) && id.bytes().any(|b| b.is_ascii_uppercase());
    let (place, number) = machine.split_at_checked(2).unwrap_or((machine, ""));
    id.len() >= 16
        && mixed
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        && place.bytes().all(|b| b.is_ascii_lowercase())
        && (1..=3).contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_digit())
}

/// One run of letters and digits.
fn run_is_id(run: &str) -> bool {
    let bytes = run.as_bytes();
    // `0x8004010F` is an error of Windows, `554rtrbl` one of AOL.
    let hexadecimal = |b: &[u8]| b.iter().all(u8::is_ascii_hexdigit);
    let of_windows =
        run.strip_prefix("0x").is_some_and(|rest| rest.len() <= 8 && hexadecimal(rest.as_bytes()));
    let of_aol = matches!(bytes, [b'4' | b'5', a, b, rest @ ..] if a.is_ascii_digit() && b.is_ascii_digit()
        && (3..=6).contains(&rest.len()) && rest[0].is_ascii_lowercase() && !hexadecimal(rest));
    if of_windows || of_aol {
        return false;
    }
    let n_digits = bytes.iter().filter(|b| b.is_ascii_digit()).count();
    let n_changes = bytes.windows(2).filter(|w| w[0].is_ascii_digit() != w[1].is_ascii_digit()).count();
    // `office365`, `rfc5322` and `smtp2go` are words.
    bytes.len() >= 6
        && n_changes >= 1
        && ((n_changes >= 2 && n_digits >= 2)
            || n_digits >= 5
            || (n_digits >= 2 && bytes[0].is_ascii_digit())
            || (bytes.len() >= 16 && n_changes >= 2 && bytes.iter().any(u8::is_ascii_lowercase))
            // No word of ten letters begins with a digit.
            || (bytes.len() >= 10 && bytes[0].is_ascii_digit()))
}

/// Many changes between small and capital letters; `SenderNotAuthenticated` has few for its length.
fn is_base64_like(word: &str) -> bool {
    let n_starts =
        word.as_bytes().windows(2).filter(|w| w[0].is_ascii_lowercase() && w[1].is_ascii_uppercase()).count();
    word.len() >= 16
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'_'))
        && n_starts * 4 > word.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_words() {
        for id in [
            "d75a77b69052e-4319abc12si1234567edf.42",
            "4F1C23A9D0",
            "4BxYz12Q3z4",
            "1rXyZa-0007Hk-2B",
            "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed",
            "u0123456789012",
            "20240101-123456",
            "aBcDeFgHiJkLmNoPq",
            "3F2A1C",
            "08DC1A2B3C4D5E6F",
            "A1B2C3D4E5F6",
            "5VeytTnrtqfIHwomxjDSSm.us277",
            "3oocncqwvv-6",
        ] {
            assert!(is_id(id), "{id}");
        }
        for word in [
            "office365",
            "rfc5322",
            "smtp2go",
            "sha256",
            "S3150",
            "IB607",
            "CS01",
            "TSS04",
            "PH01",
            "BL21",
            "OFR_102",
            "AS3150",
            "AS16012607",
            "DM000001",
            "LPN007_403",
            "AUP#In-1310",
            "RecipientNotFound",
            "SenderNotAuthenticatedForMailbox",
            "IPv6",
            "5.7.515",
            "SC-001",
            "0x8004010F",
            "554rtrbl",
            "unknown",
            "BL0000XX",
            "HVU",
            "12.0.1",
            "no-reply",
            "utf-8",
        ] {
            assert!(!is_id(word), "{word}");
        }
    }

    #[test]
    fn dates_and_times() {
        for date in ["2024-01-31", "2024/1/31", "31.01.2024", "2024-01-31T10:00:00.123Z"] {
            assert!(is_date(date), "{date}");
        }
        assert!(!is_date("5.7.515") && !is_date("192.0.2.1") && !is_date("1-2-3"));
        assert!(is_time("10:00") && is_time("10:00:00") && is_time("10:00:00.123Z"));
        assert!(!is_time("10:00x") && !is_time("5:1"));
    }

    #[test]
    fn names() {
        assert!(is_domain("example.org") && is_domain("a-b.xn--p1ai") && is_domain("_dmarc.example.org"));
        assert!(!is_domain("e.g") && !is_domain("x..org") && !is_domain("5.7.1") && !is_domain("edf.42"));
        assert_eq!(ipv4_before_zone("1.2.0.192.zen.example.org"), Some(9));
        assert_eq!(ipv4_before_zone("1.2.0.192"), None);
    }
}
