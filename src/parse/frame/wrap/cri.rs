//! Lines of container runtimes and of `aws logs` as text.
//!
//! `2026-11-17T14:51:07.123456789Z stdout F line` (Kubernetes' CRI); `P` in place of `F`: the line goes on in the next
//! one of this stream. `EVENTS⇥1795000000123⇥line⇥1795000000000` (`aws logs get-log-events --output text`).

use super::Unwrapped;
use super::fields::moment;
use super::line::Split;
use crate::model::Origin;
use crate::parse::frame::stamp::iso;

/// Reads one line; `None` if it has neither form.
pub(super) fn read(bytes: &[u8], origin: Origin) -> Option<Unwrapped> {
    if bytes.first() == Some(&b'E') {
        return aws(bytes, origin);
    }
    if bytes.len() < 30 || bytes[10] != b'T' {
        return None;
    }
    // A stamp is at most this long.
    let head = &bytes[..bytes.len().min(64)];
    let at = memchr::memchr(b' ', head)?;
    let stream = [&b"stdout"[..], b"stderr"].into_iter().find(|name| bytes[at + 1..].starts_with(name))?;
    let text = String::from_utf8_lossy(bytes);
    let (stamp, rest) = iso(&text)?;
    let rest = rest.strip_prefix(' ')?.get(stream.len()..)?.strip_prefix(' ')?;
    let last = match rest.as_bytes().first()? {
        b'F' => true,
        b'P' => false,
        _ => return None,
    };
    // The tag may have further parts: `P:x`.
    let line = rest.split_once(' ').map_or("", |(_, line)| line);
    let stream = String::from_utf8_lossy(stream).into_owned();
    Some(Unwrapped {
        stamp,
        texts: vec![line.to_owned()],
        split: Some(Split { stream, last, guessed: false }),
        ..Unwrapped::at(origin)
    })
}

fn aws(bytes: &[u8], origin: Origin) -> Option<Unwrapped> {
    let text = String::from_utf8_lossy(bytes.strip_prefix(b"EVENTS\t")?);
    let (rest, time) = text.trim_end().rsplit_once('\t')?;
    // In front of the message may stand an id, a time and the name of the stream.
    let message = rest.split('\t').max_by_key(|field| field.len())?;
    Some(Unwrapped { stamp: moment(time)?, texts: vec![message.to_owned()], ..Unwrapped::at(origin) })
}
