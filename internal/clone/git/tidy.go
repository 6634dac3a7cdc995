//go:build unix

package git

import (
	"context"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/account"
	"github.com/ideonate/jhsingle-native-proxy/internal/clone/selection"
)

// tidier takes out of a work tree what does not belong into a snapshot, and gives
// the rest to its owner (selection.Visitor). Nobody else can enter the tree.
type tidier struct {
	ctx    context.Context
	owner  *account.Account
	report selection.Report
}

// Enter is part of selection.Visitor.
func (t *tidier) Enter(selection.Entry) error { return nil }

// Leave is part of selection.Visitor.
func (t *tidier) Leave(e selection.Entry) error { return t.give(e) }

// File is part of selection.Visitor.
func (t *tidier) File(e selection.Entry) error { return t.give(e) }

// Link is part of selection.Visitor.
func (t *tidier) Link(e selection.Entry) error {
	if target, err := e.In.Link(e.Name); err != nil || target == e.Target {
		if err != nil {
			return err
		}
		return t.give(e)
	}
	if err := e.In.Remove(t.ctx, e.Name); err != nil {
		return err
	}
	if err := e.In.Symlink(e.Target, e.Name); err != nil {
		return err
	}
	return t.give(e)
}

// LeftOut is part of selection.Visitor.
func (t *tidier) LeftOut(e selection.Entry, why selection.Reason) error {
	if e.Name != ".git" { // everybody knows of that one
		t.report.LeftOut(e.Path, why)
	}
	return e.In.Remove(t.ctx, e.Name)
}

func (t *tidier) give(e selection.Entry) error {
	if t.owner == nil {
		return nil
	}
	return e.In.Own(e.Name, t.owner.UID, t.owner.GID)
}
