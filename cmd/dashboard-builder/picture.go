package main

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/spf13/cobra"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

func (p *program) pictureCommand() *cobra.Command {
	var output string
	var remove bool
	command := p.client(&cobra.Command{
		Use:   "picture DASHBOARD [file]",
		Short: "Set its picture in the list, fetch it, or take it away",
		Long: fmt.Sprintf(`Sets the picture that the list shows of a dashboard to a PNG, JPEG or WebP file of
at most %d MiB; - is standard input.`, dashboard.MaxThumbnail>>20),
		Example: `  dashboard-builder picture sales-2024 screenshot.png
  dashboard-builder picture sales-2024 --output picture.png
  dashboard-builder picture sales-2024 --remove`,
		Args: wants(1, 2, "a dashboard, and the file of a picture"),
		ValidArgsFunction: func(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) == 1 {
				return []cobra.Completion{"png", "jpg", "jpeg", "webp"}, cobra.ShellCompDirectiveFilterFileExt
			}
			return p.completeDashboards(false)(cmd, args, begun)
		},
	}, func(s *session, args []string) error {
		ways := 0
		for _, way := range []bool{len(args) == 2, output != "", remove} {
			if way {
				ways++
			}
		}
		if ways != 1 {
			return failf(exitUsage, "picture wants one of a file, --output and --remove")
		}
		var content []byte
		var err error
		if len(args) == 2 { // what is wrong with the file needs no service
			if content, err = s.readFile(args[1], dashboard.MaxThumbnail); err != nil {
				return err
			}
		}
		kind := http.DetectContentType(content)
		if len(args) == 2 && !slices.Contains([]string{"image/png", "image/jpeg", "image/webp"}, kind) {
			return failf(exitData, "%s is %s, but a picture is PNG, JPEG or WebP", args[1], kind)
		}
		d, err := s.find(args[0])
		if err != nil {
			return err
		}
		switch {
		case remove:
			if err = s.client.RemoveThumbnail(s.ctx, d.ID); err == nil {
				s.say("%s has no picture now.", d.Name)
			}
		case output != "":
			if content, err = s.client.Thumbnail(s.ctx, d.ID); err == nil {
				err = s.writeFile(output, content)
			}
		default:
			if err = s.client.SetThumbnail(s.ctx, d.ID, kind, content); err == nil {
				s.say("%s has a new picture.", d.Name)
			}
		}
		return err
	})
	command.Flags().StringVarP(&output, "output", "o", "", "fetch the picture into this `file`; - is standard output")
	command.Flags().BoolVar(&remove, "remove", false, "take the picture away")
	return command
}
