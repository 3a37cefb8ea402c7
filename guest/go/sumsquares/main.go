//go:build wasip1

// An aggregate of the batch ABI: the sum of the squares of a DOUBLE column, in parts that are merged.
package main

import "muster.dev/guest/muster"

var sum float64
var count int64

//go:wasmexport muster1_sumsq
func sumsq(event int32, schema, array uint32) int32 {
	rows := muster.Read(array)
	switch event {
	case muster.Open:
		sum, count = 0, 0
	case muster.Rows:
		for row, x := range muster.Values[float64](rows, 0) {
			if rows.Valid(0, row) {
				sum += x * x
				count++
			}
		}
	case muster.Merge:
		counts := muster.Values[int64](rows, 1)
		for row, part := range muster.Values[float64](rows, 0) {
			sum += part
			count += counts[row]
		}
	case muster.EndPartial, muster.EndFinal:
		muster.Emit(muster.Column{Name: "sum", Values: []float64{sum}}, muster.Column{Name: "count", Values: []int64{count}})
	}
	return 0
}

// A flatMap: the words of a VARCHAR column, each with its length; counted, too.
//
//go:wasmexport muster1_words
func words(event int32, schema, array uint32) int32 {
	if event != muster.Rows {
		return 0
	}
	rows := muster.Read(array)
	var found []string
	var lengths []int32
	for row := range rows.Len() {
		if !rows.Valid(0, row) {
			continue
		}
		text, start := rows.Text(0, row), -1
		for i := 0; i <= len(text); i++ {
			if i < len(text) && text[i] > ' ' {
				if start < 0 {
					start = i
				}
			} else if start >= 0 {
				found, lengths, start = append(found, string(text[start:i])), append(lengths, int32(i-start)), -1
			}
		}
	}
	muster.Emit(muster.Column{Name: "word", Values: found}, muster.Column{Name: "length", Values: lengths})
	muster.Add("words", float64(len(found)))
	return 0
}

func main() {}
