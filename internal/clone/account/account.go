// Package account works with files as somebody else: with the rights of the user
// whose files they are, and no more, although the program may do anything.
package account

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// Account is a user of this machine, as far as files are concerned.
type Account struct {
	UID, GID int
	// Groups are all that the user is in.
	Groups []int
}

// Lookup finds the account of an owner, by the owner's name on the hub.
type Lookup func(ctx context.Context, owner string) (Account, error)

// lookupTime is how long a directory service may take.
const lookupTime = 10 * time.Second

// System looks accounts up as the machine does, directory services included. The
// template is what the machine calls an owner: "{username}", or "{tljh}" on The
// Littlest JupyterHub.
func System(template string) (Lookup, error) {
	if Placeholder(template) == "" {
		return nil, fmt.Errorf("the template %q of system users should have one of %s and %s once", template, username, littlest)
	}
	return func(ctx context.Context, owner string) (Account, error) {
		return find(ctx, Name(template, owner))
	}, nil
}

// find asks getent and id, which ask whatever nsswitch.conf names; the Go
// library without C reads /etc/passwd alone.
func find(ctx context.Context, name string) (Account, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	out, err := ask(ctx, "getent", "passwd", "--", name)
	if err != nil {
		return Account{}, fmt.Errorf("the machine has no user %q: %w", name, err)
	}
	found, err := parsePasswd(out, name)
	if err != nil {
		return Account{}, err
	}
	if out, err = ask(ctx, "id", "-G", "--", name); err != nil {
		return Account{}, fmt.Errorf("the groups of the user %q cannot be found: %w", name, err)
	}
	for field := range strings.FieldsSeq(out) {
		group, err := strconv.ParseUint(field, 10, 31)
		if err != nil {
			return Account{}, fmt.Errorf("the groups of the user %q are not numbers: %q", name, field)
		}
		found.Groups = append(found.Groups, int(group))
	}
	return found, nil
}

// parsePasswd reads an entry, see passwd(5). A number is taken for a user's id by
// getent, which would let a hub's user called 1000 be another one: the name has
// to be what was asked for.
func parsePasswd(line, name string) (Account, error) {
	fields := strings.Split(strings.TrimSuffix(line, "\n"), ":")
	if len(fields) != 7 || fields[0] != name || name == "" {
		return Account{}, fmt.Errorf("the machine has no user whose name is %q", name)
	}
	uid, err := strconv.ParseUint(fields[2], 10, 31)
	gid, wrong := strconv.ParseUint(fields[3], 10, 31)
	if err := errors.Join(err, wrong); err != nil {
		return Account{}, fmt.Errorf("the ids of the user %q are not numbers: %w", name, err)
	}
	if uid == 0 {
		return Account{}, fmt.Errorf("the user %q is root, for whom nothing is cloned", name)
	}
	return Account{UID: int(uid), GID: int(gid)}, nil
}

func ask(ctx context.Context, program string, arguments ...string) (string, error) {
	var complaint bytes.Buffer
	command := exec.CommandContext(ctx, program, arguments...) // #nosec G204 -- a name behind --, and no shell
	command.Stderr = &complaint
	out, err := command.Output()
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return "", fmt.Errorf("%s: %w %s", program, err, bytes.TrimSpace(complaint.Bytes()))
	}
	return string(out), nil
}
