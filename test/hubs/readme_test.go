//go:build hubs

package hubs

import (
	"bytes"
	"fmt"
	"os"
	"strings"
)

// The README shows the table between these lines.
const (
	tableBegins = "<!-- make test-hubs: begin -->\n"
	tableEnds   = "<!-- make test-hubs: end -->\n"
)

// showInREADME puts a whole table into the README, and fails if another was
// there: what it says must have been seen.
func showInREADME(file, table string) error {
	if strings.Contains(table, notRun) {
		return nil // only a part was asked for
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, begins := bytes.Cut(text, []byte(tableBegins))
	shown, after, ends := bytes.Cut(rest, []byte(tableEnds))
	if !begins || !ends {
		return fmt.Errorf("%s has no place for the table: %q, %q", file, tableBegins, tableEnds)
	}
	if string(shown) == "\n"+table+"\n" {
		return nil
	}
	updated := string(before) + tableBegins + "\n" + table + "\n" + tableEnds + string(after)
	if err := os.WriteFile(file, []byte(updated), 0o644); err != nil {
		return err
	}
	return fmt.Errorf("%s showed another table; look at what has changed, and commit it if it is right", file)
}
