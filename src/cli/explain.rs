//! `fivefifty explain REPLY`: the verdict on one reply, why, and what to do.

use super::args::ExplainArgs;
use crate::classify::Knowledge;
use crate::export::write_explain;
use crate::group::Judge;
use crate::model::{Evidence, Origin, SourceId};
use crate::smtp::{Stage, innermost, read_reply, unflatten};
use anyhow::Context as _;
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::process::ExitCode;
use std::sync::Arc;

/// The longest reply that is read from standard input: far more than any server sends.
const MAX_REPLY_BYTES: u64 = 64 * 1024;

pub(super) fn run(args: &ExplainArgs) -> anyhow::Result<ExitCode> {
    let stage = match &args.stage {
        Some(name) => Stage::parse(name).with_context(|| {
            let known = Stage::ALL.map(Stage::name).join(", ");
            format!("--stage: no stage is called {name:?}; the stages are {known}")
        })?,
        None => Stage::Unknown,
    };
    let text = reply_text(&args.reply)?;
    anyhow::ensure!(!text.trim().is_empty(), "there is no reply to explain");
    let knowledge = Arc::new(Knowledge::builtin()?);
    let rejection = Judge::new(Arc::clone(&knowledge)).judge(&evidence(args, &text, stage));
    let stdout = io::stdout();
    let style = super::style(stdout.is_terminal());
    let mut out = stdout.lock();
    write_explain(&mut out, &knowledge, &rejection, style, super::width()).and_then(|()| out.flush())?;
    Ok(ExitCode::SUCCESS)
}

fn reply_text(reply: &str) -> anyhow::Result<String> {
    if reply != "-" {
        return Ok(reply.to_owned());
    }
    let mut bytes = Vec::new();
    io::stdin().take(MAX_REPLY_BYTES).read_to_end(&mut bytes).context("cannot read standard input")?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn evidence(args: &ExplainArgs, text: &str, stage: Stage) -> Evidence {
    let origin = Origin { source: SourceId(0), line: 1, start: 0, len: text.len() as u32 };
    let text = unflatten(text.trim());
    let reply = read_reply(innermost(&text).inner);
    let mut evidence = Evidence::new("transcript.reply", origin);
    evidence.stage = stage;
    evidence.reply_code = reply.code;
    evidence.enhanced_status = reply.enhanced;
    evidence.remote_mta = args.host.as_deref().map(Into::into);
    evidence.final_recipient = args.recipient.as_deref().map(Into::into);
    evidence.diagnostic_code = text.as_str().into();
    evidence
}
