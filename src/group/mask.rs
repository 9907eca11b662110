//! The variable parts of a reply as pills: `<recipient>`, `<address>`, `<domain>`, `<host>`, `<ip>`, `<id>`,
//! `<date>`, `<time>`, `<n>`.
//!
//! Masked is what is known to vary (the recipient, the hosts of this session), what has the shape of it (addresses,
//! identifiers, dates), and names and numbers where such a word stands before or after that says so
//! (`domain example.org`, `25 MB`). Reply codes, enhanced status codes, providers' tags (`S3150`, `AS(201806281)`),
//! block lists' zones and the words of URLs stay.

pub(super) mod words;

use super::shape::{
    ipv4_before_zone, is_date, is_domain, is_id, is_ipv4, is_ipv6, is_month, is_program_word, is_time,
    is_weekday,
};
use words::{
    AFTER_NAME, BEFORE_HOST, BEFORE_MAILBOX, BEFORE_NAME, BEFORE_WHICH, ORDINARY, TIME_UNITS, UNITS,
    WELL_KNOWN, is_one_of, is_under, last_two_labels,
};

/// What is known to vary.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Varying<'a> {
    /// The final recipient and the original one.
    pub recipients: [Option<&'a str>; 2],
    /// The envelope sender.
    pub sender: Option<&'a str>,
    /// The remote MTA and the reporting one.
    pub hosts: [Option<&'a str>; 2],
}

/// A masked reply. Reused from reply to reply, so that nothing is allocated.
#[derive(Default, Debug)]
pub(super) struct Masked {
    /// One line with pills.
    pub text: String,
    joined: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Pill {
    Recipient,
    Address,
    Domain,
    Host,
    Ip,
    Id,
    Date,
    Time,
    Duration,
    Number,
}

impl Pill {
    fn name(self) -> &'static str {
        match self {
            Self::Recipient => "<recipient>",
            Self::Address => "<address>",
            Self::Domain => "<domain>",
            Self::Host => "<host>",
            Self::Ip => "<ip>",
            Self::Id => "<id>",
            Self::Date => "<date>",
            Self::Time | Self::Duration => "<time>",
            Self::Number => "<n>",
        }
    }

    fn example(self, in_angles: bool) -> &'static str {
        match self {
            Self::Recipient | Self::Address if in_angles => "<user@example.org>",
            Self::Recipient | Self::Address => "user@example.org",
            Self::Domain | Self::Host if in_angles => "<mx.example.org>",
            Self::Domain => "example.org",
            Self::Host => "mx.example.org",
            Self::Ip => "192.0.2.1",
            Self::Id => "4a1b2c3d5e",
            Self::Date => "2000-01-02",
            Self::Time => "10:00:00",
            Self::Duration => "7 hours",
            Self::Number => "7",
        }
    }
}

impl Masked {
    /// Masks the words of a reply, line by line.
    pub fn mask<'t>(&mut self, lines: impl Iterator<Item = &'t str>, varying: &Varying<'_>) {
        self.joined.clear();
        for line in lines {
            // Most replies are ASCII, where blanks are found at less cost.
            if line.is_ascii() {
                line.split_ascii_whitespace().for_each(|w| push_word(&mut self.joined, w));
            } else {
                line.split_whitespace().for_each(|w| push_word(&mut self.joined, w));
            }
        }
        self.text.clear();
        Scanner::new(&self.joined, varying, &mut self.text, false).run();
    }

    /// The reply last masked with an example for each pill, so that rules can be tried on it.
    pub fn example(&self, varying: &Varying<'_>) -> String {
        let mut example = String::with_capacity(self.joined.len());
        Scanner::new(&self.joined, varying, &mut example, true).run();
        example
    }
}

fn push_word(joined: &mut String, word: &str) {
    if !joined.is_empty() {
        joined.push(' ');
    }
    joined.push_str(word);
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// All before it is in `out`.
    written: usize,
    /// The last word before `at`.
    word: std::ops::Range<usize>,
    varying: &'a Varying<'a>,
    /// Recipients that are mailboxes.
    mailboxes: [&'a str; 2],
    /// Their local parts.
    local_parts: [&'a str; 2],
    /// One of them holds a character that ends words.
    has_odd_local_part: bool,
    out: &'a mut String,
    /// Write examples, not pills.
    examples: bool,
}

/// Bytes that end a word; a table, since every byte of every reply is looked up.
const DELIMITERS: [bool; 256] = {
    let mut table = [false; 256];
    let bytes = b" ()[]{}<>\"'`,;|=*";
    let mut i = 0;
    while i < bytes.len() {
        table[bytes[i] as usize] = true;
        i += 1;
    }
    table
};

fn is_delimiter(b: u8) -> bool {
    DELIMITERS[b as usize]
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str, varying: &'a Varying<'a>, out: &'a mut String, examples: bool) -> Self {
        let mailboxes = varying.recipients.map(|r| r.filter(|r| r.contains('@')).unwrap_or(""));
        let local_parts =
            varying.recipients.map(|r| r.map_or("", |r| r.rsplit_once('@').map_or(r, |(l, _)| l)));
        let has_odd_local_part = local_parts.iter().any(|local| local.bytes().any(is_delimiter));
        Self {
            text,
            at: 0,
            written: 0,
            word: 0..0,
            varying,
            mailboxes,
            local_parts,
            has_odd_local_part,
            out,
            examples,
        }
    }

    fn run(&mut self) {
        while self.at < self.text.len() {
            let rest = &self.text[self.at..];
            let b = rest.as_bytes()[0];
            if b == b' ' {
                self.keep(1);
            } else if let Some((len, in_angles)) = self.recipient_here(rest) {
                self.pill(len, Pill::Recipient, in_angles);
            } else if self.has_odd_local_part
                && let Some(len) = self.odd_local_part_here(rest)
            {
                let in_angles = self.before() == Some(b'<') && rest.as_bytes().get(len) == Some(&b'>');
                self.at -= usize::from(in_angles);
                self.pill(len + 2 * usize::from(in_angles), Pill::Recipient, in_angles);
            } else if is_delimiter(b) || (b.is_ascii_punctuation() && !rest.starts_with("::")) {
                self.keep(1);
            } else if let Some(scheme) = url_scheme(rest) {
                self.url(scheme);
            } else {
                self.word(rest);
            }
        }
        self.out.push_str(&self.text[self.written..]);
    }

    /// Keeps the next `len` bytes.
    fn keep(&mut self, len: usize) {
        self.at += len;
    }

    /// Puts a pill for the next `len` bytes.
    fn pill(&mut self, len: usize, pill: Pill, in_angles: bool) {
        self.out.push_str(&self.text[self.written..self.at]);
        self.out.push_str(if self.examples { pill.example(in_angles) } else { pill.name() });
        self.word = self.at..self.at + len;
        self.at += len;
        self.written = self.at;
    }

    /// The recipient's address, with its angle brackets if it has them.
    fn recipient_here(&self, rest: &str) -> Option<(usize, bool)> {
        let (bare, n) = match rest.as_bytes()[0] {
            b'<' => (&rest[1..], 1),
            _ => (rest, 0),
        };
        let first = bare.as_bytes().first()?.to_ascii_lowercase();
        for recipient in self.mailboxes {
            if recipient.as_bytes().first().map(u8::to_ascii_lowercase) != Some(first) {
                continue;
            }
            let found = bare.get(..recipient.len()).is_some_and(|head| head.eq_ignore_ascii_case(recipient));
            if !found || (n == 0 && self.before().is_some_and(|b| b.is_ascii_alphanumeric())) {
                continue;
            }
            let after = bare.as_bytes().get(recipient.len()).copied();
            if n == 1 && after == Some(b'>') {
                return Some((recipient.len() + 2, true));
            }
            if n == 0 && !after.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'-') {
                return Some((recipient.len(), false));
            }
        }
        None
    }

    /// The recipient's local part where it holds a character that ends words: `o'brien`.
    fn odd_local_part_here(&self, rest: &str) -> Option<usize> {
        self.local_parts.iter().map(|local| local.len()).zip(self.local_parts).find_map(|(len, local)| {
            let odd = len >= 3 && local.bytes().any(is_delimiter);
            let found = odd && rest.get(..len).is_some_and(|head| head.eq_ignore_ascii_case(local));
            let ends = !rest.as_bytes().get(len).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'@');
            let starts = !self.before().is_some_and(|b| b.is_ascii_alphanumeric());
            (found && ends && starts).then_some(len)
        })
    }

    /// The byte before `at`.
    fn before(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at.checked_sub(1)?).copied()
    }

    fn word(&mut self, rest: &'a str) {
        let len = rest.bytes().position(is_delimiter).unwrap_or(rest.len());
        let len = rest[..len].find("...").filter(|dots| *dots > 0).unwrap_or(len);
        let whole = rest[..len].trim_end_matches(['.', ':', '!', '?', '-', '/']);
        let whole = if whole.is_empty() { &rest[..len] } else { whole };
        let (word, pill) = self.pill_for(whole);
        let end = word.len();
        match pill {
            None => {
                self.word = self.at..self.at + end;
                self.keep(end);
            }
            Some(Pill::Date) => {
                // `31 Jan`: the day was taken for a number.
                let day = if self.examples { "7" } else { "<n>" };
                if is_month(word) && self.written + 1 == self.at && self.out.ends_with(day) {
                    self.out.truncate(self.out.len() - day.len());
                    self.written = self.at;
                }
                self.pill(end, Pill::Date, false);
                self.rest_of_date();
                self.written = self.at;
            }
            Some(Pill::Time) => {
                self.pill(end, Pill::Time, false);
                self.at += zone_len(&self.text[self.at..]);
                self.written = self.at;
            }
            Some(pill) => {
                // `<mail.example.org>`: the pill takes the place of the angle brackets.
                let in_angles =
                    self.before() == Some(b'<') && self.text.as_bytes().get(self.at + end) == Some(&b'>');
                if in_angles && matches!(pill, Pill::Recipient | Pill::Address | Pill::Host | Pill::Domain) {
                    self.at -= 1;
                    self.pill(end + 2, pill, true);
                } else {
                    self.pill(end, pill, false);
                }
            }
        }
    }

    /// The pill for a word, or for the part of it up to a colon or slash; the rest is looked at afterwards.
    fn pill_for(&self, word: &'a str) -> (&'a str, Option<Pill>) {
        let bytes = word.as_bytes();
        let (mut has_digit, mut has_dot, mut separator) = (false, false, None);
        for (i, b) in bytes.iter().enumerate() {
            match b {
                b'0'..=b'9' => has_digit = true,
                b'.' => has_dot = true,
                b'@' if i > 0 => return self.address(word, i),
                b':' | b'/' if separator.is_none() => separator = Some(i),
                _ => {}
            }
        }
        if self.is_local_part(word) {
            return (word, Some(Pill::Recipient));
        }
        if has_digit || separator.is_some() {
            if is_time(word) {
                return (word, Some(Pill::Time));
            }
            if is_date(word) {
                return (word, Some(Pill::Date));
            }
            if is_ipv6(word) {
                return (word, Some(Pill::Ip));
            }
        }
        // Cut at the first separator; one at the start is punctuation and was kept before.
        let word = separator.map_or(word, |at| &word[..at.max(1)]);
        if has_digit && word.bytes().all(|b| b.is_ascii_digit()) {
            return self.whole_number(word);
        }
        if has_digit && has_dot {
            if is_ipv4(word) {
                // 127.0.0.2 and its like are answers of block lists, and 4.16.55.1 is one of Yahoo's codes.
                let answer = word.starts_with("127.") && word != "127.0.0.1";
                let code = word.starts_with("4.16.5") && self.text[..self.at].ends_with("- ");
                return (word, (!answer && !code).then_some(Pill::Ip));
            }
            if let Some(len) = ipv4_before_zone(word) {
                return (&word[..len], Some(Pill::Ip));
            }
            if is_decimal(word) {
                return (
                    word,
                    (!self.is_alone(word.len()) && !self.word_before(&BEFORE_WHICH)).then_some(Pill::Number),
                );
            }
        }
        if has_digit {
            if let Some(len) = number_with_unit(word, &UNITS) {
                return (&word[..len], Some(Pill::Number));
            }
            if number_with_unit(word, &TIME_UNITS).is_some() {
                return (word, Some(Pill::Duration));
            }
            if is_machine(word) {
                return (word, Some(Pill::Host));
            }
        }
        if self.text.as_bytes().get(self.at + word.len()) == Some(&b'[') && self.is_unnamed_host(word) {
            return (word, Some(Pill::Host));
        }
        if let Some(pill) = self.postfix_object(word) {
            return (word, Some(pill));
        }
        if has_dot && is_domain(word) && !is_program_word(word) {
            return (word, self.name(word));
        }
        let pill = if is_id(word)
            || (has_digit && word.len() >= 5 && self.word_before(&["id", "as", "queue", "session"]))
        {
            Some(Pill::Id)
        } else if word.len() == 3 && (is_month(word) || is_weekday(word)) && self.date_goes_on(word) {
            Some(Pill::Date)
        } else {
            None
        };
        (word, pill)
    }

    /// A mailbox. What stands before it up to a colon (`mailto:`, `TO:`) is a word of its own.
    fn address(&self, word: &'a str, at_sign: usize) -> (&'a str, Option<Pill>) {
        if let Some(colon) = word[..at_sign].rfind(':') {
            return (&word[..colon], None);
        }
        let word = word.find([':', '/']).map_or(word, |end| &word[..end]);
        let domain = word.rsplit_once('@').map_or("", |(_, domain)| domain);
        if domain.is_empty() {
            return (word, is_id(word).then_some(Pill::Id));
        }
        (word, Some(Pill::Address))
    }

    /// A number, with the groups of three digits and the unit of time that follow it.
    fn whole_number(&self, word: &'a str) -> (&'a str, Option<Pill>) {
        let bytes = self.text.as_bytes();
        let mut end = self.at + word.len();
        let group = |at: usize| {
            bytes.get(at) == Some(&b',')
                && bytes.get(at + 1..at + 4).is_some_and(|g| g.iter().all(u8::is_ascii_digit))
                && !bytes.get(at + 4).is_some_and(u8::is_ascii_alphanumeric)
        };
        while group(end) {
            end += 4;
        }
        let number = &self.text[self.at..end];
        if self.word_before(&BEFORE_WHICH) {
            return (word, None);
        }
        match self.next_word(end) {
            Some(unit) if is_one_of(unit, &TIME_UNITS) => {
                let unit_end = unit.as_ptr() as usize - self.text.as_ptr() as usize + unit.len();
                (&self.text[self.at..unit_end], Some(Pill::Duration))
            }
            Some(unit) if is_one_of(unit, &UNITS) => (number, Some(Pill::Number)),
            _ if number.len() > word.len() || self.is_ratio(end) => (number, Some(Pill::Number)),
            _ => (word, self.number(word).then_some(Pill::Number)),
        }
    }

    /// `250/250`, and not the end of `192.0.2.0/24`.
    fn is_ratio(&self, end: usize) -> bool {
        let bytes = self.text.as_bytes();
        let digit_after = bytes.get(end) == Some(&b'/') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
        let before = self.text[..self.at]
            .strip_suffix('/')
            .map(|b| (b, b.trim_end_matches(|c: char| c.is_ascii_digit())));
        let number_before =
            before.is_some_and(|(b, rest)| rest.len() < b.len() && !rest.ends_with(['.', ':', '/']));
        digit_after || number_before
    }

    /// A machine's name without a dot before its address: `mailer[192.0.2.1]`. `unknown` says that it has none.
    fn is_unnamed_host(&self, word: &str) -> bool {
        let rest = &self.text[self.at + word.len() + 1..];
        let inside = rest.find(']').map_or("", |close| &rest[..close]);
        let named =
            self.before() == Some(b'<') || self.word_before(&["from", "host", "client", "with", "to"]);
        let ordinary = is_one_of(word, &ORDINARY) || word.eq_ignore_ascii_case("localhost");
        named && !ordinary && !word.contains('.') && (is_ipv4(inside) || is_ipv6(inside))
    }

    /// What Postfix checked stands in angle brackets before the name of the check: `<bob>: Sender address rejected`.
    /// A login stands after `owned by user`.
    fn postfix_object(&self, word: &str) -> Option<Pill> {
        if self.text[..self.at].ends_with("not owned by user ") {
            return Some(Pill::Id);
        }
        let after = self.text[self.at + word.len()..].strip_prefix(">: ")?;
        if self.before() != Some(b'<') {
            return None;
        }
        if after.starts_with("Helo command rejected") {
            return Some(Pill::Host);
        }
        after.starts_with("Sender address rejected").then_some(Pill::Address)
    }

    /// Whether a number varies.
    fn number(&self, word: &str) -> bool {
        let opened = matches!(self.before(), Some(b'(' | b'['));
        // AS(201806281), Yahoo's [291]
        let tag = opened && self.at >= 2 && self.text.as_bytes()[self.at - 2].is_ascii_uppercase();
        let reply_code = word.len() == 3 && matches!(word.as_bytes()[0], b'2'..=b'5');
        let short = word.len() <= 4
            && (self.is_alone(word.len()) || matches!(self.before(), Some(b'#' | b'-' | b'/')));
        !(tag || reply_code || short)
    }

    /// The next `len` bytes are all that stands between two brackets.
    fn is_alone(&self, len: usize) -> bool {
        let after = self.text.as_bytes().get(self.at + len);
        matches!((self.before(), after), (Some(b'('), Some(b')')) | (Some(b'['), Some(b']')))
    }

    /// The pill for a host's or domain's name, if it is somebody's.
    fn name(&self, word: &str) -> Option<Pill> {
        let is = |other: Option<&str>| other.is_some_and(|o| o.eq_ignore_ascii_case(word));
        let v = self.varying;
        let domains =
            [v.recipients[0], v.recipients[1], v.sender].map(|m| m.and_then(crate::smtp::domain_of));
        if domains.into_iter().any(is) {
            return Some(Pill::Domain);
        }
        let hosts = v.hosts.map(|h| h.and_then(|h| h.split(['[', ':', ' ', '(']).next()));
        if hosts.into_iter().any(is) {
            return Some(Pill::Host);
        }
        let end = self.at + word.len();
        let (before, after) = (self.before(), self.text.as_bytes().get(end).copied());
        if before == Some(b'[') && word.split('.').any(is_id) {
            return Some(Pill::Id);
        }
        let address_follows = || {
            let rest = self.text[end..].strip_prefix(" [").or_else(|| self.text[end..].strip_prefix(" ("));
            let inside = rest.and_then(|r| r.find([']', ')', ' ']).map(|close| &r[..close]));
            inside.is_some_and(|inside| is_ipv4(inside) || is_ipv6(inside))
        };
        if after == Some(b'[') || address_follows() {
            return Some(Pill::Host);
        }
        if is_under(word, &WELL_KNOWN) {
            // One machine of many: mta1234.mail.bf1.yahoo.com.
            let first = word.split('.').next().unwrap_or("");
            let numbered = first.bytes().filter(u8::is_ascii_digit).count() >= 2;
            return (numbered && word.matches('.').count() >= 2).then_some(Pill::Host);
        }
        match (before, after) {
            (Some(b'<'), Some(b'>')) => return Some(Pill::Host),
            (Some(b'['), Some(b']')) | (Some(b'\''), Some(b'\'')) | (Some(b'"'), Some(b'"')) => {
                return Some(Pill::Domain);
            }
            _ => {}
        }
        if self.word_before(&BEFORE_HOST) {
            return Some(Pill::Host);
        }
        if self.word_before(&BEFORE_NAME) || self.next_word(end).is_some_and(|w| is_one_of(w, &AFTER_NAME)) {
            return Some(Pill::Domain);
        }
        let of_a_party = domains.into_iter().flatten().any(|d| is_under(word, &[d]));
        let of_the_host =
            hosts.into_iter().flatten().any(|h| last_two_labels(h).is_some_and(|d| is_under(word, &[d])));
        let somebodys =
            of_a_party || (of_the_host && word.matches('.').count() >= 2) || word.split('.').any(is_id);
        somebodys.then_some(Pill::Host)
    }

    /// The domain of a recipient or of the sender.
    fn is_of_a_party(&self, name: &str) -> bool {
        let v = self.varying;
        let mut domains = [v.recipients[0], v.recipients[1], v.sender].into_iter().flatten();
        domains.any(|m| crate::smtp::domain_of(m).is_some_and(|d| d.eq_ignore_ascii_case(name)))
    }

    /// A recipient's local part alone, where it is one: `<bob>`, `"bob"`, `user bob`.
    fn is_local_part(&self, word: &str) -> bool {
        if !self.local_parts.iter().any(|local| local.eq_ignore_ascii_case(word)) {
            return false;
        }
        let after = self.text.as_bytes().get(self.at + word.len()).copied();
        let quoted = matches!(
            (self.before(), after),
            (Some(b'<'), Some(b'>'))
                | (Some(b'\''), Some(b'\''))
                | (Some(b'"'), Some(b'"'))
                | (Some(b'('), Some(b')'))
        );
        let telling = word.bytes().any(|b| !b.is_ascii_alphabetic())
            || self.word_before(&BEFORE_MAILBOX)
            || (self.at == 0 && after == Some(b':'));
        quoted || (telling && !is_one_of(word, &ORDINARY))
    }

    /// `Jan 31`, `31 Jan`, `Mon, 31 Jan`, `Mon Jan 31`.
    fn date_goes_on(&self, word: &str) -> bool {
        let short_number = |w: &str| w.len() <= 4 && w.bytes().all(|b| b.is_ascii_digit());
        let next = self.next_word(self.at + word.len());
        next.is_some_and(|w| short_number(w) || (is_weekday(word) && is_month(w)))
            || (is_month(word) && short_number(&self.text[self.word.clone()]) && !self.word.is_empty())
    }

    /// Leaves out day, month and year after the start of a date.
    fn rest_of_date(&mut self) {
        loop {
            let rest = &self.text[self.at..];
            let word = rest.trim_start_matches([' ', ',']);
            let len = word.bytes().position(|b| !b.is_ascii_alphanumeric()).unwrap_or(word.len());
            let part = &word[..len];
            let of_date =
                is_month(part) || (matches!(len, 1..=2 | 4) && part.bytes().all(|b| b.is_ascii_digit()));
            // `10:00:00` follows.
            if !of_date || word[len..].starts_with(':') || rest.len() == word.len() {
                return;
            }
            self.at += rest.len() - word.len() + len;
        }
    }

    fn word_before(&self, words: &[&str]) -> bool {
        is_one_of(&self.text[self.word.clone()], words)
    }

    /// The word that follows `end`, after one blank.
    fn next_word(&self, end: usize) -> Option<&'a str> {
        let rest = self.text[end..].trim_start_matches([' ', ',']);
        let len = rest.bytes().position(|b| !(b.is_ascii_alphanumeric() || b == b'\'')).unwrap_or(rest.len());
        (len > 0 && rest.len() < self.text.len() - end).then(|| &rest[..len])
    }

    /// Host and words of the path stay; addresses, identifiers and long numbers in path and query do not.
    fn url(&mut self, scheme: usize) {
        let rest = &self.text[self.at..];
        let len = rest.find([' ', '<', '>', '"', '\'', '`', '|', ')', ']', '}']).unwrap_or(rest.len());
        let url = rest[..len].trim_end_matches(['.', ',', ';', ':', '!']);
        let end = self.at + url.len();
        let host = url[scheme..].find(['/', '?', '#']).map_or(url.len(), |i| scheme + i);
        self.word = self.at..end;
        self.keep(host);
        while self.at < end {
            let rest = &self.text[self.at..end];
            let len = rest.find(['/', '?', '#', '&', '=', ',', ';']).unwrap_or(rest.len());
            if len == 0 {
                self.keep(1);
                continue;
            }
            let part = &rest[..len];
            let value = self.before() == Some(b'=');
            match self.url_part(part, value) {
                Some(pill) => self.pill(len, pill, false),
                None => self.keep(len),
            }
        }
    }

    fn url_part(&self, part: &str, value: bool) -> Option<Pill> {
        let digits = part.bytes().all(|b| b.is_ascii_digit());
        if is_ipv4(part) || is_ipv6(part) {
            return Some(Pill::Ip);
        }
        let decoded = part.replace("%40", "@");
        if decoded.contains('@') {
            let recipient =
                self.varying.recipients.into_iter().flatten().any(|r| r.eq_ignore_ascii_case(&decoded));
            return Some(if recipient { Pill::Recipient } else { Pill::Address });
        }
        if digits {
            // Six digits and fewer are the number of a help page.
            return (value || part.len() > 6).then_some(Pill::Number);
        }
        let page = [".html", ".htm", ".php"].iter().find_map(|ending| part.strip_suffix(ending));
        if page.is_some_and(|page| is_domain(page) && self.is_of_a_party(page)) {
            return Some(Pill::Domain);
        }
        if is_domain(part) && matches!(self.name(part), Some(Pill::Domain | Pill::Host)) {
            return self.name(part);
        }
        // `?c=r0301`: the number of the case, not of the message.
        let n_letters = part.bytes().take_while(u8::is_ascii_lowercase).count();
        let case = (1..=2).contains(&n_letters)
            && (1..=4).contains(&(part.len() - n_letters))
            && part[n_letters..].bytes().all(|b| b.is_ascii_digit());
        if value && case && !self.text[..self.at].ends_with("id=") {
            return None;
        }
        let word = part.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'-' | b'_' | b'.'));
        (is_id(part) || (value && !word) || part.contains('%')).then_some(Pill::Id)
    }
}

/// The length of `https://` and the like.
fn url_scheme(text: &str) -> Option<usize> {
    if !matches!(text.as_bytes()[0], b'h' | b'H') {
        return None;
    }
    ["https://", "http://"]
        .iter()
        .find(|s| text.get(..s.len()).is_some_and(|t| t.eq_ignore_ascii_case(s)))
        .map(|s| s.len())
}

/// The length of the time zone after a time: ` +0100`, ` -0800 (PST)`, ` GMT`.
fn zone_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let offset = matches!(bytes, [b' ', b'+' | b'-', digits @ ..]
        if digits.len() >= 4 && digits[..4].iter().all(u8::is_ascii_digit)
            && !digits.get(4).is_some_and(u8::is_ascii_alphanumeric));
    let mut len = if offset { 6 } else { 0 };
    for name in [" UTC", " GMT", " (UTC)", " (GMT)"] {
        if len == 0 && text.starts_with(name) {
            len = name.len();
        }
    }
    let named = text[len..].strip_prefix(" (").and_then(|rest| rest.find(')').map(|close| &rest[..close]));
    match named {
        Some(name) if offset && name.len() <= 5 && name.bytes().all(|b| b.is_ascii_uppercase()) => {
            len + name.len() + 3
        }
        _ => len,
    }
}

/// `12.5`
fn is_decimal(word: &str) -> bool {
    word.bytes().filter(|b| *b == b'.').count() == 1 && word.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// `25MB`: the length of the number.
fn number_with_unit(word: &str, units: &[&str]) -> Option<usize> {
    let len = word.bytes().position(|b| !(b.is_ascii_digit() || b == b'.'))?;
    (len > 0 && is_one_of(&word[len..], units)).then_some(len)
}

/// A number with its unit, or a machine's name.
pub(super) fn is_measure_or_machine(word: &str) -> bool {
    is_decimal(word)
        || number_with_unit(word, &UNITS).is_some()
        || number_with_unit(word, &TIME_UNITS).is_some()
        || ipv4_before_zone(word).is_some()
        || is_machine(word)
}

/// One machine of many, without its domain: `mxgmx012`, `smtp-in7`.
fn is_machine(word: &str) -> bool {
    let kind = ["mx", "mta", "smtp", "mail", "mout"].iter().any(|kind| word.starts_with(kind));
    let digits_end = word.ends_with(|c: char| c.is_ascii_digit());
    kind && digits_end
        && word != "smtputf8"
        && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
