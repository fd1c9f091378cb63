package gateway

import (
	"crypto/sha256"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"multistream/edge/gateway/strictjson"
	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
	"multistream/shared/people"
)

// write hands a change of the directory on. Its digest covers the address, the body and the version that was seen.
func (g *Gateway) write(c *call) (any, error) {
	change := reflect.New(reflect.TypeOf(c.route.request)).Interface()
	if err := strictjson.Bind(c.body, c.path, change); err != nil {
		return nil, err
	}
	canonical, err := event.CanonicalJSON(change)
	if err != nil {
		return nil, fault.New(fault.InvalidBody, "The request holds something that can't be kept. Nothing was changed.").Because(err)
	}
	return g.writeOnce(c, change, canonical)
}

func (g *Gateway) writeOnce(c *call, change any, content []byte) (any, error) {
	digest := sha256.Sum256(append([]byte(c.route.id+"\n"), content...))
	answer, err := g.o.Directory.Write(c.r.Context(), c.who, people.Write{Key: c.key, Digest: digest, Status: c.route.status, Change: change})
	return encoded(answer), err
}

// importUsers takes the file as it is.
func (g *Gateway) importUsers(c *call) (any, error) {
	kind, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || kind != "text/csv" {
		return nil, fault.At(fault.UnsupportedType, "Content-Type", "The body must be text/csv. Nothing was changed.")
	}
	if c.r.ContentLength > limits.ImportBytes {
		c.w.Header().Set("Connection", "close")
		return nil, tooLarge(limits.ImportBytes)
	}
	_ = http.NewResponseController(c.w).SetReadDeadline(time.Now().Add(g.o.Pace.Body)) // a recorder in a test has none
	file, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, limits.ImportBytes))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, tooLarge(limits.ImportBytes)
	case err != nil:
		return nil, fault.New(fault.InvalidBody, "The file did not arrive completely. Nothing was changed; please send it again.").Because(err)
	}
	preview, err := oneOf(c, "preview", "true", "false")
	if err != nil {
		return nil, err
	}
	return g.writeOnce(c, &people.Import{Preview: preview == "true", File: file}, append([]byte(preview+"\n"), file...))
}

func (g *Gateway) asked(c *call, question any) (any, error) {
	return g.o.Directory.Ask(c.r.Context(), c.who, question)
}

func (g *Gateway) listUsers(c *call) (any, error) {
	q := &people.ListUsers{}
	var err error
	if q.After, q.Limit, err = page(c); err != nil {
		return nil, err
	}
	var role string
	if role, err = oneOf(c, "role", "teacher", "student", "assistant", "admin"); err != nil {
		return nil, err
	}
	q.Role = directory.Role(role)
	if q.Status, err = oneOf(c, "status", "active", "disabled"); err != nil {
		return nil, err
	}
	q.Search = c.r.URL.Query().Get("search")
	if !utf8.ValidString(q.Search) || utf8.RuneCountInString(q.Search) > limits.Table["search"].Max {
		return nil, fault.At(fault.InvalidField, "search", "search has at most %d characters.", limits.Table["search"].Max)
	}
	return g.asked(c, q)
}

func (g *Gateway) getUser(c *call) (any, error) {
	return g.asked(c, &people.GetUser{UserID: event.MustID(c.path["userId"])})
}

func (g *Gateway) listCourses(c *call) (any, error) {
	after, limit, err := page(c)
	if err != nil {
		return nil, err
	}
	return g.asked(c, &people.ListCourses{After: after, Limit: limit})
}

func (g *Gateway) getCourse(c *call) (any, error) {
	return g.asked(c, &people.GetCourse{CourseID: event.MustID(c.path["courseId"])})
}

func (g *Gateway) listLessons(c *call) (any, error) {
	return g.asked(c, &people.ListLessons{CourseID: event.MustID(c.path["courseId"])})
}

func (g *Gateway) listEnrolments(c *call) (any, error) {
	return g.asked(c, &people.ListEnrolments{CourseID: event.MustID(c.path["courseId"])})
}

func (g *Gateway) listAudit(c *call) (any, error) {
	_, limit, err := page(c)
	if err != nil {
		return nil, err
	}
	q := &people.ListAudit{Limit: limit}
	if text := c.r.URL.Query().Get("before"); text != "" {
		if q.Before, err = strconv.ParseInt(text, 10, 53); err != nil || q.Before < 1 {
			return nil, fault.At(fault.InvalidField, "before", "before must be the next of the page before.")
		}
	}
	return g.asked(c, q)
}

// page reads where a page begins and how long it is.
func page(c *call) (after event.ID, limit int, err error) {
	q := c.r.URL.Query()
	if err := after.UnmarshalText([]byte(q.Get("after"))); err != nil {
		return after, 0, fault.At(fault.InvalidField, "after", "after must be the next of the page before.")
	}
	limit, err = pageLength(q)
	return after, limit, err
}

// pageLength reads how many entries of a list are asked for.
func pageLength(q url.Values) (int, error) {
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

// oneOf reads a parameter that has few values; "" if it is absent.
func oneOf(c *call, name string, words ...string) (string, error) {
	word := c.r.URL.Query().Get(name)
	if word != "" && !slices.Contains(words, word) {
		return "", fault.At(fault.InvalidField, name, "There is no %s like this.", name).With("allowed", words)
	}
	return word, nil
}
