//! Word count as a plain program: reads text, writes "word TAB count", a line a word, words in byte order. It uses nothing of the SDK.
use std::collections::HashMap;
use std::io::{stdin, stdout, BufWriter, Read, Write};

fn add(counts: &mut HashMap<Vec<u8>, u64>, word: &[u8]) {
    if word.is_empty() { return }
    if let Some(count) = counts.get_mut(word) { *count += 1 } else { counts.insert(word.to_vec(), 1); }
}

fn main() -> std::io::Result<()> {
    let mut counts = HashMap::new();
    let (mut block, mut kept) = (vec![0u8; 1 << 18], 0);
    let mut input = stdin().lock();
    loop {
        let got = input.read(&mut block[kept..])?;
        if got == 0 { break }
        let (end, mut start) = (kept + got, 0);
        for i in 0..end {
            if block[i] > b' ' { continue }
            add(&mut counts, &block[start..i]);
            start = i + 1;
        }
        // A word may go on in the next block.
        block.copy_within(start..end, 0);
        kept = end - start;
        if kept == block.len() { block.resize(2 * kept, 0) }
    }
    add(&mut counts, &block[..kept]);
    let mut words: Vec<_> = counts.into_iter().collect();
    words.sort();
    let mut out = BufWriter::new(stdout().lock());
    for (word, count) in words {
        out.write_all(&word)?;
        writeln!(out, "\t{count}")?;
    }
    out.flush()
}
