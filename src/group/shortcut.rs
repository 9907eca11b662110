//! What was concluded from a reply that is the same but for its recipient and its identifiers.
//!
//! Masking a reply and looking for its provider costs more than all the rest of a refusal, and a log holds the same
//! few replies again and again: `550 5.1.1 <ana@example.org>: User unknown`, `550 5.7.1 no d75si1edf.42 - gsmtp`. Here
//! the recipient and the identifiers are cut out, and what is left, the *skeleton*, is looked up.
//!
//! Two refusals with one skeleton have one masked reply, provided that nothing else of the refusal stands in it: the
//! masker asks besides for the recipient's local part, for the domains of recipient and sender and for the hosts
//! ([`Varying`](super::mask)), and only compares them with words of the text. So where none of them is part of the
//! skeleton they decide nothing. Everything else that verdict and pattern depend on is part of the key.
//!
//! What is cut out must not decide about what stays: the masker looks at the word after a number, date or name, and at
//! what stands before a number. Where it would look at a recipient or an identifier, this is left in. So it is where
//! it means something of its own: an identifier that is the recipient's local part or begins like a reply, a recipient
//! in a URL's host. What is left in is compared like all else, which is always right and only slower.

use super::mask::is_measure_or_machine;
use super::mask::words::decides_for_what_is_before;
use super::shape::{is_date, is_domain, is_id, is_ipv4, is_ipv6, is_time};
use crate::classify::Knowledge;
use crate::model::{Direction, EvidenceRef, ProviderIdx};
use crate::near;
use crate::smtp::domain_of;
use std::collections::HashMap;
use wide::u8x16;

/// How many skeletons are remembered; then it starts anew.
const MAX_SKELETONS: usize = 4096;

/// How many hosts' and domains' providers are remembered.
const MAX_NAMES: usize = 4096;

/// Stand for what was cut out; neither is part of a reply that is taken.
const RECIPIENT: char = '\u{1}';
const ID: char = '\u{2}';

/// Skeletons with what was concluded. One for each judge.
#[derive(Default)]
pub(super) struct Shortcuts {
    /// By skeleton, codes and provider.
    known: HashMap<Box<str>, Known, foldhash::fast::RandomState>,
    key: String,
    /// How much of `key` is the skeleton.
    skeleton_len: usize,
    providers: Providers,
}

struct Known {
    /// The judge's number of what was concluded.
    number: u32,
    skeleton: Skeleton,
}

impl Shortcuts {
    /// What was concluded from a refusal like this one. `Err(true)`: it is worth remembering.
    pub fn get(&mut self, evidence: EvidenceRef<'_>, knowledge: &Knowledge) -> Result<u32, bool> {
        if !self.write_key(evidence, knowledge) {
            return Err(false);
        }
        match self.known.get(self.key.as_str()) {
            Some(known) if decides_nothing(evidence, &known.skeleton) => Ok(known.number),
            known => Err(known.is_none()),
        }
    }

    /// Remembers what was concluded from the refusal that was last asked for.
    pub fn remember(&mut self, evidence: EvidenceRef<'_>, number: u32) {
        let skeleton = Skeleton::new(&self.key[..self.skeleton_len]);
        if !decides_nothing(evidence, &skeleton) {
            return;
        }
        if self.known.len() >= MAX_SKELETONS {
            self.known.clear();
        }
        self.known.insert(self.key.as_str().into(), Known { number, skeleton });
    }

    /// The judge's numbers mean something else from now on.
    pub fn forget(&mut self) {
        self.known.clear();
    }

    /// Skeleton, and all else that decides. `false` if the refusal is not of the simple kind.
    fn write_key(&mut self, evidence: EvidenceRef<'_>, knowledge: &Knowledge) -> bool {
        let recipient = evidence.final_recipient().unwrap_or("");
        let text = evidence.diagnostic_code();
        self.key.clear();
        if evidence.original_recipient().is_some()
            || !is_plain_mailbox(recipient)
            || !write_skeleton(text, recipient, &|word| knowledge.names_provider(word), &mut self.key)
        {
            return false;
        }
        self.skeleton_len = self.key.len();
        let Some((by_host, by_domain)) = self.providers.of(evidence, recipient, knowledge) else {
            return false;
        };
        let provider = |found: Option<ProviderIdx>| found.map_or(0, |idx| u32::from(idx.0) + 1);
        let status = evidence.enhanced_status().map_or((0, 0, 0), |s| (s.class, s.subject, s.detail));
        let is = |yes: bool, bit: u32| if yes { bit } else { 0 };
        let numbers: [u32; 8] = [
            evidence.reply_code().map_or(0, |code| code.get()).into(),
            status.0.into(),
            status.1.into(),
            status.2.into(),
            evidence.stage() as u32,
            provider(by_host),
            provider(by_domain),
            is(evidence.direction() == Direction::Incoming, 1)
                | is(evidence.reporting_mta().is_some(), 2)
                | is(evidence.remote_mta().is_some(), 4)
                | is(evidence.remote_ip().is_some(), 8),
        ];
        // Three letters of six bits for each, whatever the number.
        let letters = numbers.map(|n| [12, 6, 0].map(|shift| b'0' + ((n >> shift) & 63) as u8));
        self.key.push_str(std::str::from_utf8(letters.as_flattened()).unwrap_or_default());
        true
    }
}

/// Letters, digits, `.`, `_`, `+` and `-` around one `@`, a letter first and no sign last: no such mailbox can be
/// taken for a code, a reply or anything else than a mailbox.
fn is_plain_mailbox(mailbox: &str) -> bool {
    let bytes = mailbox.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return false };
    let (mut kinds, mut n_at, mut two_dots, mut after_dot) = (0, 0, false, false);
    for byte in bytes {
        kinds |= KINDS[usize::from(*byte)];
        n_at += u32::from(*byte == b'@');
        two_dots |= after_dot & (*byte == b'.');
        after_dot = *byte == b'.';
    }
    kinds & !(LETTER | DIGIT | MARK | SIGN | PLUS) == 0
        && n_at == 1
        && !two_dots
        && first.is_ascii_alphabetic()
        && last.is_ascii_alphanumeric()
}

/// The text without the recipient and without identifiers that stand alone and do not name a provider. `false` if it is
/// not of the simple kind.
fn write_skeleton(
    text: &str,
    recipient: &str,
    names_provider: &dyn Fn(&str) -> bool,
    out: &mut String,
) -> bool {
    let bytes = text.as_bytes();
    let local = recipient.split('@').next().unwrap_or("");
    // All before it is in `out`.
    let mut written = 0;
    // All words before it were looked at.
    let mut seen = 0;
    let is_blank = |byte: &u8| KINDS[usize::from(*byte)] == BLANK;
    // Most words are of letters alone.
    while let Some(place) = near::find_where(&bytes[seen..], may_matter, byte_may_matter) {
        let place = seen + place;
        let word = bytes[seen..place].iter().rposition(is_blank).map_or(seen, |blank| seen + blank + 1);
        let end = bytes[place..].iter().position(is_blank).map_or(bytes.len(), |len| place + len);
        let kinds = bytes[word..end].iter().fold(0, |all, byte| all | KINDS[usize::from(*byte)]);
        if kinds & ODD != 0 {
            return false;
        }
        if kinds & SIGN != 0 {
            cut_recipient(text, word..end, recipient, local.len(), &mut written, out);
        } else if kinds & (DIGIT | LETTER | OTHER | PLUS) == DIGIT | LETTER
            && end - word >= 6
            && is_lone_id(&text[word..end])
            && !text[word..end].eq_ignore_ascii_case(local)
            && !names_provider(&text[word..end])
        {
            out.push_str(&text[written..word]);
            out.push(ID);
            written = end;
        }
        seen = (end + 1).min(bytes.len());
    }
    out.push_str(&text[written..]);
    true
}

/// Which bytes make a word one that may be cut out, or the text one that is not taken: digits, `@`, and what is odd. The
/// other control characters are among them, too, and do no harm.
fn may_matter(chunk: u8x16) -> u8x16 {
    let digit = (chunk - u8x16::splat(b'0')).simd_lt(u8x16::splat(10));
    let control = chunk.simd_lt(u8x16::splat(b' ')) | chunk.simd_gt(u8x16::splat(0x7e));
    digit | control | chunk.simd_eq(u8x16::splat(b'@')) | chunk.simd_eq(u8x16::splat(b'%'))
}

fn byte_may_matter(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'@' | b'%' | ..b' ' | 0x7f..)
}

/// Puts a mark for the recipient wherever it stands in a word.
fn cut_recipient(
    text: &str,
    word: std::ops::Range<usize>,
    recipient: &str,
    local_len: usize,
    written: &mut usize,
    out: &mut String,
) {
    let mut from = word.start;
    while let Some(found) = text.as_bytes()[from..word.end].iter().position(|b| *b == b'@') {
        let sign = from + found;
        from = sign + 1;
        let start = sign.checked_sub(local_len).filter(|start| *start >= *written);
        if let Some(start) = start
            && text.as_bytes()[start..].starts_with(recipient.as_bytes())
            && stands_for_itself(text, word.start, start..start + recipient.len())
        {
            out.push_str(&text[*written..start]);
            out.push(RECIPIENT);
            *written = start + recipient.len();
            from = (*written).min(word.end);
        }
    }
}

/// Whether it makes no difference to the text around it which recipient stands at `place`.
fn stands_for_itself(text: &str, word: usize, place: std::ops::Range<usize>) -> bool {
    let bytes = text.as_bytes();
    let before = place.start.checked_sub(1).map(|at| bytes[at]);
    let is_free = match before {
        Some(b',') => !decides_for_what_is_before(&text[place.clone()]),
        // `\n` may be the end of a line.
        Some(b'\\') => false,
        Some(byte) if KINDS[usize::from(byte)] == BLANK => !decides_for_what_is_before(&text[place.clone()]),
        _ => true,
    };
    // The host of a URL stays, with what stands before its `@`.
    let in_url_host = || {
        let head = &text[word..place.start];
        head.rfind("://").is_some_and(|at| !head[at + 3..].contains(['/', '?', '#']))
    };
    // A number that follows one of these is told by what stands before it: `mx1/25`, `AS(1234567)`.
    let before_number = matches!(bytes.get(place.end), Some(b'/' | b'(' | b'['));
    is_free && !before_number && !in_url_host()
}

const BLANK: u8 = 1;
const DIGIT: u8 = 2;
const LETTER: u8 = 4;
/// `.`, `-` and `_`.
const MARK: u8 = 8;
/// `@`
const SIGN: u8 = 16;
const OTHER: u8 = 32;
/// `+`
const PLUS: u8 = 128;
/// What stands for something else here or to the masker: `%40` is an `@`.
const ODD: u8 = 64;

/// Kinds of bytes: every byte of every refusal is looked up.
static KINDS: [u8; 256] = {
    let mut table = [0; 256];
    let mut n = 0;
    while n < 256 {
        table[n] = match n as u8 {
            b'0'..=b'9' => DIGIT,
            b'a'..=b'z' | b'A'..=b'Z' => LETTER,
            b'.' | b'-' | b'_' => MARK,
            b' ' | b'\t' | b'\n' | b'\r' | 0x0c => BLANK,
            b'@' => SIGN,
            b'+' => PLUS,
            1 | 2 | 0x7f | b'%' | 0x80.. => ODD,
            _ => OTHER,
        };
        n += 1;
    }
    table
};

/// A word of letters, digits, `.`, `-` and `_` between blanks that the masker takes for an identifier wherever it
/// stands, and that decides about no other word.
fn is_lone_id(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphanumeric())
        && word.ends_with(|c: char| c.is_ascii_alphanumeric())
        && !word.contains("..")
        && !(is_time(word) || is_date(word) || is_ipv4(word) || is_ipv6(word) || is_domain(word))
        && !is_measure_or_machine(word)
        && !decides_for_what_is_before(word)
        && is_id(word)
}

/// Whether the masker would find nothing of this refusal in the skeleton: neither the recipient's local part, nor,
/// where names stand in it, a domain or host.
fn decides_nothing(evidence: EvidenceRef<'_>, skeleton: &Skeleton) -> bool {
    let recipient = evidence.final_recipient().unwrap_or("");
    let Some((local, domain)) = recipient.rsplit_once('@') else { return false };
    if skeleton.holds(local) {
        return false;
    }
    if !skeleton.has_names {
        return true;
    }
    let sender = evidence.reverse_path().and_then(domain_of);
    let hosts = [evidence.remote_mta(), evidence.reporting_mta()];
    let hosts = hosts.into_iter().flatten().filter_map(|host| family(&host[..name_len(host)]));
    !([Some(domain), sender].into_iter().flatten().chain(hosts).any(|name| skeleton.holds(name)))
}

/// Where the name ends in `mx.example.org[192.0.2.1]:25 (x)`.
fn name_len(host: &str) -> usize {
    let ends = |chunk: u8x16| {
        let is = |byte| chunk.simd_eq(u8x16::splat(byte));
        is(b'[') | is(b':') | is(b' ') | is(b'(')
    };
    let end = near::find_where(host.as_bytes(), ends, |byte| matches!(byte, b'[' | b':' | b' ' | b'('));
    end.unwrap_or(host.len())
}

/// The last two labels of a host's name; `None` if it has but one, which is no name to the masker.
fn family(host: &str) -> Option<&str> {
    let host = host.trim_end_matches('.');
    let last = memchr::memrchr(b'.', host.as_bytes())?;
    Some(memchr::memrchr(b'.', &host.as_bytes()[..last]).map_or(host, |dot| &host[dot + 1..]))
}

/// A skeleton made ready for the question what stands in it.
struct Skeleton {
    /// In lower case.
    text: Box<str>,
    /// A name may stand in it: a dot before a letter.
    has_names: bool,
    /// The pairs of bytes that it holds, by the last six bits of each.
    pairs: [u64; 64],
}

impl Skeleton {
    fn new(text: &str) -> Self {
        let text = text.to_ascii_lowercase();
        let mut pairs = [0; 64];
        for pair in text.as_bytes().windows(2) {
            pairs[usize::from(pair[0] & 63)] |= 1 << (pair[1] & 63);
        }
        let has_names = text.as_bytes().windows(2).any(|w| w[0] == b'.' && w[1].is_ascii_alphabetic());
        Self { text: text.into(), has_names, pairs }
    }

    /// Whether `name` stands in it, whatever its case.
    fn holds(&self, name: &str) -> bool {
        // Nearly every name has a pair of letters that is not there.
        let may_stand = name.as_bytes().windows(2).all(|pair| {
            let [a, b] = [pair[0], pair[1]].map(|b| b.to_ascii_lowercase() & 63);
            self.pairs[usize::from(a)] & (1 << b) != 0
        });
        may_stand
            && memchr::memmem::find(self.text.as_bytes(), name.to_ascii_lowercase().as_bytes()).is_some()
    }
}

/// Providers by host and by recipient domain, as found before.
#[derive(Default)]
struct Providers {
    by_host: HashMap<Box<str>, Option<ProviderIdx>, foldhash::fast::RandomState>,
    by_domain: HashMap<Box<str>, Option<ProviderIdx>, foldhash::fast::RandomState>,
}

impl Providers {
    /// By the remote MTA, and else by the recipient's domain, as [`Knowledge`] looks for them. `None` if a provider's
    /// own word stands in the recipient's address, which would decide before the domain does.
    fn of(
        &mut self,
        evidence: EvidenceRef<'_>,
        recipient: &str,
        knowledge: &Knowledge,
    ) -> Option<(Option<ProviderIdx>, Option<ProviderIdx>)> {
        let by_host = evidence
            .remote_mta()
            .and_then(|host| remembered(&mut self.by_host, host, |host| knowledge.provider_by_host(host)));
        if by_host.is_some() {
            return Some((by_host, None));
        }
        if knowledge.names_provider(recipient) {
            return None;
        }
        let domain = domain_of(recipient)?;
        let by_domain =
            remembered(&mut self.by_domain, domain, |domain| knowledge.provider_by_domain(domain));
        Some((None, by_domain))
    }
}

fn remembered(
    known: &mut HashMap<Box<str>, Option<ProviderIdx>, foldhash::fast::RandomState>,
    name: &str,
    find: impl FnOnce(&str) -> Option<ProviderIdx>,
) -> Option<ProviderIdx> {
    if let Some(found) = known.get(name) {
        return *found;
    }
    if known.len() >= MAX_NAMES {
        known.clear();
    }
    let found = find(name);
    known.insert(name.into(), found);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skeletons() {
        let check = |text: &str, expect: Option<&str>| {
            let mut out = String::new();
            let taken = write_skeleton(text, "ana.b@example.org", &|word| word.contains("s3150"), &mut out);
            assert_eq!(taken.then_some(out.as_str()), expect, "{text}");
        };
        check("550 5.1.1 <ana.b@example.org>: no", Some("550 5.1.1 <\u{1}>: no"));
        check("550 to:ana.b@example.org,ana.b@example.org", Some("550 to:\u{1},\u{1}"));
        check("550 Ana.B@example.org no", Some("550 Ana.B@example.org no"));
        check("550 no d75a77b69052e-4319abc12si1234567edf.42 - gsmtp", Some("550 no \u{2} - gsmtp"));
        check(
            "550 S3150 192.0.2.1 25MB mx01.example.org (d75a77b69052e)",
            Some("550 S3150 192.0.2.1 25MB mx01.example.org (d75a77b69052e)"),
        );
        // What decides about the words around it stays, and the recipient's local part as an identifier.
        check("550 5 s-1a2b3c4d5e", Some("550 5 s-1a2b3c4d5e"));
        check("550 5 1234-9f3c2ab1", Some("550 5 1234-9f3c2ab1"));
        check("550 said: 550-abc123de", Some("550 said: 550-abc123de"));
        check("550 10:00 UTC1234ab5", Some("550 10:00 UTC1234ab5"));
        check("550 https://ana.b@example.org/", Some("550 https://ana.b@example.org/"));
        check("550 https://x/?a=ana.b@example.org", Some("550 https://x/?a=\u{1}"));
        check("550 ana.b@example.org/25", Some("550 ana.b@example.org/25"));
        check("550 no\\ana.b@example.org", Some("550 no\\ana.b@example.org"));
        check("550 no 4c8-s3150-9d1f7a2 x", Some("550 no 4c8-s3150-9d1f7a2 x"));
        check("550 a%40b", None);
        check("550 é", None);
        check("550 \u{1}", None);
    }

    #[test]
    fn own_words() {
        let check = |text: &str, recipient: &str, expect: &str| {
            let mut out = String::new();
            assert!(write_skeleton(text, recipient, &|_| false, &mut out));
            assert_eq!(out, expect, "{text}");
        };
        check("550 user s1234567 no", "s1234567@x.example", "550 user s1234567 no");
        check("550 user S1234567 no", "s1234567@x.example", "550 user S1234567 no");
        check("550 user s1234567 no", "ana@x.example", "550 user \u{2} no");
        check("550 5 min.li@x.example", "min.li@x.example", "550 5 min.li@x.example");
        check("550 5 <min.li@x.example>", "min.li@x.example", "550 5 <\u{1}>");
    }

    #[test]
    fn plain_mailboxes() {
        for mailbox in ["ana@example.org", "a.b+c_d-e@sub.example.org", "A1@x"] {
            assert!(is_plain_mailbox(mailbox), "{mailbox}");
        }
        for mailbox in [
            "",
            "ana",
            "5ana@example.org",
            "a..b@example.org",
            "\"a b\"@x",
            "a@b@c",
            "o'brien@x",
            "ä@x",
            "a@x.",
        ] {
            assert!(!is_plain_mailbox(mailbox), "{mailbox}");
        }
    }

    #[test]
    fn families() {
        assert_eq!(family("mx1.mail.example.org"), Some("example.org"));
        assert_eq!(family("example.org."), Some("example.org"));
        assert_eq!(family("mx"), None);
    }
}
