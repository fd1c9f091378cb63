package rest

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
)

// queryKnown refuses parameters that the route does not have: a misspelt filter must not answer everything.
func (c *Call) queryKnown() error {
	for name := range c.R.URL.Query() {
		if !slices.ContainsFunc(c.Route.Query, func(p Parameter) bool { return p.Name == name }) {
			return fault.At(fault.UnknownField, name, "There is no parameter %q here. Nothing was changed.", name)
		}
	}
	return nil
}

// Page reads where a page of a list begins and how long it is.
func (c *Call) Page() (after event.ID, limit int, err error) {
	q := c.R.URL.Query()
	if err := after.UnmarshalText([]byte(q.Get("after"))); err != nil {
		return after, 0, fault.At(fault.InvalidField, "after", "after must be the next of the page before.")
	}
	limit, err = PageLength(q)
	return after, limit, err
}

// PageLength reads how many entries of a list are asked for.
func PageLength(q url.Values) (int, error) {
	text, l := q.Get("limit"), limits.Table["page"]
	if text == "" {
		return limits.PageDefault, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < l.Min || n > l.Max {
		return 0, fault.At(fault.InvalidField, "limit", "limit must be from %d to %d.", l.Min, l.Max)
	}
	return n, nil
}

// OneOf reads a parameter that has few values; "" if it is absent.
func (c *Call) OneOf(name string, words ...string) (string, error) {
	word := c.R.URL.Query().Get(name)
	if word != "" && !slices.Contains(words, word) {
		return "", fault.At(fault.InvalidField, name, "There is no %s like this.", name).With("allowed", words)
	}
	return word, nil
}

// AddressOf is the IP address that a request comes from. Headers of proxies are not believed: anybody can send them.
func AddressOf(r *http.Request) string { return hostOf(r.RemoteAddr) }

func hostOf(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}
