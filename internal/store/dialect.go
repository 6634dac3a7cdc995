package store

import (
	"database/sql"
	"fmt"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// dialect is what one database wants said differently from the other.
type dialect struct {
	// words replaces those in braces in all that is sent:
	//
	//	{text}   the type of texts that are compared byte by byte
	//	{bytes}  the type of bytes
	//	{now}    the database's time, in microseconds; all processes share it
	//	{find}   the function that says where a text is in another, from 1
	//	{array}  the aggregate that makes a JSON list
	//	{lock}   locks the rows of a SELECT for this transaction
	//	{skip}   the same, and leaves out those that are locked
	words *strings.Replacer
	// list, with a parameter for %s, is a table of a JSON list's texts: value, and
	// key from 0.
	list string
	// transaction is how one that writes begins.
	transaction *sql.TxOptions
	// lockSchema keeps other processes from changing the tables until the
	// transaction ends, and checkSchema counts what is wrong at its end.
	lockSchema, checkSchema string
	// tables counts all tables there are, and ours says whether the one named
	// versions is there.
	tables, ours string
	// meaning is what an error of the database's means to those who use the store,
	// and nil if that is not known.
	meaning func(error) error
}

// listOf is the table of the JSON list that is a parameter, such as "$2".
func (d *dialect) listOf(parameter string) string { return fmt.Sprintf(d.list, parameter) }

// taken is what it means that a row would be the second of its kind: index is
// the name of the index, or of the columns, that allows one only.
func taken(index string) error {
	switch {
	case strings.Contains(index, "dashboards_name"), strings.Contains(index, "dashboards.folded_name"):
		return dashboard.ErrNameTaken
	case strings.Contains(index, "dashboards_server"), strings.Contains(index, "dashboards.server"):
		return dashboard.ErrServerTaken
	case strings.Contains(index, "jobs_open"), strings.Contains(index, "jobs.viewer"):
		return dashboard.ErrBusy
	}
	return nil
}

// unavailable is what it means that the database cannot do its work.
func unavailable(what string, cause error) error {
	return &dashboard.Error{Kind: dashboard.Unavailable, Message: what, Cause: cause}
}
