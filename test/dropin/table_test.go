//go:build e2e

package dropin

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// The table of docs/differences.md is between these lines.
const (
	tableBegins = "<!-- go test -tags e2e ./test/dropin/: begin -->\n"
	tableEnds   = "<!-- go test -tags e2e ./test/dropin/: end -->\n"
)

// document is the file with the table; another one is for trying.
var document = flag.String("document", "", "the file with the table, instead of docs/differences.md")

// sections are the table, in its order.
func sections() []section {
	return []section{
		command(), flags(), source(), environment(), answersOfTheApp(), websockets(),
		entrance(), life(), ofStandalone(), refused(),
	}
}

// cells are what was seen of a line: a row of the table for each of its rows.
type cells [][columns]string

// row is a row of the table.
func (c cells) row(i int, r row) string {
	return fmt.Sprintf("| %s | %s | %s | %s | %s |\n", r.what, c[i][old], c[i][standalone], c[i][ours], r.why)
}

// none is what stands for an ability that a program has not.
const none = "–"

// TestSideBySide gives the same to three programs. What differs from the model
// has a reason, what has a reason differs, and the table says all of it.
func TestSideBySide(t *testing.T) {
	all := sections()
	found := map[string]cells{}
	var mutex sync.Mutex
	t.Run("line", func(t *testing.T) {
		for _, part := range all {
			for _, l := range part.lines {
				t.Run(l.name, func(t *testing.T) {
					t.Parallel()
					saw := look(t, l)
					mutex.Lock()
					defer mutex.Unlock()
					if _, twice := found[l.name]; twice {
						t.Fatal("two lines have this name")
					}
					found[l.name] = saw
				})
			}
		}
	})
	if t.Failed() {
		return // a table that is not as it has to be is not shown
	}
	var table strings.Builder
	for _, part := range all {
		fmt.Fprintf(&table, "\n### %s\n\n", part.title)
		if part.explains != "" {
			table.WriteString(part.explains + "\n\n")
		}
		fmt.Fprintf(&table, "| | %s | %s | %s | why |\n|---|---|---|---|---|\n", old, standalone, ours)
		for _, l := range part.lines {
			saw, run := found[l.name]
			if !run {
				return // only a part was asked for, or did not end
			}
			for i, r := range l.rows {
				table.WriteString(saw.row(i, r))
			}
		}
	}
	file := cmp.Or(*document, filepath.Join(shared.Root, "docs", "differences.md"))
	if err := showInDocument(file, table.String()); err != nil {
		t.Error(err)
	}
}

// look starts the programs of a line, sees its rows on each, and judges them.
func look(t *testing.T, l line) cells {
	t.Helper()
	saw := make(cells, len(l.rows))
	var programs sync.WaitGroup
	for of := range columns {
		if l.arguments(of) == nil {
			for i := range saw {
				saw[i][of] = none
			}
			continue
		}
		programs.Go(func() {
			at, err := start(t.Context(), l, of)
			if err != nil {
				t.Error(err)
			} else {
				for i, r := range l.rows {
					saw[i][of] = r.see(at)
				}
			}
			if at != nil {
				if err := at.end(l.name); err != nil {
					t.Error(err)
				}
			}
		})
	}
	programs.Wait()
	for i, r := range l.rows {
		t.Log(saw.row(i, r))
		if complaint := judge(r, saw[i][ours], saw[i][l.model()], l.model()); complaint != "" {
			t.Error(complaint)
		}
	}
	return saw
}

// judge complains of a difference without a reason, and of a reason without a
// difference.
func judge(r row, here, there string, model column) string {
	switch {
	case here != there && r.why == "":
		return fmt.Sprintf("%s: ours: %s; %s: %s; it has to be the same, or the row has to say why not", r.what, here, model, there)
	case here == there && r.why != "":
		return fmt.Sprintf("%s: ours is like %s: %s; so there is nothing to explain by %q", r.what, model, here, r.why)
	}
	return ""
}

func TestJudge(t *testing.T) {
	for _, test := range []struct {
		here, there, why, want string
	}{
		{"200", "200", "", ""},
		{"200", "500", "it works", ""},
		{"200", "500", "", "has to say why not"},
		{"200", "200", "it works", "nothing to explain"},
	} {
		got := judge(row{what: "x", why: test.why}, test.here, test.there, old)
		if (test.want == "") != (got == "") || !strings.Contains(got, test.want) {
			t.Errorf("%+v: got %q", test, got)
		}
	}
}

func TestTableIsShown(t *testing.T) {
	file := filepath.Join(t.TempDir(), "document.md")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("no place\n")
	if err := showInDocument(file, "new\n"); err == nil || !strings.Contains(err.Error(), "no place") {
		t.Errorf("a document without a place: %v", err)
	}
	write("before\n" + tableBegins + "old\n" + tableEnds + "after\n")
	if err := showInDocument(file, "new\n"); err == nil || !strings.Contains(err.Error(), "another table") {
		t.Errorf("another table was there: %v", err)
	}
	if err := showInDocument(file, "new\n"); err != nil {
		t.Errorf("the table was there: %v", err)
	}
	got, err := os.ReadFile(file)
	if want := "before\n" + tableBegins + "new\n\n" + tableEnds + "after\n"; err != nil || string(got) != want {
		t.Errorf("got %q, %v", got, err)
	}
}

// showInDocument puts the table into the document, and fails if another was
// there: what it says must have been seen.
func showInDocument(file, table string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, begins := bytes.Cut(text, []byte(tableBegins))
	shown, after, ends := bytes.Cut(rest, []byte(tableEnds))
	if !begins || !ends {
		return fmt.Errorf("%s has no place for the table: %q, %q", file, tableBegins, tableEnds)
	}
	if string(shown) == table+"\n" {
		return nil
	}
	updated := string(before) + tableBegins + table + "\n" + tableEnds + string(after)
	if err := os.WriteFile(file, []byte(updated), 0o644); err != nil {
		return err
	}
	return fmt.Errorf("%s showed another table; look at what has changed, and commit it if it is right", file)
}
