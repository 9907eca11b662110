//! Outlook's `.msg` files: a mail, or a report that a mail was refused, as a compound file ([MS-OXMSG], [MS-CFB]).
//!
//! What stands in it is written down as an internet mail again ([MS-OXCMAIL] says how servers do so), and the notice
//! reader reads that: `PidTagSupplementaryInfo` `<mx.example.net #5.1.1 smtp;550 5.1.1 no such user>` becomes the fields
//! `Remote-MTA`, `Status` and `Diagnostic-Code` of RFC 3464. Places in the file mean nothing to a person, so all that is
//! found points at its beginning.

mod compose;
mod props;
mod rtf;

use crate::model::{Evidence, Harvest, Origin, Problem, ProblemKind, SourceId};
use crate::parse::formats::{Extent, Family, Format, Sample};

/// `.msg` files.
pub const FORMAT: Format = Format {
    name: "dsn.msg",
    title: "Outlook .msg (saved notice or non-delivery report)",
    family: Family::Notice,
    extent: Extent::Partly("the notice in it is named by its own format; attached archives are left out"),
    sample: Sample::Documentation,
    grammar: "[MS-OXMSG], [MS-OXCMAIL], [MS-OXOMSG], [MS-OXRTFCP], [MS-CFB]",
    fields: &[
        "time",
        "reporting_mta",
        "remote_mta",
        "message_id",
        "reverse_path",
        "final_recipient",
        "reply_code",
        "enhanced_status",
        "diagnostic_code",
        "action",
    ],
};

/// What every compound file begins with.
pub const MAGIC: [u8; 8] = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];

/// Reads a `.msg` file.
pub fn read(source: SourceId, bytes: &[u8], out: &mut Harvest) {
    let mut problem = |kind, message: &str| {
        out.problems.push(Problem { kind, origin: None, message: message.to_owned() });
    };
    let Some((mut file, cut)) = props::open(bytes) else {
        problem(ProblemKind::NotMail, "a damaged Outlook or Office file; it was not read");
        return;
    };
    if !props::is_message(&file) {
        if cut {
            problem(ProblemKind::Truncated, "the Outlook or Office file ends early; nothing could be read");
        } else {
            problem(ProblemKind::NotMail, "an Office file that holds no mail; it was not read");
        }
        return;
    }
    if cut {
        problem(ProblemKind::Truncated, "the .msg file ends early; what is there was read");
    }
    let mail = compose::mail(&mut file);
    let mut found = Harvest::default();
    super::read_mail(source, &mail, 1, 0, &mut found);
    let place = Origin { source, line: 1, start: 0, len: 0 };
    for Evidence { origins, attempts, .. } in &mut found.evidence {
        origins.iter_mut().for_each(|origin| *origin = place);
        attempts.iter_mut().for_each(|attempt| attempt.origin = place);
    }
    found.coverage.not_understood_at.iter_mut().for_each(|origin| *origin = place);
    found.problems.iter_mut().filter_map(|p| p.origin.as_mut()).for_each(|origin| *origin = place);
    out.evidence.append(&mut found.evidence);
    out.problems.append(&mut found.problems);
    out.coverage.add(found.coverage);
}

#[cfg(test)]
#[path = "msg/tests.rs"]
mod tests;
