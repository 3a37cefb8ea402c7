//! The SDK of muster-batch/1 for Rust: columns in the module's own memory. Rules: ../../SPEC.md
//!
//! A function of the module is `fn(Event, Batch) -> Result<(), String>`, exported by `muster::function!(muster1_name, name);`. Input belongs
//! to the host and is valid during the call; what `emit` is given is copied before it returns.
use std::alloc::{alloc, dealloc, Layout};
use std::{ffi::CString, ptr::{null, null_mut}};

#[repr(C)]
pub struct ArrowSchema {
    format: *const i8, name: *const i8, metadata: *const i8, flags: i64, n_children: i64,
    children: *mut *mut ArrowSchema, dictionary: *mut ArrowSchema, release: usize, private_data: usize,
}
#[repr(C)]
pub struct ArrowArray {
    length: i64, null_count: i64, offset: i64, n_buffers: i64, n_children: i64,
    buffers: *const *const u8, children: *mut *mut ArrowArray, dictionary: *mut ArrowArray, release: usize, private_data: usize,
}
const _: () = assert!(size_of::<ArrowSchema>() == 48 && size_of::<ArrowArray>() == 64, "compile for wasm32");

mod host {
    #[link(wasm_import_module = "muster1")]
    extern "C" {
        pub fn emit(port: u32, schema: *const super::ArrowSchema, array: *const super::ArrowArray);
        pub fn log(level: u32, text: *const u8, length: usize); pub fn fail(text: *const u8, length: usize) -> !;
        pub fn progress(fraction: f64);
        pub fn add(name: *const u8, length: usize, amount: f64);
    }
}

/// What a call is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event { Open, Batch, Merge, EndPartial, EndFinal, Side(u32) }

impl Event {
    pub fn of(event: i32) -> Event {
        match event { 0 => Event::Open, 1 => Event::Batch, 2 => Event::Merge, 3 => Event::EndPartial, 4 => Event::EndFinal, k => Event::Side(k as u32 - 16) }
    }
}

/// The rows of one call; none in END events.
#[derive(Clone, Copy)]
pub struct Batch<'a>(Option<&'a ArrowArray>);

impl<'a> Batch<'a> {
    /// # Safety
    /// `array` is null, or the host's and valid for 'a.
    pub unsafe fn new(array: *const ArrowArray) -> Batch<'a> { Batch(array.as_ref()) }
    pub fn len(&self) -> usize { self.0.map_or(0, |a| a.length as usize) } pub fn is_empty(&self) -> bool { self.len() == 0 }
    fn column(&self, i: usize) -> &'a ArrowArray {
        let array = self.0.expect("this call has no rows");
        assert!((i as i64) < array.n_children, "there is no column {i}");
        unsafe { &**array.children.add(i) }
    }
    fn buffer<T>(&self, i: usize, k: usize, count: usize) -> &'a [T] {
        let at = unsafe { *self.column(i).buffers.add(k) } as *const T;
        if at.is_null() || count == 0 { &[] } else { unsafe { std::slice::from_raw_parts(at, count) } }
    }
    /// The values of column `i`; T must be as wide as its type.
    pub fn values<T: Copy>(&self, i: usize) -> &'a [T] { self.buffer(i, 1, self.len()) }
    pub fn valid(&self, i: usize, row: usize) -> bool {
        let bits: &[u8] = self.buffer(i, 0, self.len().div_ceil(8));
        bits.is_empty() || bits[row >> 3] >> (row & 7) & 1 == 1
    }
    /// Text of column `i`: the host has checked that it is UTF-8.
    pub fn text(&self, i: usize, row: usize) -> &'a str {
        let offsets: &[i32] = self.buffer(i, 1, self.len() + 1);
        let bytes: &[u8] = self.buffer(i, 2, offsets[self.len()] as usize);
        unsafe { std::str::from_utf8_unchecked(&bytes[offsets[row] as usize..offsets[row + 1] as usize]) }
    }
}

/// A column of the output.
pub enum Column<'a> { I32(&'a [i32]), I64(&'a [i64]), F64(&'a [f64]), Text(&'a [String]) }

/// Hands rows out; the columns must be equally long.
pub fn emit(columns: &[(&str, Column)]) {
    // Everything that the host reads must stay in place until it was called: so it is all in vectors that no longer grow.
    let (mut names, mut texts, mut rows) = (Vec::new(), Vec::new(), 0);
    let mut buffers: Vec<[*const u8; 3]> = Vec::with_capacity(columns.len());
    for (name, column) in columns {
        names.push(CString::new(*name).expect("a name with a zero byte"));
        let (length, values) = match column {
            Column::I32(v) => (v.len(), v.as_ptr() as *const u8),
            Column::I64(v) => (v.len(), v.as_ptr() as *const u8),
            Column::F64(v) => (v.len(), v.as_ptr() as *const u8),
            Column::Text(v) => {
                let mut offsets = vec![0i32];
                offsets.extend(v.iter().scan(0, |end, s| { *end += s.len() as i32; Some(*end) }));
                let bytes = v.concat().into_bytes();
                texts.push((offsets, bytes));
                (v.len(), null())
            }
        };
        rows = length as i64;
        buffers.push([null(), values, null()]);
    }
    let mut text = texts.iter();
    for (parts, (_, column)) in buffers.iter_mut().zip(columns) {
        if let Column::Text(_) = column { let (offsets, bytes) = text.next().unwrap(); parts[1] = offsets.as_ptr() as _; parts[2] = bytes.as_ptr(); }
    }
    let schema = |format: &'static [u8], name: *const i8, n: usize, children| ArrowSchema {
        format: format.as_ptr() as _, name, metadata: null(), flags: 2, n_children: n as i64, children, dictionary: null_mut(), release: 0, private_data: 0,
    };
    let array = |n_buffers, buffers, n: usize, children| ArrowArray {
        length: rows, null_count: 0, offset: 0, n_buffers, n_children: n as i64, buffers, children, dictionary: null_mut(), release: 0, private_data: 0,
    };
    let format = |column: &Column| -> &'static [u8] {
        match column { Column::I32(_) => b"i\0", Column::I64(_) => b"l\0", Column::F64(_) => b"g\0", Column::Text(_) => b"u\0" }
    };
    let mut schemas: Vec<_> = columns.iter().zip(&names).map(|((_, c), name)| schema(format(c), name.as_ptr() as _, 0, null_mut())).collect();
    let mut arrays: Vec<_> = columns.iter().zip(&buffers).map(|((_, c), b)| array(if matches!(c, Column::Text(_)) { 3 } else { 2 }, b.as_ptr(), 0, null_mut())).collect();
    let mut schema_list: Vec<*mut ArrowSchema> = schemas.iter_mut().map(|s| s as _).collect();
    let mut array_list: Vec<*mut ArrowArray> = arrays.iter_mut().map(|a| a as _).collect();
    let root = schema(b"+s\0", b"\0".as_ptr() as _, columns.len(), schema_list.as_mut_ptr());
    let none = [null()];
    let all = array(1, none.as_ptr(), columns.len(), array_list.as_mut_ptr());
    unsafe { host::emit(0, &root, &all) }
}

/// Ends the task with an error for the job's author.
pub fn fail(text: &str) -> ! { unsafe { host::fail(text.as_ptr(), text.len()) } }
/// level: 0 debug, 1 information, 2 warning, 3 error.
pub fn log(level: u32, text: &str) { unsafe { host::log(level, text.as_ptr(), text.len()) } }
pub fn progress(fraction: f64) { unsafe { host::progress(fraction) } }
/// Adds to the job's accumulator of this name: best once a batch.
pub fn add(name: &str, amount: f64) { unsafe { host::add(name.as_ptr(), name.len(), amount) } }
/// A panic becomes the task's error.
pub fn init() { std::panic::set_hook(Box::new(|info| fail(&info.to_string()))) }

#[no_mangle]
pub extern "C" fn muster1_abi() -> i32 { 1 }
#[no_mangle]
pub extern "C" fn muster1_alloc(bytes: usize) -> *mut u8 { Layout::from_size_align(bytes, 64).map_or(null_mut(), |l| unsafe { alloc(l) }) }
/// # Safety
/// The host gives back what it got.
#[no_mangle]
pub unsafe extern "C" fn muster1_free(at: *mut u8, bytes: usize) { dealloc(at, Layout::from_size_align_unchecked(bytes, 64)) }

#[macro_export]
macro_rules! function {
    ($export:ident, $function:expr) => {
        #[no_mangle]
        pub extern "C" fn $export(event: i32, _schema: *const $crate::ArrowSchema, array: *const $crate::ArrowArray) -> i32 {
            $crate::init();
            $function($crate::Event::of(event), unsafe { $crate::Batch::new(array) }).map_or_else(|e: String| $crate::fail(&e), |()| 0)
        }
    };
}
