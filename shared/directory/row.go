package directory

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"multistream/shared/event"
)

// RowKind says what a row of a school's directory is about. Rows are written in the order of their kinds, and taken away in
// the opposite one, so that none ever points to nothing. Numbers are never used again.
type RowKind uint8

// The kinds.
const (
	RowSchool    RowKind = 1
	RowDomain    RowKind = 2
	RowPerson    RowKind = 3
	RowGrant     RowKind = 4
	RowCourse    RowKind = 5
	RowLesson    RowKind = 6
	RowEnrolment RowKind = 7
	RowPlan      RowKind = 8
	RowErased    RowKind = 9
	RowDestroyed RowKind = 10
	RowEnded     RowKind = 11
	RowVerifyKey RowKind = 12
)

// Kinds lists them in their order.
var Kinds = []RowKind{RowSchool, RowDomain, RowPerson, RowGrant, RowCourse, RowLesson, RowEnrolment, RowPlan, RowErased, RowDestroyed, RowEnded, RowVerifyKey}

// Row is one row of a school's directory as it travels from the hub to its edges. A row has one form only, so that two are
// the same exactly if their bytes are.
type Row struct {
	Kind RowKind
	Key  string // the bytes that name it within its school and kind
	Body []byte // canonical JSON of its Value; nil: it is gone
}

// Bounds of a row.
const (
	MaxRowKey  = 255
	MaxRowBody = 64 << 10
)

// Value is what a row says.
type Value interface {
	kind() RowKind
	key() string
	check() error
}

// ErrRow says that a row is not one of the directory's.
var ErrRow = errors.New("not a row of a directory")

// RowOf gives the row that says v. Its errors are ErrRow.
func RowOf(v Value) (Row, error) {
	r := Row{Kind: v.kind(), Key: v.key()}
	if err := v.check(); err != nil {
		return r, fmt.Errorf("%w: kind %d: %w", ErrRow, r.Kind, err)
	}
	body, err := event.CanonicalJSON(v)
	switch {
	case err != nil:
		return r, fmt.Errorf("%w: kind %d: %w", ErrRow, r.Kind, err)
	case len(body) > MaxRowBody || len(r.Key) > MaxRowKey:
		return r, fmt.Errorf("%w: kind %d has %d bytes, at most %d", ErrRow, r.Kind, len(body), MaxRowBody)
	}
	r.Body = body
	return r, nil
}

// GoneRow says that the row that v names is gone; nothing else of v matters.
func GoneRow(v Value) Row { return Row{Kind: v.kind(), Key: v.key()} }

// makers make an empty value of each kind, and say how long its key is; below 0: a text of that length at most.
var makers = map[RowKind]struct {
	key   int
	empty func() any
}{
	RowSchool:    {0, func() any { return new(SchoolRow) }},
	RowDomain:    {-MaxRowKey, func() any { return new(DomainRow) }},
	RowPerson:    {16, func() any { return new(PersonRow) }},
	RowGrant:     {-MaxRowKey, func() any { return new(GrantRow) }},
	RowCourse:    {16, func() any { return new(CourseRow) }},
	RowLesson:    {16, func() any { return new(LessonRow) }},
	RowEnrolment: {32, func() any { return new(EnrolmentRow) }},
	RowPlan:      {16, func() any { return new(PlanRow) }},
	RowErased:    {16, func() any { return new(ErasedRow) }},
	RowDestroyed: {16, func() any { return new(DestroyedRow) }},
	RowEnded:     {16, func() any { return new(EndedRow) }},
	RowVerifyKey: {16, func() any { return new(VerifyKeyRow) }},
}

// Value takes a row apart; what it gives is a pointer to the row's type, with nothing but its key where it is gone. It
// returns ErrRow unless the row has the one form that RowOf gives it.
func (r *Row) Value() (Value, error) {
	m, known := makers[r.Kind]
	if !known {
		return nil, fmt.Errorf("%w: there is no kind %d", ErrRow, r.Kind)
	}
	if m.key >= 0 && len(r.Key) != m.key || m.key < 0 && (r.Key == "" || len(r.Key) > -m.key) || len(r.Body) > MaxRowBody {
		return nil, fmt.Errorf("%w: kind %d has a key of %d bytes and %d more", ErrRow, r.Kind, len(r.Key), len(r.Body))
	}
	v := m.empty()
	if r.Body == nil {
		return r.named(v)
	}
	d := json.NewDecoder(bytes.NewReader(r.Body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return nil, fmt.Errorf("%w: kind %d: %w", ErrRow, r.Kind, err)
	}
	again, err := RowOf(v.(Value))
	switch {
	case err != nil:
		return nil, err
	case again.Key != r.Key || !bytes.Equal(again.Body, r.Body):
		return nil, fmt.Errorf("%w: kind %d is not written as it should be, or has another key", ErrRow, r.Kind)
	}
	return v.(Value), nil
}

// named gives a value that has its key alone.
func (r *Row) named(v any) (Value, error) {
	switch v := v.(type) {
	case *DomainRow:
		v.Domain = r.Key
	case *PersonRow:
		v.ID = r.id(0)
	case *GrantRow:
		return v, v.parse(r.Key)
	case *CourseRow:
		v.ID = r.id(0)
	case *LessonRow:
		v.ID = r.id(0)
	case *EnrolmentRow:
		v.CourseID, v.UserID = r.id(0), r.id(1)
	case *PlanRow:
		v.SessionID = r.id(0)
	case *ErasedRow:
		v.PersonID = r.id(0)
	case *DestroyedRow:
		v.KeyID = r.id(0)
	case *EndedRow:
		v.SignInID = r.id(0)
	case *VerifyKeyRow:
		v.ID = r.id(0)
	}
	return v.(Value), nil
}

func (r *Row) id(n int) (id event.ID) {
	copy(id[:], r.Key[16*n:])
	return id
}

// Compare orders rows by kind and key.
func (r *Row) Compare(o *Row) int {
	if r.Kind != o.Kind {
		return int(r.Kind) - int(o.Kind)
	}
	return bytes.Compare([]byte(r.Key), []byte(o.Key))
}

// SortRows puts rows into the order in which they are written.
func SortRows(rows []Row) { slices.SortFunc(rows, func(a, b Row) int { return a.Compare(&b) }) }
