//! What the system says about this process.

use std::collections::BTreeMap;
use std::time::Duration;

/// Memory in use, in bytes.
pub fn memory() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok());
    kib.unwrap_or(0_u64) * 1024
}

/// Processor time used so far, by the names of the threads that still run.
pub fn processor_time() -> BTreeMap<String, Duration> {
    let mut times = BTreeMap::new();
    for task in std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        let read = |name: &str| std::fs::read_to_string(task.path().join(name)).unwrap_or_default();
        let nanos = read("schedstat").split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0);
        *times.entry(read("comm").trim().to_owned()).or_default() += Duration::from_nanos(nanos);
    }
    times
}

/// How much more `after` is than `before`, over all threads of which `counts` says so.
pub fn used(
    before: &BTreeMap<String, Duration>,
    after: &BTreeMap<String, Duration>,
    counts: impl Fn(&str) -> bool,
) -> Duration {
    let sum = |times: &BTreeMap<String, Duration>| {
        times.iter().filter(|(name, _)| counts(name)).map(|(_, time)| *time).sum::<Duration>()
    };
    sum(after).saturating_sub(sum(before))
}
