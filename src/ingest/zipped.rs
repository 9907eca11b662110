//! `mail-logs.zip`: the members of a zip archive, in the order of its table of contents.
//!
//! An archive that was cut has lost that table. Then its members are read one after the other from the beginning.

use super::archive::{ReadSeek, Walk, Whole, is_hidden, member_name};
use super::packing::{Decoder, Packing};
use super::watch::Watched;
use crate::model::{ProblemKind, Timestamp};
use std::io::{Read, SeekFrom};
use zip::read::ZipFile;
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

/// Names with which the archives begin that are documents and programs: nobody packs logs into them.
const DOCUMENTS: [&[u8]; 4] = [b"[Content_Types].xml", b"mimetype", b"META-INF/", b"AndroidManifest.xml"];

/// Whether the bytes begin as a zip archive does, and not as a document that is one.
pub(super) fn is_zip(head: &[u8]) -> bool {
    let empty = head.starts_with(b"PK\x05\x06") && head.len() >= 22;
    let first_name = head.get(30..).unwrap_or_default();
    let is_document = DOCUMENTS.iter().any(|name| first_name.starts_with(name));
    empty || (head.starts_with(b"PK\x03\x04") && head.len() >= 30 && !is_document)
}

/// Hands on the members of the zip archive that `input` gives.
pub(super) fn walk<R: ReadSeek>(walk: &mut Walk<'_>, name: &str, place: &mut Vec<u32>, input: &mut R) {
    let error = match ZipArchive::new(&mut *input) {
        Ok(archive) => return by_contents(walk, name, place, archive),
        Err(error) => error,
    };
    if input.seek(SeekFrom::Start(0)).is_ok() {
        in_turn(walk, name, place, input);
    }
    let message = match &error {
        ZipError::Io(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
            super::open::reason(error)
        }
        _ => "the zip data ends early or is damaged".to_owned(),
    };
    walk.problem(name, ProblemKind::Truncated, format!("{message}; what came before was read"));
}

fn by_contents<R: ReadSeek>(
    walk: &mut Walk<'_>,
    name: &str,
    place: &mut Vec<u32>,
    mut archive: ZipArchive<R>,
) {
    let all = 0..u32::try_from(archive.len()).unwrap_or(u32::MAX);
    let numbers = walk.wanted_in(place).map_or(all.clone(), |n| n..n.saturating_add(1).min(all.end));
    for n in numbers {
        if walk.is_over() || !walk.count() {
            return;
        }
        let Ok(entry) = archive.by_index_data(n as usize) else { continue };
        let own = entry.name().map_or_else(|_| lossy(entry.name_raw()), |name| name.into_owned());
        if entry.is_dir() || entry.is_symlink() || is_hidden(&own) {
            continue;
        }
        let member = member_name(name, &own);
        if entry.encrypted() {
            encrypted(walk, &member);
            continue;
        }
        let (method, len) = (entry.compression(), entry.size());
        let written = entry.last_modified().and_then(time);
        drop(entry);
        place.push(n);
        // Methods that the library was built without.
        let packing = match method {
            CompressionMethod::ZSTD => Some(Packing::Zstd),
            CompressionMethod::XZ => Some(Packing::Xz),
            _ => None,
        };
        if packing.is_none() && !zip::SUPPORTED_COMPRESSION_METHODS.contains(&method) {
            let message = "it is packed in a way that is not known here".to_owned();
            walk.problem(&member, ProblemKind::Unreadable, message);
            place.pop();
            continue;
        }
        let opened = match packing {
            Some(packing) => {
                archive.by_index_raw(n as usize).map(|packed| Text::Ours(packing.decode(packed)))
            }
            None => archive.by_index(n as usize).map(Text::Library),
        };
        match opened {
            Ok(inner) => {
                let text = Whole { inner, left: len, format: "zip" };
                walk.inside(member, place, written, &mut Watched::new(text, walk.watch));
            }
            Err(error) => unreadable(walk, &member, &error),
        }
        place.pop();
    }
}

/// Reads members as they come, until one of them cannot be read.
fn in_turn(walk: &mut Walk<'_>, name: &str, place: &mut Vec<u32>, input: &mut impl Read) {
    for n in 0.. {
        if walk.is_over() || !walk.count() {
            return;
        }
        let Ok(Some(mut entry)) = zip::read::read_zipfile_from_stream(input) else { return };
        let own = entry.name().map_or_else(|_| lossy(entry.name_raw()), |name| name.into_owned());
        let written = entry.last_modified().and_then(time);
        let skip = entry.is_dir() || is_hidden(&own) || walk.passes_by(place, n);
        let len = entry.size();
        let mut text = Watched::new(Whole { inner: &mut entry, left: len, format: "zip" }, walk.watch);
        if !skip {
            place.push(n);
            walk.inside(member_name(name, &own), place, written, &mut text);
            place.pop();
        }
        if std::io::copy(&mut text, &mut std::io::sink()).is_err() {
            return;
        }
    }
}

fn encrypted(walk: &mut Walk<'_>, member: &str) {
    let message = "it is encrypted; unpack it with its password first".to_owned();
    walk.problem(member, ProblemKind::Unreadable, message);
}

fn unreadable(walk: &mut Walk<'_>, member: &str, error: &ZipError) {
    let message = match error {
        ZipError::Io(error) => super::open::reason(error),
        other => format!("it cannot be unpacked ({other})"),
    };
    walk.problem(member, ProblemKind::Unreadable, message);
}

fn lossy(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

/// The text of a member, unpacked by the library or here.
enum Text<'a, R: Read> {
    Library(ZipFile<'a, R>),
    Ours(Decoder<ZipFile<'a, R>>),
}

impl<R: Read> Read for Text<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Library(text) => text.read(buf),
            Self::Ours(text) => text.read(buf),
        }
    }
}

/// The time of day that the packing computer's clock showed; the zone is not said.
fn time(time: zip::DateTime) -> Option<Timestamp> {
    let day = chrono::NaiveDate::from_ymd_opt(time.year().into(), time.month().into(), time.day().into())?;
    let time = day.and_hms_opt(time.hour().into(), time.minute().into(), time.second().into())?;
    Some(time.and_utc())
}
