package edge

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"

	"multistream/edge/operator"
)

// doorway is the operator's door of a server under test.
type doorway struct {
	s          *server
	url, token string
}

func (s *server) door() *doorway {
	s.t.Helper()
	d := &doorway{s: s}
	s.waitUntil("the operator's door is open", func() bool {
		url, token, err := operator.Find(s.dir)
		if err != nil {
			return false
		}
		d.url, d.token = url, token
		res, err := http.Get(url + "/features")
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusUnauthorized
	})
	return d
}

func (d *doorway) call(method, path string, body any) answer {
	d.s.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		d.s.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(d.s.t.Context(), method, d.url+path, bytes.NewReader(raw))
	if err != nil {
		d.s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+d.token)
	res, err := client.Do(r)
	if err != nil {
		d.s.t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		d.s.t.Fatal(err)
	}
	return answer{t: d.s.t, what: method + " " + path, status: res.StatusCode, body: got}
}

func (d *doorway) text(path string) string { return string(d.call("GET", path, nil).want(200).body) }
