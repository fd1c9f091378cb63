package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// claim makes a box that belongs to nobody a school's. The admin's password is read from standard input, where no list of
// processes and no history of a shell shows it.
func claim(ctx context.Context, args []string, out, errs io.Writer) error {
	flags := flag.NewFlagSet("claim", flag.ContinueOnError)
	url := flags.String("edge", "http://127.0.0.1:8080", "")
	authority := flags.String("ca", "", "")
	body := map[string]*string{
		"code": flags.String("code", "", ""), "school": flags.String("school", "", ""), "domain": flags.String("domain", "", ""),
		"email": flags.String("email", "", ""), "username": flags.String("username", "", ""), "displayName": flags.String("name", "Admin", ""),
	}
	rest, err := parse(flags, args, errs)
	switch {
	case err != nil:
		return err
	case len(rest) > 0:
		return fmt.Errorf("claim: %q is too much; nothing was done", rest)
	}
	client, err := trusting(*authority)
	if err != nil {
		return err
	}
	fmt.Fprint(errs, "password of the first admin: ")
	word, err := bufio.NewReader(stdin).ReadString('\n')
	if err != nil && err != io.EOF {
		return fmt.Errorf("claim: the password can't be read: %w", err)
	}
	sent := map[string]string{"password": strings.TrimRight(word, "\r\n")}
	for name, value := range body {
		if *value != "" {
			sent[name] = *value
		}
	}
	raw, err := json.Marshal(sent)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(*url, "/")+"/api/auth/claim", bytes.NewReader(raw))
	if err != nil {
		return fmt.Errorf("claim: --edge: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	res, err := client.Do(r)
	if err != nil {
		return fmt.Errorf("claim: the edge can't be reached; nothing was done: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusCreated {
		return refusal("claim", res)
	}
	fmt.Fprintf(out, "this box is now %q's; sign in at %s as %s\n", sent["school"], *url, or(sent["email"], sent["username"]))
	return nil
}

// stdin is standard input, for tests to replace.
var stdin io.Reader = os.Stdin

// trusting makes a client that trusts a box's own authority, if one is given.
func trusting(file string) (*http.Client, error) {
	client := &http.Client{Timeout: 30 * time.Second}
	if file == "" {
		return client, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--ca: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("--ca: %s holds no certificate", file)
	}
	client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13}, ForceAttemptHTTP2: true}
	return client, nil
}

// refusal reads what an edge says when it does not do what it was asked.
func refusal(what string, res *http.Response) error {
	var f struct{ Code, Message string }
	if err := json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&f); err != nil || f.Message == "" {
		return fmt.Errorf("%s: the edge answered %s", what, res.Status)
	}
	return fmt.Errorf("%s: %s (%s)", what, f.Message, f.Code)
}
