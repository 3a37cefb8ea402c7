//go:build wasip1

// A Muster guest in Go: change square, add functions beside it. Build it in the folder above:
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o module.wasm ./template
package main

import "muster.dev/guest/muster"

//go:wasmexport muster1_square
func square(event int32, schema, array uint32) int32 {
	if event != muster.Rows {
		return 0
	}
	x := muster.Values[float64](muster.Read(array), 0)
	squares := make([]float64, len(x))
	for row, value := range x {
		squares[row] = value * value
	}
	muster.Emit(muster.Column{Name: "square", Values: squares})
	return 0
}

func main() {}
