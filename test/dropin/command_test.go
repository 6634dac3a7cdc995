//go:build e2e

package dropin

import (
	"slices"
	"strings"
)

// argument shows that of the app's arguments that has a mark in it.
func argument(mark string) func(*running) string {
	return func(at *running) string {
		told, err := at.reported()
		if err != nil {
			return err.Error()
		}
		index := slices.IndexFunc(told.Arguments, func(argument string) bool { return strings.Contains(argument, mark) })
		if index < 0 {
			return "not there"
		}
		return code(at.tell(told.Arguments[index]))
	}
}

// arguments shows all of the app's arguments but the first, which says where it
// listens.
func arguments(at *running) string {
	told, err := at.reported()
	if err != nil {
		return err.Error()
	}
	return code(at.tell(strings.Join(told.Arguments[1:], " ")))
}

// command is about the command line of the app.
func command() section {
	return section{title: "The app's command line", lines: []line{
		{
			name: "arguments",
			old: []string{
				"--port", "@port@", "--authtype", "none", "--presentation-path", "some folder/nb.ipynb", "@child@", "listen={port}",
				"two words", "", "umlaut=ü€日本", "{{braces}} {{}}", "$HOME * `date`", `it's "quoted"`, "line\nbreak",
				"{-}short", "{--}long", "url={base_url}", "path={presentation_path}", "dirname={presentation_dirname}",
				"basename={presentation_basename}", "host={origin_host}", "several={base_url}/{presentation_basename}", "end={port}",
			},
			standalone: []string{
				"--port=@port@", "--no-authentication", "--", "@child@", "listen={port}",
				"two words", "", "umlaut=ü€日本", "{{braces}} {{}}", "$HOME * `date`", `it's "quoted"`, "line\nbreak",
				"-short", "--long", "url={base_url}", "end={port}",
			},
			rows: []row{
				{what: "`'two words'`", see: argument("two")},
				{what: "`''`, an empty one", see: func(at *running) string {
					told, err := at.reported()
					if err != nil {
						return err.Error()
					}
					if slices.Contains(told.Arguments, "") {
						return "there"
					}
					return "lost"
				}},
				{what: "`ü€日本`", see: argument("umlaut")},
				{what: "`{{braces}} {{}}`", see: argument("braces")},
				{what: "``'$HOME * `date`'``", see: argument("HOME")},
				{what: "`it's \"quoted\"`", see: argument("quoted")},
				{what: "a line break", see: argument("break")},
				{what: "`{-}short`; standalone: `-short` behind `--`", see: argument("short")},
				{what: "`{--}long`; standalone: `--long` behind `--`", see: argument("long")},
				{what: "`{base_url}`", see: argument("url=")},
				{what: "`{presentation_path}` of `some folder/nb.ipynb`", see: argument("path=")},
				{what: "`{presentation_dirname}`", see: argument("dirname=")},
				{what: "`{presentation_basename}`", see: argument("basename=")},
				{what: "`{origin_host}`", see: argument("host=")},
				{what: "several in one argument", see: argument("several=")},
				{what: "`{port}` is where the app has to listen", see: func(at *running) string {
					told, err := at.reported()
					if err != nil {
						return err.Error()
					}
					first, last := told.Arguments[0], told.Arguments[len(told.Arguments)-1]
					if strings.TrimPrefix(first, "listen=") == strings.TrimPrefix(last, "end=") {
						return "the same everywhere"
					}
					return "not the same everywhere"
				}},
				{what: "its working directory", see: folderOfApp},
			},
		},
		{
			name:       "dashes first",
			old:        []string{"--port=@port@", "--authtype=none", "--", "@child@", "listen={port}", "--server.x", "-y", "--", "--port=1"},
			standalone: []string{"--port=@port@", "--no-authentication", "--", "@child@", "listen={port}", "--server.x", "-y", "--", "--port=1"},
			rows:       []row{{what: "flags of the app behind `--`: `-- app --server.x -y -- --port=1`", see: arguments}},
		},
		{
			name: "dashes later",
			old:  []string{"@child@", "--port", "@port@", "listen={port}", "a", "--authtype", "none", "--", "--b", "--", "c"},
			rows: []row{{what: "`--` further behind: `app a -- --b -- c`", see: arguments}},
		},
		{
			name: "flags behind",
			old:  []string{"@child@", "listen={port}", "{--}server.x", "{-}y", "--port", "@port@", "tail", "--authtype", "none", "--debug"},
			rows: []row{{what: "our flags behind and between the app's: `app {--}server.x {-}y --port N tail --debug`", see: arguments}},
		},
	}}
}
