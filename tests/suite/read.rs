//! Reading bytes to JSON Lines, as `report --format jsonl` prints them.

use chrono::{TimeZone as _, Utc};
use fivefifty::classify::Knowledge;
use fivefifty::engine::read_alone;
use fivefifty::export::write_jsonl;
use fivefifty::model::Snapshot;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

/// What the program knows, loaded once.
pub static KNOWLEDGE: LazyLock<Arc<Knowledge>> =
    LazyLock::new(|| Arc::new(Knowledge::builtin().expect("the built-in rules load")));

/// The year of sample time stamps that have none.
pub const YEAR: i32 = 2026;

/// Reads `reader` as the source `name`, on one thread.
pub fn snapshot(name: &str, reader: impl Read + Send + 'static) -> Snapshot {
    let now = Utc.with_ymd_and_hms(2026, 12, 31, 0, 0, 0).single().expect("a date");
    read_alone(&KNOWLEDGE, name, reader, Some(YEAR), now)
}

/// All rejections of a snapshot, transient ones too, as JSON Lines.
pub fn jsonl(snapshot: &Snapshot) -> String {
    let mut out = Vec::new();
    write_jsonl(&mut out, snapshot, &KNOWLEDGE, 0..snapshot.len() as u32).expect("memory can be written");
    String::from_utf8(out).expect("JSON is UTF-8")
}

/// `bytes` as the source `name`, as JSON Lines.
pub fn read_bytes(name: &str, bytes: Vec<u8>) -> String {
    jsonl(&snapshot(name, Cursor::new(bytes)))
}

/// A path in the project.
pub fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// All sample files with evidence, as paths relative to `sample-logs`, in name order.
pub fn samples() -> Vec<PathBuf> {
    let root = project("sample-logs");
    let found: Vec<_> = walkdir::WalkDir::new(&root)
        .sort_by_file_name()
        .into_iter()
        .map(|entry| entry.expect("sample-logs can be walked").into_path())
        .filter(|path| {
            path.is_file() && !path.file_name().is_some_and(|n| n.as_encoded_bytes().starts_with(b"."))
        })
        .filter(|path| path.extension().is_none_or(|e| e != "md" && e != "toml"))
        .map(|path| path.strip_prefix(&root).expect("under sample-logs").to_path_buf())
        .collect();
    assert!(found.len() >= 20, "sample-logs holds {} files", found.len());
    found
}
