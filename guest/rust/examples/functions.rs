//! Examples of the batch ABI in Rust: a flatMap, and an aggregate in parts that are merged.
use muster::{emit, Batch, Column, Event};
use std::cell::Cell;

thread_local!(static SUM: Cell<(f64, i64)> = const { Cell::new((0.0, 0)) });

/// The sum of the squares of a DOUBLE column, and how many there are.
fn sumsq(event: Event, rows: Batch) -> Result<(), String> {
    let (mut sum, mut count) = SUM.get();
    match event {
        Event::Open => (sum, count) = (0.0, 0),
        Event::Batch => {
            for (row, x) in rows.values::<f64>(0).iter().enumerate() {
                if rows.valid(0, row) { sum += x * x; count += 1 }
            }
        }
        Event::Merge => {
            for (part, n) in rows.values::<f64>(0).iter().zip(rows.values::<i64>(1)) { sum += part; count += n }
        }
        Event::EndPartial | Event::EndFinal => emit(&[("sum", Column::F64(&[sum])), ("count", Column::I64(&[count]))]),
        Event::Side(_) => {}
    }
    SUM.set((sum, count));
    Ok(())
}
muster::function!(muster1_sumsq, sumsq);

/// The words of a VARCHAR column, each with its length; counted, too.
fn words(event: Event, rows: Batch) -> Result<(), String> {
    if event != Event::Batch { return Ok(()) }
    let found: Vec<String> = (0..rows.len()).filter(|&row| rows.valid(0, row))
        .flat_map(|row| rows.text(0, row).split_ascii_whitespace()).map(String::from).collect();
    let lengths: Vec<i32> = found.iter().map(|word| word.len() as i32).collect();
    emit(&[("word", Column::Text(&found)), ("length", Column::I32(&lengths))]);
    muster::add("words", found.len() as f64);
    Ok(())
}
muster::function!(muster1_words, words);

/// Fails, as examples must show: a panic becomes the task's error.
fn broken(event: Event, rows: Batch) -> Result<(), String> {
    if event == Event::Batch { return Err(format!("no row {} here", rows.values::<f64>(0)[rows.len()])) }
    Ok(())
}
muster::function!(muster1_broken, broken);
