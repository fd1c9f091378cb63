package edge

import (
	"net"
	"net/url"
	"os"
	"slices"
)

// addresses are the URLs by which people reach a box that listens on at: the one that was configured alone, else each of
// this machine's.
func (c Config) addresses(at net.Addr) []string {
	if c.PublicURL != "" {
		return []string{c.PublicURL}
	}
	scheme := "http://"
	if c.encrypted() {
		scheme = "https://"
	}
	host, port, err := net.SplitHostPort(at.String())
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsUnspecified() {
		return []string{scheme + at.String()}
	}
	var out []string
	for _, name := range hosts() {
		out = append(out, scheme+net.JoinHostPort(name, port))
	}
	return out
}

// names are what a certificate of this box has to be right for.
func (c Config) names() []string {
	names := hosts()
	if u, err := url.Parse(c.PublicURL); err == nil && u.Hostname() != "" {
		names = append([]string{u.Hostname()}, names...)
	}
	if host, _, err := net.SplitHostPort(c.Addr); err == nil && host != "" && !net.ParseIP(host).IsUnspecified() {
		names = append(names, host)
	}
	names = append(names, "localhost", "127.0.0.1", "::1")
	slices.Sort(names[1:])
	return slices.Compact(names)
}

// hosts are this machine's name and its addresses in the networks that it is in.
func hosts() []string {
	var out []string
	if name, err := os.Hostname(); err == nil {
		out = append(out, name)
	}
	all, err := net.InterfaceAddrs()
	if err != nil {
		return out
	}
	for _, a := range all {
		if in, ok := a.(*net.IPNet); ok && in.IP.IsGlobalUnicast() {
			out = append(out, in.IP.String())
		}
	}
	return out
}
