//! The frame around a log line: time stamp, host, program. One file a frame.
