// jhsingle-native-proxy wraps any web app as a JupyterHub single-user server.
package main

import "os"

// version is set by the build (-ldflags "-X main.version=1.2.3").
var version = "0.0.0"

func main() {
	os.Exit(run(os.Args[1:], os.LookupEnv, os.Environ(), os.Stdout, os.Stderr))
}
