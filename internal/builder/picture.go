package builder

import (
	"bytes"
	"context"
	"errors"
	"image"
	_ "image/jpeg" // the formats that are taken
	_ "image/png"
	"net/http"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// maxPixels bounds a picture's sides: browsers of colleagues have to hold it.
const maxPixels = 8000

// Thumbnail is a dashboard's picture.
func (b *Builder) Thumbnail(ctx context.Context, v dashboard.Visitor, id string) (dashboard.Picture, error) {
	if _, err := b.visible(ctx, v, id); err != nil {
		return dashboard.Picture{}, err
	}
	picture, err := b.Store.Thumbnail(ctx, id)
	if errors.Is(err, dashboard.ErrNotFound) {
		return picture, dashboard.Errorf(dashboard.NotFound, "The dashboard has no picture.")
	}
	return picture, err
}

// SetThumbnail takes a picture. What it is is told by its content alone, and only
// what no browser takes for anything but a picture is taken.
func (b *Builder) SetThumbnail(ctx context.Context, v dashboard.Visitor, id string, content []byte) error {
	if _, err := b.owned(ctx, v, id); err != nil {
		return err
	}
	if len(content) == 0 {
		return b.keepPicture(ctx, id, dashboard.Picture{})
	}
	kind, err := checkPicture(content)
	if err != nil {
		return err
	}
	return b.keepPicture(ctx, id, dashboard.Picture{Type: kind, Content: content})
}

// checkPicture says what kind of picture it is, or what is wrong with it.
func checkPicture(content []byte) (kind string, err error) {
	if len(content) > dashboard.MaxThumbnail {
		return "", dashboard.InvalidField("picture", "The picture has %d bytes. Send one of at most %d.", len(content), dashboard.MaxThumbnail)
	}
	kind = http.DetectContentType(content)
	switch kind {
	case "image/png", "image/jpeg":
		size, _, err := image.DecodeConfig(bytes.NewReader(content))
		if err != nil {
			return "", dashboard.InvalidField("picture", "The picture cannot be read. Save it again as PNG or JPEG.")
		}
		if size.Width > maxPixels || size.Height > maxPixels || size.Width == 0 || size.Height == 0 {
			return "", dashboard.InvalidField("picture", "The picture has %d by %d pixels. Send one of at most %d by %d.", size.Width, size.Height, maxPixels, maxPixels)
		}
	case "image/webp":
	default:
		return "", dashboard.InvalidField("picture", "This is no picture that can be shown. Send a PNG, JPEG or WebP file.")
	}
	return kind, nil
}

func (b *Builder) keepPicture(ctx context.Context, id string, picture dashboard.Picture) error {
	err := b.Store.SetThumbnail(ctx, id, picture)
	if errors.Is(err, dashboard.ErrNotFound) {
		return notThere()
	}
	return err
}
