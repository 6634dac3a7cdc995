package terminal

import (
	"fmt"
	"strings"
)

// Column is one column of a table.
type Column struct {
	Title string
	// Least is to how many columns of the screen it may be cut; 0 is not at all.
	Least int
	// Rank says which columns go first where there is no room even so: the highest.
	// Those of rank 0 stay.
	Rank int
	// Right sets numbers below each other.
	Right bool
}

// Cell is what stands in a row.
type Cell struct {
	Text  string
	Color Color
}

// gap is between two columns.
const gap = "  "

// Table writes rows below their titles, aligned, and within the screen's width.
func (s Screen) Table(columns []Column, rows [][]Cell) error {
	widths := make([]int, len(columns))
	clean := make([][]string, len(rows))
	for c, column := range columns {
		widths[c] = Width(column.Title)
	}
	for r, row := range rows {
		clean[r] = make([]string, len(columns))
		for c := range columns {
			clean[r][c] = s.Text(row[c].Text)
			widths[c] = max(widths[c], Width(clean[r][c]))
		}
	}
	shown := fit(columns, widths, s.Columns())

	var out strings.Builder
	line := func(cell func(c int) (string, Color)) {
		var built strings.Builder
		for i, c := range shown {
			if i > 0 {
				built.WriteString(gap)
			}
			text, color := cell(c)
			text = s.Cut(text, widths[c])
			padding := strings.Repeat(" ", widths[c]-Width(text))
			switch last := i == len(shown)-1; {
			case columns[c].Right:
				built.WriteString(padding + s.Paint(color, text))
			case last:
				built.WriteString(s.Paint(color, text))
			default:
				built.WriteString(s.Paint(color, text) + padding)
			}
		}
		fmt.Fprintln(&out, strings.TrimRight(built.String(), " "))
	}
	line(func(c int) (string, Color) { return columns[c].Title, Bold })
	for r, row := range rows {
		line(func(c int) (string, Color) { return clean[r][c], row[c].Color })
	}
	_, err := fmt.Fprint(s.Out, out.String())
	return err
}

// fit makes columns narrower, the widest first, until they go into the room, and
// leaves some out if they do not. It returns those that are shown.
func fit(columns []Column, widths []int, room int) []int {
	shown := make([]int, len(columns))
	for c := range columns {
		shown[c] = c
	}
	for room > 0 {
		total := len(gap) * (len(shown) - 1)
		for _, c := range shown {
			total += widths[c]
		}
		if total <= room {
			break
		}
		widest, last := -1, -1
		for i, c := range shown {
			if columns[c].Least > 0 && widths[c] > columns[c].Least && (widest < 0 || widths[c] > widths[widest]) {
				widest = c
			}
			if columns[c].Rank > 0 && (last < 0 || columns[c].Rank > columns[shown[last]].Rank) {
				last = i
			}
		}
		switch {
		case widest >= 0:
			widths[widest]--
		case last >= 0:
			shown = append(shown[:last:last], shown[last+1:]...)
		default:
			return shown // it is too narrow for anything
		}
	}
	return shown
}
