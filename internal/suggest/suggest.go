// Package suggest finds the word that somebody may have meant.
package suggest

import (
	"slices"
	"strings"
)

// longest is the length, in bytes, of words that are compared at all: nobody
// means one that is longer.
const longest = 256

// Nearest returns those of the words that are like a misspelled one, the
// nearest first: at most a third of their letters differ.
func Nearest(wrong string, words []string) []string {
	type candidate struct {
		word     string
		distance int
	}
	var near []candidate
	for _, word := range words {
		if len(wrong) > longest || len(word) > longest || wrong == "" {
			continue
		}
		if d := distance(strings.ToLower(wrong), strings.ToLower(word)); 3*d <= max(len(wrong), 4) {
			near = append(near, candidate{word, d})
		}
	}
	slices.SortStableFunc(near, func(a, b candidate) int { return a.distance - b.distance })
	found := make([]string, len(near))
	for i := range near {
		found[i] = near[i].word
	}
	return found
}

// First returns the nearest of the words, and nothing if none is near.
func First(wrong string, words []string) string {
	if near := Nearest(wrong, words); len(near) > 0 {
		return near[0]
	}
	return ""
}

// DidYouMean names the word nearest to one that is unknown, as an addition to
// a sentence, and nothing if none is near.
func DidYouMean(wrong string, words []string) string {
	if near := First(wrong, words); near != "" {
		return " (did you mean " + near + "?)"
	}
	return ""
}

// distance is how many bytes have to be changed, added, left out or swapped
// with their neighbour to make one word of the other (Damerau 1964).
func distance(a, b string) int {
	// Three rows of the usual table are all that is looked at again.
	older, old, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range old {
		old[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(old[j]+1, row[j-1]+1, old[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], older[j-2]+1)
			}
		}
		older, old, row = old, row, older
	}
	return old[len(b)]
}
