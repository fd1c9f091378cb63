package gateway

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"multistream/edge/gateway/strictjson"
	"multistream/shared/fault"
	"multistream/shared/limits"
)

// decode reads the body and the key.
func (g *Gateway) decode(c *call) error {
	header := c.r.Header.Values("Idempotency-Key")
	if len(header) > 1 {
		return fault.At(fault.InvalidField, "Idempotency-Key", "The header Idempotency-Key must come once. Nothing was changed.")
	}
	key := strings.Join(header, "")
	if c.route.raw {
		c.key = key
		if len(c.route.actions) == 1 {
			c.action = c.route.actions[0]
		}
		return c.needKey(len(header) > 0)
	}
	data, err := g.readBody(c)
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
	c.key = key
	if err := c.needKey(given || len(header) > 0); err != nil {
		return err
	}
	c.action, err = c.route.choose(body)
	c.body = body.Without("idempotencyKey")
	if len(c.route.actions) > 1 {
		c.body = c.body.Without("action")
	}
	return err
}

func (c *call) needKey(given bool) error {
	if c.route.keyless {
		return nil
	}
	return checkKey(c.key, given)
}

// checkKey wants printable ASCII characters, as many as the table of limits says.
func checkKey(key string, given bool) error {
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
func (rt *route) choose(body strictjson.Object) (action, error) {
	if len(rt.actions) == 0 {
		return action{}, nil
	}
	if len(rt.actions) == 1 {
		return rt.actions[0], nil
	}
	word, _, err := body.Text("action")
	if err != nil {
		return action{}, err
	}
	words := make([]string, len(rt.actions))
	for i, a := range rt.actions {
		if words[i] = a.word; a.word == word {
			return a, nil
		}
	}
	return action{}, fault.At(fault.InvalidField, "action", "action must be one of %s. Nothing was changed.", strings.Join(words, ", "))
}

// readBody reads a JSON body within its bound in size and time.
func (g *Gateway) readBody(c *call) ([]byte, error) {
	if c.r.ContentLength > limits.BodyBytes {
		c.w.Header().Set("Connection", "close") // reading on would be what the client wants
		return nil, tooLarge(limits.BodyBytes)
	}
	data, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, limits.BodyBytes))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, tooLarge(limits.BodyBytes)
	case err != nil:
		return nil, fault.New(fault.InvalidBody, "The body did not arrive completely. Nothing was changed; please send it again.").Because(err)
	}
	c.bodyRead()
	if len(data) == 0 {
		return nil, nil
	}
	kind, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" && (kind != "text/plain" || !c.route.plain) {
		return nil, fault.At(fault.UnsupportedType, "Content-Type", "The body must be application/json. Nothing was changed.")
	}
	return data, nil
}

// bodyRead takes the deadline of a body away: it would end the request while the class works on it.
func (c *call) bodyRead() { _ = http.NewResponseController(c.w).SetReadDeadline(time.Time{}) }

func tooLarge(most int64) error {
	return fault.New(fault.BodyTooLarge, "The body is larger than %d bytes. Nothing was changed.", most).With("maxBytes", most)
}
