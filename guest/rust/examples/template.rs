//! A Muster guest in Rust: change square, add functions beside it.
use muster::{emit, Batch, Column, Event};

fn square(event: Event, rows: Batch) -> Result<(), String> {
    if event != Event::Batch { return Ok(()) }
    let squares: Vec<f64> = rows.values::<f64>(0).iter().map(|x| x * x).collect();
    emit(&[("square", Column::F64(&squares))]);
    Ok(())
}
muster::function!(muster1_square, square);
