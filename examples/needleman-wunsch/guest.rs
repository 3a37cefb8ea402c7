//! Global alignment of pairs of sequences (Needleman and Wunsch, 1970). Side 0: sequence VARCHAR, in order. Input: a INTEGER, b INTEGER,
//! places in it. Output: a INTEGER, b INTEGER, score INTEGER: 1 for equal letters, -1 for others, -2 for a gap. Build it in guest/rust:
//!
//!     cargo build --release --target wasm32-unknown-unknown --example needleman_wunsch
use muster::{emit, Batch, Column, Event};
use std::cell::RefCell;

const MATCH: i32 = 1;
const MISMATCH: i32 = -1;
const GAP: i32 = -2;

thread_local!(static SEQUENCES: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) });

fn score(a: &[u8], b: &[u8]) -> i32 {
    let mut line: Vec<i32> = (0..=b.len() as i32).map(|j| j * GAP).collect();
    for (i, letter) in a.iter().enumerate() {
        let mut diagonal = line[0];
        line[0] = (i as i32 + 1) * GAP;
        for (j, other) in b.iter().enumerate() {
            let both = diagonal + if letter == other { MATCH } else { MISMATCH };
            diagonal = line[j + 1];
            line[j + 1] = both.max(diagonal.max(line[j]) + GAP);
        }
    }
    line[b.len()]
}

fn align(event: Event, rows: Batch) -> Result<(), String> {
    match event {
        Event::Side(0) => SEQUENCES.with_borrow_mut(|all| all.extend((0..rows.len()).map(|row| rows.text(0, row).as_bytes().to_vec()))),
        Event::Batch => {
            let (a, b) = (rows.values::<i32>(0), rows.values::<i32>(1));
            let scores: Vec<i32> = SEQUENCES.with_borrow(|all| a.iter().zip(b).map(|(&a, &b)| score(&all[a as usize], &all[b as usize])).collect());
            emit(&[("a", Column::I32(a)), ("b", Column::I32(b)), ("score", Column::I32(&scores))]);
        }
        _ => {}
    }
    Ok(())
}
muster::function!(muster1_align, align);
