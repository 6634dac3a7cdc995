package docker

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// source is a server's container.
type source struct {
	container.InspectResponse
	// home is where its files are, and folder what is wanted of them, which is in
	// it. No part of either is a link.
	home, folder string
}

// maxCandidates bounds how many containers of similar names are looked at.
const maxCandidates = 50

// find finds the container of a user's server.
func (c *Cloner) find(ctx context.Context, owner, server string) (container.InspectResponse, error) {
	var none container.InspectResponse
	ctx, cancel := context.WithTimeout(ctx, quick)
	defer cancel()
	listed, err := c.engine.ContainerList(ctx, client.ContainerListOptions{
		All: true, Filters: client.Filters{}.Add("name", c.names.pattern(owner, server)),
	})
	if err != nil {
		return none, err
	}
	var found []container.InspectResponse
	for _, candidate := range listed.Items[:min(len(listed.Items), maxCandidates)] {
		inspected, err := c.engine.ContainerInspect(ctx, candidate.ID, client.ContainerInspectOptions{})
		if cerrdefs.IsNotFound(err) {
			continue // has just been removed
		}
		if err != nil {
			return none, err
		}
		if inspected.Container.Config == nil || inspected.Container.State == nil {
			return none, fmt.Errorf("docker describes the container %.12s without its configuration", candidate.ID)
		}
		if !belongs(inspected.Container.Config.Env, owner, server) {
			c.log.Warn("a container has the name of a server, but is not that server's", "container", candidate.ID, "user", owner, "server", server)
			continue
		}
		found = append(found, inspected.Container)
	}
	if len(found) == 0 {
		return none, noServer(server)
	}
	// There is more than one if it was started from another image before.
	return slices.MaxFunc(found, func(a, b container.InspectResponse) int {
		if a.State.Running != b.State.Running {
			if a.State.Running {
				return 1
			}
			return -1
		}
		return strings.Compare(a.Created, b.Created)
	}), nil
}

func noServer(server string) error {
	if server == "" {
		return dashboard.InvalidField("source.server", "Your server has no container here at the moment. Start it and try again.")
	}
	return dashboard.InvalidField("source.server", "Your server %q has no container here at the moment. Start it and try again.", server)
}

// belongs says whether a container is that of a user's server by what the hub
// told it. Names are escaped, and operators choose how, so two servers' could be
// the same; and nobody in a container can change what it was told.
func belongs(env []string, owner, server string) bool {
	user, told := lookup(env, "JUPYTERHUB_USER")
	if !told || user != owner {
		return false
	}
	name, _ := lookup(env, "JUPYTERHUB_SERVER_NAME")
	return name == server && single(env, "JUPYTERHUB_USER") && single(env, "JUPYTERHUB_SERVER_NAME")
}

func lookup(env []string, name string) (string, bool) {
	for _, each := range env {
		if value, ok := strings.CutPrefix(each, name+"="); ok {
			return value, true
		}
	}
	return "", false
}

// single says that a variable is not there twice.
func single(env []string, name string) bool {
	at := slices.IndexFunc(env, func(each string) bool { return strings.HasPrefix(each, name+"=") })
	return at < 0 || !slices.ContainsFunc(env[at+1:], func(each string) bool { return strings.HasPrefix(each, name+"=") })
}

// locate finds the folder that is wanted in a container.
func (c *Cloner) locate(ctx context.Context, found container.InspectResponse, owner, folder string) (source, error) {
	s := source{InspectResponse: found}
	home, err := c.homeOf(found.Config, owner)
	if err != nil {
		return s, err
	}
	var at container.PathStat
	s.home, at, err = c.resolve(ctx, s.ID, home)
	if cerrdefs.IsNotFound(err) || err == nil && !at.Mode.IsDir() {
		return s, dashboard.InvalidField("source.server", "Your server has no folder for your files where it should be. Tell your administrator.")
	}
	if err != nil {
		return s, err
	}
	s.folder, at, err = c.resolve(ctx, s.ID, path.Join(s.home, folder))
	switch {
	case cerrdefs.IsNotFound(err):
		return s, dashboard.InvalidField("source.folder", "There is no folder %q on your server. Choose one that is there.", folder)
	case err != nil:
		return s, err
	case !at.Mode.IsDir():
		return s, dashboard.InvalidField("source.folder", "%q is no folder on your server. Choose one.", folder)
	case !below(s.folder, s.home):
		return s, dashboard.InvalidField("source.folder", "The folder %q is a link that leads out of your files. Choose a folder among them.", folder)
	}
	return s, nil
}

// homeOf is where a server's files are.
func (c *Cloner) homeOf(config *container.Config, owner string) (string, error) {
	if c.config.Home != "" {
		return c.names.home(c.config.Home, owner)
	}
	if told, _ := lookup(config.Env, "JUPYTERHUB_ROOT_DIR"); path.IsAbs(told) && told != "/" {
		return path.Clean(told), nil
	}
	if folder := path.Clean(config.WorkingDir); path.IsAbs(folder) && folder != "/" {
		return folder, nil
	}
	return "/home/jovyan", nil
}

// checkApp says that what is to be shown is not there, and else where it is, and
// whether it is a folder.
func (c *Cloner) checkApp(ctx context.Context, id, folder string, app dashboard.App) (at string, isFolder bool, err error) {
	if app.Path == "" {
		return folder, true, nil
	}
	at, found, err := c.resolve(ctx, id, path.Join(folder, app.Path))
	if cerrdefs.IsNotFound(err) || err == nil && !found.Mode.IsDir() && !found.Mode.IsRegular() {
		return "", false, dashboard.InvalidField("app.path", "There is no %q in the folder that is cloned. Save it there, or choose another file to show.", app.Path)
	}
	return at, found.Mode.IsDir(), err
}
