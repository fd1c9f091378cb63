package wire

import (
	"multistream/shared/directory"
	"multistream/shared/event"
)

// Ask asks what of a school has changed after version Since of a lineage; Since 0 asks for all there is.
type Ask struct {
	Edge    event.ID
	Tenant  event.ID
	Lineage event.ID // absent with Since 0
	Since   int64
	Token   []byte // Next of the page before; empty for the first one
	SealKey []byte // X25519: person keys are sealed to it
}

// Append adds the message's bytes.
func (m *Ask) Append(dst []byte) []byte {
	w := writer{dst}
	w.id(m.Edge)
	w.id(m.Tenant)
	w.id(m.Lineage)
	w.i64(m.Since)
	w.bytes(m.Token)
	w.raw(m.SealKey)
	return w.b
}

// ReadAsk takes an Ask apart; its errors are ErrMalformed.
func ReadAsk(b []byte) (m Ask, err error) {
	r := reader{b: b}
	m.Edge, m.Tenant, m.Lineage, m.Since = r.present("edge"), r.present("tenant"), r.id("lineage"), r.natural("version")
	m.Token, m.SealKey = r.bytes(maxToken, "token"), r.take(sealKeySize, "sealing key")
	if (m.Since == 0) != m.Lineage.IsZero() {
		r.fail("version %d of lineage %s", m.Since, m.Lineage)
	}
	return m, r.end()
}

// Page answers an Ask with rows that were so at one moment, when the school had version At. They are complete up to At if it is both the
// first page and the last. A row that changes while several are sent may be in them as it was or as it is, or be missing: whoever
// asks goes on with what changed since At of the first page, until all of that is one page.
type Page struct {
	Edge    event.ID // said again, so that an answer to somebody else is known as one
	Tenant  event.ID
	Lineage event.ID // of the hub; if it is not the one of the Ask, Since is 0 and this is the first page of all there is
	Since   int64
	At      int64
	Rows    []directory.Row
	Keys    []byte // person keys, sealed to the edge (SealKeysDown); empty for none
	Next    []byte // token of the next page; empty: this is the last
}

// Append adds the message's bytes.
func (m *Page) Append(dst []byte) []byte {
	w := writer{dst}
	w.id(m.Edge)
	w.id(m.Tenant)
	w.id(m.Lineage)
	w.i64(m.Since)
	w.i64(m.At)
	w.u32(len(m.Rows))
	for i := range m.Rows {
		row := &m.Rows[i]
		w.b = append(w.b, byte(row.Kind))
		w.flag(row.Body == nil)
		w.bytes([]byte(row.Key))
		if row.Body != nil {
			w.bytes(row.Body)
		}
	}
	w.bytes(m.Keys)
	w.bytes(m.Next)
	return w.b
}

// RowSize is how many bytes of a page a row takes.
func RowSize(r *directory.Row) int { return 1 + 1 + 4 + len(r.Key) + 4 + len(r.Body) }

// ReadPage takes a Page apart and has each row checked; its errors are ErrMalformed. Its rows share the bytes of b.
func ReadPage(b []byte) (m Page, err error) {
	r := reader{b: b}
	m.Edge, m.Tenant, m.Lineage = r.present("edge"), r.present("tenant"), r.present("lineage")
	m.Since, m.At = r.natural("version"), r.natural("version of now")
	for range r.size(MaxRows, 6, "rows") {
		m.Rows = append(m.Rows, r.row())
		if r.failed != nil {
			break
		}
	}
	m.Keys, m.Next = r.bytes(maxKeysBlob, "keys"), r.bytes(maxToken, "token")
	if m.At < 1 || m.At < m.Since {
		r.fail("version %d after %d", m.At, m.Since)
	}
	return m, r.end()
}

func (r *reader) row() (row directory.Row) {
	if b := r.take(1, "kind of a row"); b != nil {
		row.Kind = directory.RowKind(b[0])
	}
	gone := r.flag("row that is gone")
	row.Key = string(r.bytes(directory.MaxRowKey, "key of a row"))
	if !gone {
		row.Body = r.bytes(directory.MaxRowBody, "row")
		if row.Body == nil {
			row.Body = []byte{} // none is not gone
		}
	}
	if r.failed == nil {
		if _, err := row.Value(); err != nil {
			r.fail("%v", err)
		}
	}
	return row
}
