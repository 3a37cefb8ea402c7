//go:build wasip1

// Package muster is the SDK of muster-batch/1 for Go (1.24 or later): columns in the module's own memory. Rules: ../../SPEC.md
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o functions.wasm .
//
// A function of the module is exported under muster1_NAME, in package main:
//
//	//go:wasmexport muster1_name
//	func name(event int32, schema, array uint32) int32 { ... return 0 }
//
// Input belongs to the host and is valid during the call. What Emit is given is copied before it returns.
package muster

import "runtime"
import "unsafe"

// Events: what a call is about. Side+k is broadcast table k.
const Open, Rows, Merge, EndPartial, EndFinal, Side = 0, 1, 2, 3, 4, 16

// Structs of the Arrow C data interface in 32-bit memory: pointers are uint32, since Go's own have 64 bits here.
type cSchema struct {
	format, name, metadata, _               uint32
	flags, nChildren                        int64
	children, dictionary, release, private_ uint32
}
type cArray struct {
	length, nullCount, offset, nBuffers, nChildren         int64
	buffers, children, dictionary, release, private_, _pad uint32
}

var _, _ = [1]struct{}{}[unsafe.Sizeof(cSchema{})-48], [1]struct{}{}[unsafe.Sizeof(cArray{})-64]

//go:wasmimport muster1 emit
func emit(port uint32, schema, array unsafe.Pointer)

//go:wasmimport muster1 add
func add(name unsafe.Pointer, length uint32, amount float64)

//go:wasmimport muster1 log
func log(level uint32, text unsafe.Pointer, length uint32)

//go:wasmimport muster1 fail
func fail(text unsafe.Pointer, length uint32)

//go:wasmimport muster1 progress
func Progress(fraction float64)

// What the host fills lives as long as it is in here; Go never moves it.
var held = map[uint32][]byte{}

//go:wasmexport muster1_abi
func abi() int32 { return 1 }

//go:wasmexport muster1_alloc
func alloc(n uint32) uint32 {
	block := make([]byte, n+1)
	at := uint32(uintptr(unsafe.Pointer(&block[0])))
	held[at] = block
	return at
}

//go:wasmexport muster1_free
func free(at, n uint32) { delete(held, at) }

// Fail ends the task with an error for the job's author.
func Fail(text string) { fail(pointer(text), uint32(len(text))) }

// Log writes a line; level: 0 debug, 1 information, 2 warning, 3 error.
func Log(level uint32, text string) { log(level, pointer(text), uint32(len(text))) }

// Add adds to the job's accumulator of this name: best once a batch.
func Add(name string, amount float64) { add(pointer(name), uint32(len(name)), amount) }

func pointer(text string) unsafe.Pointer { return unsafe.Pointer(unsafe.StringData(text)) }
func at[T any](p uint32) *T              { return (*T)(unsafe.Pointer(uintptr(p))) }

// Batch is the rows of one call.
type Batch struct{ array *cArray }

// Read gives the rows of a call; not to be used in END events, which have none.
func Read(array uint32) Batch { return Batch{at[cArray](array)} }

// Len is the number of rows.
func (b Batch) Len() int              { return int(b.array.length) }
func (b Batch) column(i int) *cArray  { return at[cArray](*at[uint32](b.array.children + 4*uint32(i))) }
func (a *cArray) buffer(i int) uint32 { return *at[uint32](a.buffers + 4*uint32(i)) }

// Values are those of column i; T must be as wide as its type.
func Values[T any](b Batch, i int) []T {
	return unsafe.Slice(at[T](b.column(i).buffer(1)), b.Len())
}

// Valid tells whether column i has a value in the row.
func (b Batch) Valid(i, row int) bool {
	bits := b.column(i).buffer(0)
	return bits == 0 || *at[uint8](bits + uint32(row>>3))>>(row&7)&1 == 1
}

// Text is that of column i in the row, in place: copy what is kept.
func (b Batch) Text(i, row int) []byte {
	c := b.column(i)
	offsets := unsafe.Slice(at[int32](c.buffer(1)), b.Len()+1)
	return unsafe.Slice(at[byte](c.buffer(2)+uint32(offsets[row])), offsets[row+1]-offsets[row])
}

// Column is one of the output: int32, int64, float64 or string values.
type Column struct {
	Name   string
	Values any
}

// Emit hands rows out; the columns must be equally long.
func Emit(columns ...Column) {
	var pins []any
	keep := func(p unsafe.Pointer, owner any) uint32 { pins = append(pins, owner); return uint32(uintptr(p)) }
	text := func(s string) uint32 { b := append([]byte(s), 0); return keep(unsafe.Pointer(&b[0]), b) }
	schemas, arrays, rows := make([]uint32, len(columns)), make([]uint32, len(columns)), 0
	for i, column := range columns {
		format, buffers, count := "", []uint32{0, 0, 0}, int64(2)
		switch v := column.Values.(type) {
		case []int32:
			format, rows, buffers[1] = "i", len(v), keep(unsafe.Pointer(unsafe.SliceData(v)), v)
		case []int64:
			format, rows, buffers[1] = "l", len(v), keep(unsafe.Pointer(unsafe.SliceData(v)), v)
		case []float64:
			format, rows, buffers[1] = "g", len(v), keep(unsafe.Pointer(unsafe.SliceData(v)), v)
		case []string:
			offsets, data := make([]int32, 1, len(v)+1), []byte{}
			for _, s := range v {
				data = append(data, s...)
				offsets = append(offsets, int32(len(data)))
			}
			format, rows, count = "u", len(v), 3
			buffers[1], buffers[2] = keep(unsafe.Pointer(&offsets[0]), offsets), keep(unsafe.Pointer(unsafe.SliceData(data)), data)
		default:
			Fail("column " + column.Name + " has values that Emit does not take")
		}
		s := &cSchema{format: text(format), name: text(column.Name), flags: 2}
		a := &cArray{length: int64(rows), nBuffers: count, buffers: keep(unsafe.Pointer(&buffers[0]), buffers)}
		schemas[i], arrays[i] = keep(unsafe.Pointer(s), s), keep(unsafe.Pointer(a), a)
	}
	n, none := int64(len(columns)), []uint32{0}
	s := &cSchema{format: text("+s"), name: text(""), nChildren: n, children: keep(unsafe.Pointer(unsafe.SliceData(schemas)), schemas)}
	a := &cArray{length: int64(rows), nBuffers: 1, nChildren: n, buffers: keep(unsafe.Pointer(&none[0]), none), children: keep(unsafe.Pointer(unsafe.SliceData(arrays)), arrays)}
	emit(0, unsafe.Pointer(s), unsafe.Pointer(a))
	runtime.KeepAlive(pins)
}
