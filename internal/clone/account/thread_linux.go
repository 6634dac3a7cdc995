//go:build linux && !386 && !arm && !mips && !mipsle

package account

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Check says whether the program can work as others.
func Check() error {
	if os.Geteuid() != 0 {
		return errors.New("only root can work with files as another user")
	}
	return nil
}

// Do does something with the account's rights on files: what it makes is the
// account's, and what the account may not read cannot be read. Without an account
// it is done as what the program is.
//
// The kernel keeps who may do what for each thread, and has an identity that
// counts for files alone (setfsuid(2)), so that the account's own processes still
// cannot touch this one. What work starts in goroutines of its own is not done as
// the account. The thread goes on as it was before; if it cannot, it ends with the
// goroutine, which stays locked to it (runtime.LockOSThread). That is the exception,
// as a thread's children may end with it (PR_SET_PDEATHSIG).
func (a *Account) Do(work func() error) error {
	if a == nil {
		return work()
	}
	if err := Check(); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		was, err := identity()
		if err == nil {
			if err = a.become(); err == nil {
				err = work()
			}
			if was.restore() {
				runtime.UnlockOSThread()
			}
		}
		done <- err
	}()
	return <-done
}

// become gives the thread the account's identity for files, and makes sure that
// it has it.
func (a *Account) become() error {
	if a.UID <= 0 || a.GID < 0 {
		return fmt.Errorf("nothing is done as the user %d of the group %d", a.UID, a.GID)
	}
	if err := setIDs(a.UID, a.GID, a.Groups); err != nil {
		return fmt.Errorf("the rights of the user %d cannot be taken on: %w", a.UID, err)
	}
	data, err := capabilities()
	if err != nil {
		return err
	}
	for _, capability := range overriding {
		if data.Effective&(1<<capability) != 0 {
			return errors.New("the thread kept root's rights on files")
		}
	}
	return nil
}

// thread is what a thread may do with files.
type thread struct {
	uid, gid int
	groups   []int
	may      unix.CapUserData
}

func identity() (thread, error) {
	groups, err := unix.Getgroups()
	if err != nil {
		return thread{}, err
	}
	may, err := capabilities()
	uid, gid := fileIDs()
	return thread{uid, gid, groups, may}, err
}

// restore makes the thread what it was, and says whether it is.
func (t thread) restore() bool {
	if setIDs(t.uid, t.gid, t.groups) != nil {
		return false
	}
	now, err := identity()
	slices.Sort(now.groups)
	slices.Sort(t.groups)
	return err == nil && now.uid == t.uid && now.gid == t.gid && slices.Equal(now.groups, t.groups) && now.may == t.may
}

// setIDs sets the identity for files. setfsuid does not say when it fails.
func setIDs(uid, gid int, groups []int) error {
	if err := setGroups(groups); err != nil {
		return err
	}
	_, _ = unix.SetfsgidRetGid(gid)
	_, _ = unix.SetfsuidRetUid(uid)
	if nowUID, nowGID := fileIDs(); nowUID != uid || nowGID != gid {
		return unix.EPERM
	}
	return nil
}

// fileIDs are the ids that count for files: what cannot be one changes nothing, and
// returns what is (setfsuid(2)).
func fileIDs() (uid, gid int) {
	uid, _ = unix.SetfsuidRetUid(-1)
	gid, _ = unix.SetfsgidRetGid(-1)
	return uid, gid
}

// setGroups is the system call, which is for this thread; the one of the syscall
// package is for all.
func setGroups(groups []int) error {
	list := make([]uint32, 0, len(groups)+1)
	for _, group := range groups {
		if group < 0 {
			return unix.EINVAL
		}
		list = append(list, uint32(group)) // #nosec G115 -- not negative
	}
	list = append(list, 0)                                                                                         // so that there is something to point to; it is not counted
	_, _, errno := unix.RawSyscall(unix.SYS_SETGROUPS, uintptr(len(groups)), uintptr(unsafe.Pointer(&list[0])), 0) // #nosec G103 -- as the call wants it
	if errno != 0 {
		return errno
	}
	return nil
}

// overriding are what lets a process go past the permissions of files. The kernel
// takes them away with setfsuid, unless a process asked it not to (capabilities(7),
// SECBIT_NO_SETUID_FIXUP).
var overriding = []uint{unix.CAP_CHOWN, unix.CAP_DAC_OVERRIDE, unix.CAP_DAC_READ_SEARCH, unix.CAP_FOWNER, unix.CAP_FSETID}

func capabilities() (unix.CapUserData, error) {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return data[0], fmt.Errorf("what the thread may do cannot be told: %w", err)
	}
	return data[0], nil
}
