package accounts

import (
	"crypto/sha256"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"time"
	"unicode/utf8"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
	"multistream/shared/people"
	"multistream/shared/rest"
	"multistream/shared/rest/strictjson"
)

// write hands a change of the directory on. Its digest covers the address, the body and the version that was seen.
func (a *API) write(c *rest.Call) (any, error) {
	change := reflect.New(reflect.TypeOf(c.Route.Request)).Interface()
	if err := strictjson.Bind(c.Body, c.Path, change); err != nil {
		return nil, err
	}
	canonical, err := event.CanonicalJSON(change)
	if err != nil {
		return nil, fault.New(fault.InvalidBody, "The request holds something that can't be kept. Nothing was changed.").Because(err)
	}
	return a.writeOnce(c, change, canonical)
}

func (a *API) writeOnce(c *rest.Call, change any, content []byte) (any, error) {
	digest := sha256.Sum256(append([]byte(c.Route.ID+"\n"), content...))
	answer, err := a.o.Directory.Write(c.R.Context(), c.Who, people.Write{Key: c.Key, Digest: digest, Status: c.Route.Status, Change: change})
	return rest.Encoded(answer), err
}

// importUsers takes the file as it is.
func (a *API) importUsers(c *rest.Call) (any, error) {
	kind, _, err := mime.ParseMediaType(c.R.Header.Get("Content-Type"))
	if err != nil || kind != "text/csv" {
		return nil, fault.At(fault.UnsupportedType, "Content-Type", "The body must be text/csv. Nothing was changed.")
	}
	if c.R.ContentLength > limits.ImportBytes {
		c.W.Header().Set("Connection", "close")
		return nil, rest.TooLarge(limits.ImportBytes)
	}
	_ = http.NewResponseController(c.W).SetReadDeadline(time.Now().Add(a.o.Pace.OrDefault().Body)) // a recorder in a test has none
	file, err := io.ReadAll(http.MaxBytesReader(c.W, c.R.Body, limits.ImportBytes))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, rest.TooLarge(limits.ImportBytes)
	case err != nil:
		return nil, fault.New(fault.InvalidBody, "The file did not arrive completely. Nothing was changed; please send it again.").Because(err)
	}
	preview, err := c.OneOf("preview", "true", "false")
	if err != nil {
		return nil, err
	}
	return a.writeOnce(c, &people.Import{Preview: preview == "true", File: file}, append([]byte(preview+"\n"), file...))
}

func (a *API) asked(c *rest.Call, question any) (any, error) {
	return a.o.Directory.Ask(c.R.Context(), c.Who, question)
}

func (a *API) listUsers(c *rest.Call) (any, error) {
	q := &people.ListUsers{}
	var err error
	if q.After, q.Limit, err = c.Page(); err != nil {
		return nil, err
	}
	var role string
	if role, err = c.OneOf("role", "teacher", "student", "assistant", "admin"); err != nil {
		return nil, err
	}
	q.Role = directory.Role(role)
	if q.Status, err = c.OneOf("status", "active", "disabled"); err != nil {
		return nil, err
	}
	q.Search = c.R.URL.Query().Get("search")
	if !utf8.ValidString(q.Search) || utf8.RuneCountInString(q.Search) > limits.Table["search"].Max {
		return nil, fault.At(fault.InvalidField, "search", "search has at most %d characters.", limits.Table["search"].Max)
	}
	return a.asked(c, q)
}

func (a *API) getUser(c *rest.Call) (any, error) {
	return a.asked(c, &people.GetUser{UserID: event.MustID(c.Path["userId"])})
}

func (a *API) listCourses(c *rest.Call) (any, error) {
	after, limit, err := c.Page()
	if err != nil {
		return nil, err
	}
	return a.asked(c, &people.ListCourses{After: after, Limit: limit})
}

func (a *API) getCourse(c *rest.Call) (any, error) {
	return a.asked(c, &people.GetCourse{CourseID: event.MustID(c.Path["courseId"])})
}

func (a *API) listLessons(c *rest.Call) (any, error) {
	return a.asked(c, &people.ListLessons{CourseID: event.MustID(c.Path["courseId"])})
}

func (a *API) listEnrolments(c *rest.Call) (any, error) {
	return a.asked(c, &people.ListEnrolments{CourseID: event.MustID(c.Path["courseId"])})
}

func (a *API) listAudit(c *rest.Call) (any, error) {
	_, limit, err := c.Page()
	if err != nil {
		return nil, err
	}
	q := &people.ListAudit{Limit: limit}
	if text := c.R.URL.Query().Get("before"); text != "" {
		if q.Before, err = strconv.ParseInt(text, 10, 53); err != nil || q.Before < 1 {
			return nil, fault.At(fault.InvalidField, "before", "before must be the next of the page before.")
		}
	}
	return a.asked(c, q)
}
