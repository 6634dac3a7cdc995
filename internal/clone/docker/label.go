package docker

import (
	"strconv"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// The labels of images, and of what there is while one is made. Repository tells
// one builder's from another's on the same Docker.
const (
	labelDashboard  = "org.jhsingle.dashboard"
	labelRepository = labelDashboard + ".repository"
	labelRevision   = labelDashboard + ".revision"
	labelOwner      = labelDashboard + ".owner"
	labelCreated    = labelDashboard + ".created"
	labelFolder     = labelDashboard + ".folder"
	// labelBytes is how much is not of the image that the server ran from.
	labelBytes = labelDashboard + ".bytes"
)

func (c *Cloner) labels(request dashboard.CloneRequest, folder string, bytes int64, now time.Time) map[string]string {
	return map[string]string{
		labelDashboard:  request.Dashboard,
		labelRepository: c.config.Repository,
		labelRevision:   strconv.Itoa(request.Revision),
		labelOwner:      request.Owner,
		labelCreated:    now.UTC().Format(time.RFC3339),
		labelFolder:     folder,
		labelBytes:      strconv.FormatInt(bytes, 10),
	}
}

// read tells whose something is by its labels; ok is false for what is not ours.
// Labels are inherited by what others make of our images, so they are never all
// that is looked at.
func (c *Cloner) read(labels map[string]string) (k key, ok bool) {
	revision, err := strconv.Atoi(labels[labelRevision])
	if err != nil || revision < 1 || strconv.Itoa(revision) != labels[labelRevision] {
		return k, false
	}
	k = key{labels[labelDashboard], revision}
	return k, labels[labelRepository] == c.config.Repository && dashboard.IsID(k.dashboard)
}

// tag is the name of a whole image.
func (c *Cloner) tag(k key) string {
	return c.config.Repository + "/" + k.dashboard + ":" + strconv.Itoa(k.revision)
}

// removedTag is that of one which was removed while a container used it.
func (c *Cloner) removedTag(k key) string { return c.tag(k) + ".removed" }

// boxName and readerName are the names of the containers in which an image is
// made. They are not told by a label, as the image would pass that on to the
// dashboard's own container.
func (c *Cloner) boxName(k key) string {
	return "dashboard-clone-" + k.dashboard + "-" + strconv.Itoa(k.revision)
}

func (c *Cloner) readerName(k key) string { return c.boxName(k) + "-reader" }
