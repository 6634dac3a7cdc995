package main

import (
	"cmp"
	"slices"
	"time"
)

// median is the middle value, or the mean of the two in the middle.
func median[T float64 | time.Duration](values []T) T {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// spread is the first and the third quartile: between them is the middle half.
func spread(values []float64) (low, high float64) {
	if len(values) == 0 {
		return 0, 0
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return sorted[len(sorted)/4], sorted[len(sorted)*3/4]
}

// pick takes one figure out of each round.
func pick[T any, V cmp.Ordered](rounds []T, figure func(T) V) []V {
	values := make([]V, len(rounds))
	for i, r := range rounds {
		values[i] = figure(r)
	}
	return values
}
