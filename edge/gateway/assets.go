package gateway

import (
	"bufio"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/fault"
	"multistream/shared/limits"
	"multistream/shared/rest"
	"multistream/shared/rest/strictjson"
	"multistream/shared/session"
)

// assetTypes says what may be uploaded, and for which kinds. Nothing that a browser would run is among them.
var assetTypes = map[string][]string{
	"application/pdf": {"slide"},
	"image/png":       {"slide", "media"},
	"image/jpeg":      {"slide", "media"},
	"image/webp":      {"slide", "media"},
	"image/gif":       {"media"},
	"video/mp4":       {"media"},
	"video/webm":      {"media"},
	"audio/mpeg":      {"media"},
}

// addAsset stores a file and makes it known to the class. Who may not is refused before anything is read.
func (g *Gateway) addAsset(c *rest.Call) (any, error) {
	ctx := c.R.Context()
	m, err := g.member(ctx, c.Who, c.Session)
	if err == nil {
		err = m.may(c.Action.Command)
	}
	if err != nil {
		return nil, err
	}
	add, err := assetAsked(c.R)
	if err != nil {
		return nil, err
	}
	if c.R.ContentLength > limits.AssetBytes {
		c.W.Header().Set("Connection", "close")
		return nil, rest.TooLarge(limits.AssetBytes)
	}
	_ = http.NewResponseController(c.W).SetReadDeadline(time.Now().Add(g.o.Pace.Upload)) // a recorder in a test has none
	most := int64(limits.AssetBytes)
	if c.R.ContentLength >= 0 {
		most = c.R.ContentLength
	}
	body := bufio.NewReaderSize(http.MaxBytesReader(c.W, c.R.Body, limits.AssetBytes), 4<<10)
	if err := sniff(body, add.ContentType); err != nil {
		return nil, err
	}
	digest, size, err := g.o.Assets.Put(ctx, c.Who.TenantID, body, most)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, rest.TooLarge(limits.AssetBytes)
	case errors.Is(err, eventlog.ErrUnavailable), errors.Is(err, eventlog.ErrFenced):
		return nil, fault.New(fault.FeatureDegraded, "The file was not kept: this box's disk has no room for files now. Nothing was changed and the class goes on; "+
			"free some space, then send it again.").With("feature", "assets").Because(err)
	case err != nil:
		return nil, fault.New(fault.InvalidBody, "The file did not arrive completely. Nothing was changed; please send it again.").Because(err)
	}
	c.BodyRead()
	add.Digest, add.Size = digest, size
	return g.perform(ctx, order{who: c.Who, session: c.Session, command: c.Action.Command, key: c.Key, payload: add, route: c.Route})
}

// assetAsked reads what the address says of a file, by the rules of the command's fields.
func assetAsked(r *http.Request) (*session.AssetAdd, error) {
	q := r.URL.Query()
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || !slices.Contains(assetTypes[kind], q.Get("kind")) {
		return nil, fault.At(fault.UnsupportedType, "Content-Type", "A file of this type can't be added as %q. Nothing was changed; slides are PDF, PNG, JPEG or WebP.", q.Get("kind"))
	}
	pages := q.Get("pages")
	if pages == "" {
		pages = "1"
	}
	count, err := strconv.Atoi(pages)
	if err != nil {
		return nil, fault.At(fault.InvalidField, "pages", "pages must be a whole number. Nothing was changed.")
	}
	given, err := event.Marshal(map[string]any{"kind": q.Get("kind"), "name": q.Get("name"), "pages": count, "contentType": kind, "size": 0, "digest": event.Hash{}})
	if err != nil {
		return nil, err
	}
	body, err := strictjson.Parse(given, 2)
	if err != nil {
		return nil, err
	}
	add := new(session.AssetAdd)
	return add, strictjson.Bind(body, nil, add)
}

// sniff holds the first bytes of a file to the type that it is said to have.
func sniff(body *bufio.Reader, said string) error {
	first, err := body.Peek(512)
	if len(first) == 0 {
		return fault.New(fault.InvalidBody, "The file is empty, or did not arrive. Nothing was changed.").Because(err)
	}
	if is, _, _ := mime.ParseMediaType(http.DetectContentType(first)); is != said {
		return fault.At(fault.UnsupportedType, "Content-Type", "The file is not what it is said to be: it looks like %s. Nothing was changed.", is)
	}
	return nil
}

// getAsset answers the bytes of an asset, or the content of a board page.
func (g *Gateway) getAsset(c *rest.Call) (any, error) {
	ctx := c.R.Context()
	m, err := g.member(ctx, c.Who, c.Session)
	if err == nil {
		err = m.inside()
	}
	if err != nil {
		return nil, err
	}
	id := event.MustID(c.Path["assetId"])
	var asset session.Asset
	var page rest.Encoded
	err = g.o.Classes.Read(ctx, c.Who.TenantID, c.Session, func(s *session.State) (err error) {
		for i := range s.Studio.Assets {
			if s.Studio.Assets[i].AssetID == id {
				asset = s.Studio.Assets[i]
				return nil
			}
		}
		page, err = pageOf(s, id, c.R.URL.Query().Get("checksum"))
		return err
	})
	if err != nil {
		return nil, err
	}
	if page != nil {
		return page, nil
	}
	file, err := g.o.Assets.Open(ctx, c.Who.TenantID, asset.Digest)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return rest.Written{}, serveAsset(c, asset, file)
}

// serveAsset lets the standard library answer ranges and conditions; the digest is the ETag, as the bytes never change.
func serveAsset(c *rest.Call, asset session.Asset, file io.ReadSeeker) error {
	h := c.W.Header()
	h.Set("Content-Type", asset.ContentType)
	h.Set("ETag", `"`+asset.Digest.String()+`"`)
	h.Set("Cache-Control", "private, max-age=3600")
	h.Set("Content-Disposition", "inline")
	http.ServeContent(c.W, c.R, "", time.Time{}, file)
	return nil
}

// pageOf encodes a board page with all its strokes. With another checksum than asked for, the page has changed since.
func pageOf(s *session.State, id event.ID, checksum string) (rest.Encoded, error) {
	for i := range s.Studio.Pages {
		p := s.Studio.Pages[i]
		if p.AssetID != id {
			continue
		}
		if checksum != "" && !strings.EqualFold(checksum, p.Checksum.String()) {
			return nil, fault.At(fault.NotFound, "checksum", "The board page has changed since. Fetch it by the checksum of the latest event.").With("checksum", p.Checksum.String())
		}
		p.Large = false
		return event.Marshal(p)
	}
	return nil, fault.New(fault.NotFound, "There is no such asset in this class.")
}
