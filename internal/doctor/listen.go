package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/process"
)

// lookLimit bounds one question on this very machine.
const lookLimit = 5 * time.Second

// checkListening wants the address that we are to listen on.
func (e *examination) checkListening(ctx context.Context, report report) {
	const by = "--port and --ip, or else JUPYTERHUB_SERVICE_URL, say where."
	host, port, err := net.SplitHostPort(e.Listen)
	if err != nil {
		report(Failed, fmt.Sprintf("%q is not an address to listen on: %v.", e.Listen, err), by)
		return
	}
	listener, err := net.Listen("tcp", e.Listen)
	switch {
	case err == nil:
		listener.Close()
		if port == "0" {
			report(OK, "A free port of "+orAll(host)+" can be had.", "")
			return
		}
		report(OK, fmt.Sprintf("Port %s of %s is free.", port, orAll(host)), "")
	case errors.Is(err, syscall.EADDRINUSE):
		if e.isThisServer(ctx, host, port) {
			report(OK, fmt.Sprintf("Port %s of %s is held by this very server, which runs already%s.", port, orAll(host), asProcess(holder(port))), "")
			return
		}
		report(Failed, fmt.Sprintf("Port %s of %s is taken%s.", port, orAll(host), heldBy(holder(port))), "End that program, or choose another port: "+by)
	case errors.Is(err, syscall.EACCES):
		report(Failed, fmt.Sprintf("This user may not listen on port %s.", port), "Ports below 1024 are often for root only: choose another. "+by)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		report(Failed, fmt.Sprintf("This machine has no address %s; it has %s.", host, strings.Join(ownAddresses(), ", ")), "0.0.0.0 is all of them. "+by)
	default:
		report(Failed, fmt.Sprintf("Listening on %s is not possible: %v.", e.Listen, err), by)
	}
}

func orAll(host string) string {
	if host == "" {
		return "all addresses"
	}
	return host
}

// heldBy says who holds something, if that is known.
// holder names the process that listens on a port, where that is known.
func holder(port string) string {
	number, err := strconv.Atoi(port)
	if err != nil {
		return ""
	}
	return process.PortHolder(number)
}

func heldBy(holder string) string {
	if holder == "" {
		return ""
	}
	return ", by " + holder
}

func asProcess(holder string) string {
	if holder == "" {
		return ""
	}
	return ", as " + holder
}

func ownAddresses() []string {
	var all []string
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return []string{"none that could be read"}
	}
	for _, address := range addresses {
		if network, ok := address.(*net.IPNet); ok {
			all = append(all, network.IP.String())
		}
	}
	return all
}

// isThisServer says whether the program that listens there is this server: it
// answers the hub's probe, below this very prefix and without a login. Its
// open files would not tell, as it hides them from all but root.
func (e *examination) isThisServer(ctx context.Context, host, port string) bool {
	if e.env.ServicePrefix == "/" {
		return false // anybody may answer there
	}
	if host == "" || net.ParseIP(host).IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	address := url.URL{Scheme: "http", Host: net.JoinHostPort(host, port)}
	if e.hub.files != nil {
		address.Scheme = "https"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String()+e.env.ServicePrefix+"api", nil)
	if err != nil {
		return false
	}
	answer, err := e.hub.transport.RoundTrip(request)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	var said struct{ Version string }
	return answer.StatusCode == http.StatusOK && json.NewDecoder(io.LimitReader(answer.Body, maxRoot)).Decode(&said) == nil && said.Version != ""
}

// checkAppAddress wants the port or the socket that the app is to listen on, or
// does already.
func (e *examination) checkAppAddress(ctx context.Context, report report) {
	switch {
	case e.Socket != "":
		e.checkSocket(ctx, report)
	case e.DestPort == 0 && len(e.Command) == 0:
		report(Failed, "There is neither a command to start nor a --destport of an app that runs already.", "Give one of them.")
	case e.DestPort == 0:
		report(OK, "The app gets a free port at each start.", "")
	default:
		e.checkPort(ctx, report)
	}
}

func (e *examination) checkPort(ctx context.Context, report report) {
	port := strconv.Itoa(e.DestPort)
	if _, ours, err := net.SplitHostPort(e.Listen); err == nil && ours == port {
		report(Failed, fmt.Sprintf("--destport is %s, which is our own port.", port), "The app needs one of its own; without --destport it gets a free one.")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	address := net.JoinHostPort("127.0.0.1", port)
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err == nil {
		conn.Close()
	}
	taken := err == nil
	switch {
	case len(e.Command) == 0 && taken:
		report(OK, fmt.Sprintf("Something listens on %s%s.", address, heldBy(holder(port))), "")
	case len(e.Command) == 0:
		report(Failed, fmt.Sprintf("Nobody listens on %s, where an app should run already: %v.", address, reason(err)), "Start the app, or give its command.")
	case taken:
		if _, listen, err := net.SplitHostPort(e.Listen); err == nil && e.isThisServer(ctx, hostOf(e.Listen), listen) {
			report(OK, fmt.Sprintf("Port %s is taken%s; as this server runs already, that should be its app.", port, heldBy(holder(port))), "")
			return
		}
		report(Failed, fmt.Sprintf("The app is to listen on port %s, which is taken%s.", port, heldBy(holder(port))), "End that program, or leave out --destport: the app gets a free port then, as {port}.")
	default:
		report(OK, fmt.Sprintf("Port %s is free for the app.", port), "")
	}
}

func hostOf(address string) string {
	host, _, _ := net.SplitHostPort(address)
	return host
}

// longestSocket is how long the path of a unix socket can be, in bytes
// (unix(7), less the byte at its end; 104 on systems of the BSD family).
const longestSocket = 103

func (e *examination) checkSocket(ctx context.Context, report report) {
	if e.Socket == "auto" {
		report(OK, "The app gets a unix socket in a fresh folder.", "")
		return
	}
	path := e.Socket
	if !filepath.IsAbs(path) {
		path = filepath.Join(e.dir(), path)
	}
	if len(path) > longestSocket {
		report(Failed, fmt.Sprintf("The path of the unix socket has %d bytes, but no more than %d are possible.", len(path), longestSocket), "Choose a shorter one, or --unix-socket=auto.")
		return
	}
	folder := filepath.Dir(path)
	info, err := os.Stat(folder)
	switch {
	case err != nil:
		report(Failed, fmt.Sprintf("The folder of the unix socket cannot be used: %v.", err), "Make it, or use --unix-socket=auto.")
		return
	case !info.IsDir():
		report(Failed, fmt.Sprintf("%s, where the unix socket is to be, is not a folder.", folder), "Choose another, or use --unix-socket=auto.")
		return
	case len(e.Command) > 0 && !writable(folder):
		report(Failed, fmt.Sprintf("The app could make no unix socket in %s, as this user may not write there.", folder), "Choose another folder, or use --unix-socket=auto.")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
	if err == nil {
		conn.Close()
	}
	switch {
	case err == nil && len(e.Command) == 0:
		report(OK, "Something listens on the unix socket "+path+".", "")
	case len(e.Command) == 0:
		report(Failed, fmt.Sprintf("Nobody listens on the unix socket %s, where an app should run already: %v.", path, err), "Start the app, or give its command.")
	case err == nil:
		report(Warning, "Something listens on the unix socket "+path+" already.", "If that is not this server's own app, end it.")
	case errors.Is(err, os.ErrNotExist):
		report(OK, "The unix socket "+path+" can be made.", "")
	case info.Mode().Perm()&0o002 != 0 && info.Mode()&os.ModeSticky == 0:
		report(Warning, "Everybody on this machine may write into "+folder+", and take the unix socket for themselves.", "Choose a folder of your own, or use --unix-socket=auto.")
	default:
		report(OK, "The unix socket "+path+" is there from before, with nobody behind it.", "")
	}
}
