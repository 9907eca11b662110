//! The logs that are measured, and what is asked of each.

use crate::generator::{Shares, Truth, write_exim_log, write_postfix_log};
use crate::run::Cores;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// One log, and how it is read.
pub struct Log {
    pub name: &'static str,
    pub file: &'static str,
    pub kind: Kind,
    pub cores: Cores,
    /// The longest time, as a part of ripgrep's.
    pub goal: f64,
}

pub enum Kind {
    Postfix(Shares),
    Exim { refused: u64 },
}

const RELAY: Shares =
    Shares { refused: 27, deferred: 0, turned_away: 5, without_removed: false, rfc3339: false };

pub const LOGS: &[Log] = &[
    Log { name: "3 % refused", file: "mail.log", kind: Kind::Postfix(RELAY), cores: Cores::All, goal: 0.8 },
    Log {
        name: "3 % refused, one core",
        file: "mail.log",
        kind: Kind::Postfix(RELAY),
        cores: Cores::One,
        goal: 1.2,
    },
    Log {
        name: "20 % refused",
        file: "mail.log",
        kind: Kind::Postfix(Shares { refused: 200, ..RELAY }),
        cores: Cores::All,
        goal: 1.0,
    },
    Log {
        name: "12 % put off, up to an hour",
        file: "mail.log",
        kind: Kind::Postfix(Shares { deferred: 120, ..RELAY }),
        cores: Cores::All,
        goal: 0.8,
    },
    Log {
        name: "no `removed` lines",
        file: "mail.log",
        kind: Kind::Postfix(Shares { without_removed: true, ..RELAY }),
        cores: Cores::All,
        goal: 0.8,
    },
    Log {
        name: "3 % refused, RFC 3339",
        file: "mail.log",
        kind: Kind::Postfix(Shares { rfc3339: true, ..RELAY }),
        cores: Cores::All,
        goal: 0.88,
    },
    ACCEPTED,
    Log {
        name: "3 % refused, gzip",
        file: "mail.log.gz",
        kind: Kind::Postfix(RELAY),
        cores: Cores::All,
        goal: 0.5,
    },
    Log {
        name: "Exim, 3 % refused",
        file: "mainlog",
        kind: Kind::Exim { refused: 30 },
        cores: Cores::All,
        goal: 1.0,
    },
];

pub const ACCEPTED: Log = Log {
    name: "all accepted",
    file: "mail.log",
    kind: Kind::Postfix(Shares { refused: 0, turned_away: 0, ..RELAY }),
    cores: Cores::All,
    goal: 0.8,
};

impl Log {
    /// Writes it.
    pub fn write(&self, path: &Path, megabytes: u64) -> (PathBuf, Truth) {
        let file = BufWriter::with_capacity(1 << 20, File::create(path).expect("the log can be written"));
        let truth = if self.file.ends_with(".gz") {
            let mut out = flate2::write::GzEncoder::new(file, flate2::Compression::default());
            let truth = self.lines(&mut out, megabytes);
            out.finish().and_then(|mut file| file.flush()).expect("the log can be written");
            truth
        } else {
            let mut out = file;
            let truth = self.lines(&mut out, megabytes);
            out.flush().expect("the log can be written");
            truth
        };
        (path.to_path_buf(), truth)
    }

    fn lines(&self, out: &mut impl Write, megabytes: u64) -> Truth {
        let bytes = megabytes * 1_000_000;
        match &self.kind {
            Kind::Postfix(shares) => write_postfix_log(out, bytes, shares),
            Kind::Exim { refused } => write_exim_log(out, bytes, *refused),
        }
        .expect("the log can be written")
    }
}
