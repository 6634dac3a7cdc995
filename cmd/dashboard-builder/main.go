// dashboard-builder clones somebody's work, launches it as a dashboard on
// JupyterHub, and shares it.
package main

import (
	"os"
	"time"
)

// version is set by the build (-ldflags "-X main.version=1.2.3").
var version = "0.0.0"

func main() { os.Exit(newProgram().run(os.Args[1:])) }

// newProgram is the program of this process.
func newProgram() *program {
	return &program{
		lookup: os.LookupEnv, environ: os.Environ(),
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		completing: 2 * time.Second,
	}
}
