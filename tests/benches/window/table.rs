//! The figures and the table they are printed in.

use std::time::Duration;

/// What was measured, with its goal.
#[derive(Default)]
pub struct Table(Vec<(String, String, &'static str)>);

impl Table {
    /// Adds a figure.
    pub fn add(&mut self, what: impl Into<String>, figure: impl Into<String>, goal: &'static str) {
        self.0.push((what.into(), figure.into(), goal));
    }

    /// Adds median, 99th percentile and the longest of frames: the processor time of the window's thread, and the
    /// time from one frame to the next.
    pub fn add_frames(&mut self, what: &str, frames: &Frames, goal: &'static str) {
        // The first of a step is its begin; what came before it counts no more.
        let all = |of: &[f32]| {
            let of = of.get(1..).unwrap_or(&[]);
            [0.5, 0.99, 1.0].map(|share| format!("{:.1}", rank(of, share))).join(" / ")
        };
        self.add(format!("{what}: ms a frame, median / p99 / longest"), all(&frames.work), goal);
        self.add(format!("{what}: ms from frame to frame"), all(&frames.apart), "");
    }

    /// Prints everything.
    pub fn print(&self) {
        println!("| | measured | goal |\n|---|---|---|");
        for (what, figure, goal) in &self.0 {
            println!("| {what} | {figure} | {goal} |");
        }
    }
}

/// Frames of one kind, in milliseconds.
#[derive(Default)]
pub struct Frames {
    /// Work of the window's thread: input, layout, tessellation, paint.
    pub work: Vec<f32>,
    /// From the beginning of one to the beginning of the next.
    pub apart: Vec<f32>,
}

/// The value that `share` of all are not above.
pub fn rank(of: &[f32], share: f32) -> f32 {
    let mut sorted = of.to_vec();
    sorted.sort_by(f32::total_cmp);
    let at = (sorted.len() as f32 * share).ceil() as usize;
    sorted.get(at.saturating_sub(1)).copied().unwrap_or(0.0)
}

/// Milliseconds.
pub fn ms(time: Duration) -> f32 {
    time.as_secs_f32() * 1000.0
}
