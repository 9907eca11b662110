//! Readers give way to the thread that draws: both cores are busy while a big log is read, and a frame must not wait.

/// So much nicer than other threads are readers, of 19: enough that a frame is drawn before they go on, and not so
/// much that other busy programs would stop them.
#[cfg(target_os = "linux")]
const NICER: i32 = 4;

/// Lets threads of ordinary priority go before this one. Where the system has no such thing per thread, or says no,
/// nothing changes.
pub(super) fn give_way() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICER);
}
