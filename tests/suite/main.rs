//! Everything that needs no window: layers, samples against golden output, the command line, bad input.

mod bad_input;
mod command_line;
mod containers;
mod corpus;
mod documents;
mod frames;
mod full_queue;
mod generated;
#[path = "../benches/generator/mod.rs"]
mod generator;
mod golden;
mod layers;
mod read;
mod same_result;
mod segments;
mod truth;
