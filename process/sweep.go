package process

import (
	"fmt"
	"strings"
	"syscall"
	"time"
)

// lookClosely is from which pause on a group is looked at closely: what is left
// of it may only wait for its parent's notice, in vain if that is a container's
// first process that takes none.
const lookClosely = 16 * time.Millisecond

// sweep ends what the process left behind: its group, its orphans that we
// adopted, its cgroup. They are asked first, and forced after the grace; each
// that ends can leave us its children. Both are done before we give up, however
// long this machine keeps us from it.
func (r *run) sweep(grace time.Duration) {
	defer r.cgroup.remove()
	asked := map[int]bool{}
	ask := func(pid int, force bool) {
		switch {
		case force:
			_ = syscall.Kill(pid, syscall.SIGKILL)
		case !asked[pid]:
			asked[pid] = true
			_ = syscall.Kill(pid, syscall.SIGTERM)
			_ = syscall.Kill(pid, syscall.SIGCONT)
		}
	}
	groupLeft := true // a group that is gone leaves its number to others
	force := false
	var end time.Time // of the grace and, with force, of our patience
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		groupLeft = groupLeft && r.members.alive() && (pause < lookClosely || r.members.lives())
		orphansLeft := r.config.Orphans && !childless()
		left := r.cgroup.processes()
		if groupLeft {
			left = append(left, -int(r.members))
		}
		if orphansLeft {
			left = append(left, children()...)
		}
		if len(left) == 0 && !orphansLeft {
			return
		}
		switch now := time.Now(); {
		case end.IsZero():
			end = now.Add(grace)
		case !now.After(end):
		case force:
			r.config.Log.Error("processes of the app do not end though they were killed; they are left", "pids", fmt.Sprint(left))
			return
		default:
			force, end = true, now.Add(killGrace)
		}
		if force {
			r.cgroup.kill()
		}
		for _, pid := range left {
			ask(pid, force)
		}
		time.Sleep(pause)
	}
}

// abandoned tells an app that has ended from one that has gone to the
// background: its first process ends well, and another one stays and listens,
// or will.
func (r *run) abandoned(exit Exit) Exit {
	if exit.Code != 0 || exit.Reason != "" {
		return exit
	}
	left := r.family()
	if len(left) == 0 {
		return exit
	}
	listens := false
	for _, l := range heldBy(left) {
		listens = listens || l.at(r.at)
	}
	if !listens && !r.ready.IsZero() {
		return exit
	}
	names := make([]string, len(left))
	for i, p := range left {
		names[i] = p.String()
	}
	const most = 3
	if len(names) > most {
		names = append(names[:most], "…")
	}
	return Exit{Code: 1, Reason: fmt.Sprintf(
		"went to the background: its first process ended with exit code 0 and left %s; it was ended, too. Let the command stay in the foreground (such as without --daemon, or with nginx -g 'daemon off;')",
		strings.Join(names, ", "))}
}
