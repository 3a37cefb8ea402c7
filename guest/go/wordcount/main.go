// Word count as a plain program: reads text, writes "word TAB count", a line a word, words in byte order. No SDK is needed.
//
//	GOOS=wasip1 GOARCH=wasm go build -o wordcount.wasm ./wordcount
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"slices"
)

func main() {
	counts := map[string]*int64{}
	add := func(word []byte) {
		if len(word) == 0 {
			return
		}
		if count := counts[string(word)]; count != nil {
			*count++
			return
		}
		one := int64(1)
		counts[string(word)] = &one
	}
	block, kept := make([]byte, 1<<18), 0
	for {
		got, err := io.ReadFull(os.Stdin, block[kept:])
		end, start := kept+got, 0
		for i, c := range block[:end] {
			if c <= ' ' {
				add(block[start:i])
				start = i + 1
			}
		}
		// A word may go on in the next block.
		kept = copy(block, block[start:end])
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			break
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if kept == len(block) {
			block = append(block, make([]byte, len(block))...)
		}
	}
	add(block[:kept])
	words := make([]string, 0, len(counts))
	for word := range counts {
		words = append(words, word)
	}
	slices.Sort(words)
	out := bufio.NewWriterSize(os.Stdout, 1<<16)
	for _, word := range words {
		fmt.Fprintf(out, "%s\t%d\n", word, *counts[word])
	}
	if err := out.Flush(); err != nil {
		os.Exit(1)
	}
}
