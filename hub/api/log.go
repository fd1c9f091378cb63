package api

import (
	"bytes"
	"net/http"

	"multistream/shared/access"
	"multistream/shared/fault"
	"multistream/shared/rest"
)

// exportLog answers a class's log with its proof. It is written whole before anything is sent: half a proof is none.
func (a *API) exportLog(c *rest.Call) (any, error) {
	_, role, err := a.class(c)
	if err != nil {
		return nil, err
	}
	if role != access.Admin {
		return nil, fault.New(fault.Forbidden, "The log of a class is given to administrators of the school. Please ask one.")
	}
	if _, err := a.head(c); err != nil {
		return nil, err
	}
	var archive bytes.Buffer
	if err := a.o.Logs.Export(c.R.Context(), c.Who.TenantID, c.Session, &archive); err != nil {
		return nil, err
	}
	h := c.W.Header()
	h.Set("Content-Type", "application/gzip")
	h.Set("Content-Disposition", `attachment; filename="class-`+c.Session.String()+`.tar.gz"`)
	h.Set("Cache-Control", "no-store")
	http.ServeContent(c.W, c.R, "", a.o.Now(), bytes.NewReader(archive.Bytes()))
	return rest.Written{}, nil
}
