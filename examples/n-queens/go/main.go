//go:build wasip1

// N-Queens in Go: counts the ways to place the other queens. Input: first INTEGER, second INTEGER, the columns of the queens in the first
// two rows of the board. Parameter: n. Output: solutions BIGINT, for each row. Build it in the folder examples/:
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -ldflags='-s -w' -o queens.wasm ./n-queens/go
package main

import "muster.dev/guest/muster"

var all uint32

// Bits are columns: taken, and attacked along each diagonal in the row at hand.
func place(taken, left, right uint32) int64 {
	if taken == all {
		return 1
	}
	count := int64(0)
	for free := all &^ (taken | left | right); free != 0; free &= free - 1 {
		queen := free & -free
		count += place(taken|queen, (left|queen)<<1, (right|queen)>>1)
	}
	return count
}

//go:wasmexport muster1_queens
func queens(event int32, schema, array uint32) int32 {
	switch event {
	case muster.Open:
		// Parameters come in the order of their names, n before $seed.
		all = 1<<uint32(muster.Values[float64](muster.Read(array), 0)[0]) - 1
	case muster.Rows:
		rows := muster.Read(array)
		firsts, seconds := muster.Values[int32](rows, 0), muster.Values[int32](rows, 1)
		solutions := make([]int64, len(firsts))
		for row := range firsts {
			first, second := uint32(1)<<firsts[row], uint32(1)<<seconds[row]
			solutions[row] = place(first|second, (first<<1|second)<<1, (first>>1|second)>>1)
		}
		muster.Emit(muster.Column{Name: "solutions", Values: solutions})
	}
	return 0
}

func main() {}
