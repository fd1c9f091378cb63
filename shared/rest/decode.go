package rest

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"multistream/shared/fault"
	"multistream/shared/limits"
	"multistream/shared/rest/strictjson"
)

// decode reads the body and the key.
func (s *Server) decode(c *Call) error {
	header := c.R.Header.Values("Idempotency-Key")
	if len(header) > 1 {
		return fault.At(fault.InvalidField, "Idempotency-Key", "The header Idempotency-Key must come once. Nothing was changed.")
	}
	key := strings.Join(header, "")
	if c.Route.Raw {
		c.Key = key
		if len(c.Route.Actions) == 1 {
			c.Action = c.Route.Actions[0]
		}
		return c.needKey(len(header) > 0)
	}
	data, err := c.readBody()
	if err != nil {
		return err
	}
	if len(data) == 0 {
		data = []byte("{}")
	}
	body, err := strictjson.Parse(data, limits.JSONDepth)
	if err != nil {
		return err
	}
	inBody, given, err := body.Text("idempotencyKey")
	if err != nil {
		return err
	}
	if given && len(header) > 0 && inBody != key {
		return fault.At(fault.InvalidField, "idempotencyKey", "The header and the body give different idempotency keys. Nothing was changed.")
	}
	if given {
		key = inBody
	}
	c.Key = key
	if err := c.needKey(given || len(header) > 0); err != nil {
		return err
	}
	c.Action, err = c.Route.choose(body)
	c.Body = body.Without("idempotencyKey")
	if len(c.Route.Actions) > 1 {
		c.Body = c.Body.Without("action")
	}
	return err
}

func (c *Call) needKey(given bool) error {
	if c.Route.Keyless {
		return nil
	}
	return CheckKey(c.Key, given)
}

// CheckKey wants printable ASCII characters, as many as the table of limits says.
func CheckKey(key string, given bool) error {
	if !given {
		return fault.New(fault.KeyMissing, "An idempotency key is missing: send one in the header Idempotency-Key, or as idempotencyKey, and the same one when you try again. Nothing was changed.")
	}
	l := limits.Table["idempotency_key"]
	printable := !strings.ContainsFunc(key, func(r rune) bool { return r < 0x20 || r > 0x7e })
	if len(key) < l.Min || len(key) > l.Max || !printable {
		return fault.At(fault.InvalidField, "idempotencyKey", "An idempotency key has %d to %d printable ASCII characters. Nothing was changed.", l.Min, l.Max)
	}
	return nil
}

// choose finds the command of a body.
func (rt *Route) choose(body strictjson.Object) (Action, error) {
	if len(rt.Actions) == 0 {
		return Action{}, nil
	}
	if len(rt.Actions) == 1 {
		return rt.Actions[0], nil
	}
	word, _, err := body.Text("action")
	if err != nil {
		return Action{}, err
	}
	words := make([]string, len(rt.Actions))
	for i, a := range rt.Actions {
		if words[i] = a.Word; a.Word == word {
			return a, nil
		}
	}
	return Action{}, fault.At(fault.InvalidField, "action", "action must be one of %s. Nothing was changed.", strings.Join(words, ", "))
}

// readBody reads a JSON body within its bound in size and time.
func (c *Call) readBody() ([]byte, error) {
	if c.R.ContentLength > limits.BodyBytes {
		c.W.Header().Set("Connection", "close") // reading on would be what the client wants
		return nil, TooLarge(limits.BodyBytes)
	}
	data, err := io.ReadAll(http.MaxBytesReader(c.W, c.R.Body, limits.BodyBytes))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, TooLarge(limits.BodyBytes)
	case err != nil:
		return nil, fault.New(fault.InvalidBody, "The body did not arrive completely. Nothing was changed; please send it again.").Because(err)
	}
	c.BodyRead()
	if len(data) == 0 {
		return nil, nil
	}
	kind, _, err := mime.ParseMediaType(c.R.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" && (kind != "text/plain" || !c.Route.Plain) {
		return nil, fault.At(fault.UnsupportedType, "Content-Type", "The body must be application/json. Nothing was changed.")
	}
	return data, nil
}

// BodyRead takes the deadline of a body away: it would end the request while the class works on it.
func (c *Call) BodyRead() { _ = http.NewResponseController(c.W).SetReadDeadline(time.Time{}) }

// TooLarge refuses a body beyond its bound.
func TooLarge(most int64) error {
	return fault.New(fault.BodyTooLarge, "The body is larger than %d bytes. Nothing was changed.", most).With("maxBytes", most)
}
