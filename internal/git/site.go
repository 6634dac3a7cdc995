package git

// Site is where an address leads, without credentials: the scheme (https, http,
// ssh, git or file) and the host with its port. Its errors show nothing of the
// address, which may hold a password where none is looked for.
func Site(url string) (scheme, host string, err error) {
	at, err := parseAddress(url)
	return at.scheme, at.host, err
}
