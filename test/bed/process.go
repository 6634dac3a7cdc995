package bed

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Process is a running process.
type Process struct {
	ID      int
	Parent  int
	Command string
}

func (p Process) String() string { return fmt.Sprintf("%d (of %d): %s", p.ID, p.Parent, p.Command) }

// Environment is what it was started with, as NAME=value.
func (p Process) Environment() ([]string, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.ID))
	return strings.Split(strings.TrimRight(string(content), "\x00"), "\x00"), err
}

// ProcessesWith finds the running processes that have each of these texts in
// their environment, which they pass on to their children wherever those put
// themselves: neither a process group nor a parent is as sure a mark. A process
// that hides its environment from us, as our program does from everybody but
// root, is known by a child that has the marks. It reads /proc, so it is for
// Linux.
func ProcessesWith(marks ...string) ([]Process, error) {
	folders, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	if len(folders) == 0 {
		return nil, fmt.Errorf("/proc shows no processes, so nothing can be said about those left")
	}
	var found, hidden []Process
	for _, folder := range folders {
		environment, err := os.ReadFile(filepath.Join(folder, "environ"))
		secret := errors.Is(err, fs.ErrPermission)
		if !secret && (err != nil || !containsAll(environment, marks)) {
			continue // gone in the meantime, or another
		}
		stat, err := os.ReadFile(filepath.Join(folder, "stat"))
		if err != nil {
			continue
		}
		state, parent := parseStat(string(stat))
		if state == "Z" {
			continue
		}
		command, _ := os.ReadFile(filepath.Join(folder, "cmdline"))
		id, _ := strconv.Atoi(filepath.Base(folder))
		process := Process{
			ID: id, Parent: parent,
			Command: strings.TrimSpace(string(bytes.ReplaceAll(command, []byte{0}, []byte{' '}))),
		}
		if secret {
			hidden = append(hidden, process)
		} else {
			found = append(found, process)
		}
	}
	return append(parents(hidden, found), found...), nil
}

// parents returns those of the candidates that have a child among the others.
// PID 1 is everybody's who has lost their own, and says nothing.
func parents(candidates, children []Process) []Process {
	var found []Process
	for _, candidate := range candidates {
		isParent := func(child Process) bool { return child.Parent == candidate.ID }
		if candidate.ID != 1 && slices.ContainsFunc(children, isParent) {
			found = append(found, candidate)
		}
	}
	return found
}

func containsAll(text []byte, marks []string) bool {
	for _, mark := range marks {
		if !bytes.Contains(text, []byte(mark)) {
			return false
		}
	}
	return true
}

// parseStat reads /proc/N/stat: what follows the name, which is in brackets
// and may hold anything.
func parseStat(stat string) (state string, parent int) {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 2 {
		return "", 0
	}
	parent, _ = strconv.Atoi(fields[1])
	return fields[0], parent
}

// AwaitGone waits until no process has the marks, and returns those that stay.
func AwaitGone(patience time.Duration, marks ...string) ([]Process, error) {
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		left, err := ProcessesWith(marks...)
		if err != nil || len(left) == 0 || time.Now().After(deadline) {
			return left, err
		}
	}
}

func kill(processes []Process) {
	for _, process := range processes {
		_ = syscall.Kill(process.ID, syscall.SIGKILL)
	}
}
