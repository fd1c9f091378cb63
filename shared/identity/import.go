package identity

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
	"multistream/shared/people"
)

// What an import does with a row.
const (
	rowCreate  = "create"
	rowPresent = "present"
	rowRefuse  = "refuse"
)

// importStep is how many rows one edit takes, so that classes need not wait for thousands.
const importStep = 50

// importFile adds the people of a file, some at a time. What is wrong with a row is told of that row; the others go in.
// People who are here already, found by e-mail address or user name, are enrolled if the row says so and not changed
// otherwise. An import that broke off is finished by the same request with the same key: ids follow from it.
func (s *Service) importFile(ctx context.Context, p Principal, w people.Write, f *people.Import) ([]byte, error) {
	rows, err := readCSV(f.File)
	if err != nil {
		return nil, err
	}
	first, err := s.beginImport(ctx, p, w, f.Preview)
	if err != nil {
		return nil, err
	}
	if first != nil {
		return s.unsealed(p, w, first)
	}
	out := people.Imported{Preview: f.Preview, Rows: make([]people.ImportedRow, 0, len(rows))}
	im := &importing{service: s, preview: f.Preview, names: map[string]int{}, courses: map[string]event.ID{}}
	for from := 0; from < len(rows); from += importStep {
		some, err := s.importSome(ctx, p, w, im, rows[from:min(from+importStep, len(rows))])
		if err != nil {
			return nil, err
		}
		out.Rows = append(out.Rows, some...)
	}
	for _, r := range out.Rows {
		switch r.Action {
		case rowCreate:
			out.Created++
		case rowPresent:
			out.Present++
		default:
			out.Refused++
		}
	}
	if f.Preview {
		return encodeAnswer(out)
	}
	err = s.edit(ctx, p.TenantID, func(e Editor) error {
		d := &writing{s: s, e: e, key: w.Key}
		if first, err = d.begin(p, w); err != nil || first != nil {
			return err
		}
		if err := d.remember(p, w, out); err != nil {
			return err
		}
		return d.audit("users.imported", event.ID{}, "created", out.Created, "present", out.Present, "refused", out.Refused)
	})
	if err != nil {
		return nil, err
	}
	if first == nil {
		if first, err = encodeAnswer(out); err != nil {
			return nil, err
		}
	}
	return s.unsealed(p, w, first)
}

func encodeAnswer(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fault.Of(err)
	}
	return b, nil
}

// beginImport lets an import through, or gives the answer that its key got before; a preview has none.
func (s *Service) beginImport(ctx context.Context, p Principal, w people.Write, preview bool) (first []byte, err error) {
	err = s.edit(ctx, p.TenantID, func(e Editor) error {
		d := &writing{s: s, e: e, key: w.Key}
		if preview {
			d.key, w.Key = "", ""
		}
		first, err = d.begin(p, w)
		return err
	})
	return first, err
}

// importing is what is known across the rows of a file.
type importing struct {
	service *Service
	preview bool
	names   map[string]int // folded e-mail addresses and user names, with the line they are on
	courses map[string]event.ID
	tenant  event.ID
}

// plannedRow is a row with what is to be written of it.
type plannedRow struct {
	people.ImportedRow
	user   directory.User
	course event.ID
	role   directory.Role
}

func (s *Service) importSome(ctx context.Context, p Principal, w people.Write, im *importing, rows []importRow) ([]people.ImportedRow, error) {
	im.tenant = p.TenantID
	var light map[event.ID]string
	if !im.preview {
		ids := make([]event.ID, len(rows))
		for i := range rows {
			ids[i] = im.id(p, w, rows[i].line)
		}
		fresh, err := s.newOnes(ctx, p, ids)
		if err != nil {
			return nil, err
		}
		if light, err = s.oneTimeHashes(ctx, p, w, fresh); err != nil {
			return nil, err
		}
	}
	var out []people.ImportedRow
	known := len(im.names)
	err := s.edit(ctx, p.TenantID, func(e Editor) error {
		out = out[:0]
		if len(im.names) != known { // run twice: the names of these rows are not taken by themselves
			for name, line := range im.names {
				if line >= rows[0].line {
					delete(im.names, name)
				}
			}
		}
		d := &writing{s: s, e: e, key: w.Key}
		admin, err := presentIn(e, p.UserID)
		if err == nil {
			err = mustBeAdmin(admin)
		}
		if err == nil {
			err = localOnly(e)
		}
		if err != nil {
			return err
		}
		d.admin = admin
		for i := range rows {
			planned, err := im.plan(e, &rows[i], im.id(p, w, rows[i].line))
			if err != nil {
				return err
			}
			if !im.preview {
				if err := im.write(d, &planned, light); err != nil {
					return err
				}
			}
			out = append(out, planned.ImportedRow)
		}
		return nil
	})
	if err != nil { // out is left alone: the edit may still be at it
		return nil, err
	}
	return out, nil
}

// newOnes gives the rows' ids but those that an earlier try made people of, who keep their passwords.
func (s *Service) newOnes(ctx context.Context, p Principal, ids []event.ID) (fresh []event.ID, err error) {
	err = s.ask(ctx, func(ctx context.Context) error {
		for _, id := range ids {
			_, made, err := s.store.UserByID(ctx, p.TenantID, id)
			if err != nil {
				return err
			}
			if !made {
				fresh = append(fresh, id)
			}
		}
		return nil
	})
	return fresh, err
}

func (im *importing) id(p Principal, w people.Write, line int) event.ID {
	return event.DeriveID(p.TenantID, p.UserID, "import "+w.Key, line)
}

// plan says what a row comes to.
func (im *importing) plan(e Editor, r *importRow, id event.ID) (plannedRow, error) {
	out := plannedRow{ImportedRow: people.ImportedRow{Line: r.line, DisplayName: r.displayName, Username: r.username}}
	refuse := func(field, format string, args ...any) (plannedRow, error) {
		out.Action, out.Field, out.Message = rowRefuse, field, fmt.Sprintf(format, args...)
		out.DisplayName, out.Username = clipped(r.displayName), clipped(r.username)
		return out, nil
	}
	role, ok := r.roleOf()
	if !ok {
		return refuse("role", "role must be student, teacher or assistant; administrators are made one by one.")
	}
	if n := utf8.RuneCountInString(r.displayName); n < 1 || n > limits.Table["display_name"].Max {
		return refuse("displayName", "A name has from 1 to %d characters; this one has %d.", limits.Table["display_name"].Max, n)
	}
	for _, name := range []string{"e " + directory.Fold(r.email), "u " + directory.Fold(r.username)} {
		if line, taken := im.names[name]; taken && len(name) > 2 {
			return refuse(map[byte]string{'e': "email", 'u': "username"}[name[0]], "This is on line %d already.", line)
		}
	}
	user := directory.User{ID: id, TenantID: im.tenant, Email: r.email, Username: r.username, DisplayName: r.displayName,
		Status: statusActive, MustChange: true, Roles: []directory.Role{role}}
	present, known, clash, err := whoIsHere(e, id, r)
	switch {
	case err != nil:
		return out, err
	case clash:
		return refuse("email", "The e-mail address and the user name belong to two people.")
	case known:
		user = present
	case user.Email == "" && user.Username == "":
		if user.Username, err = im.freeName(e, user.DisplayName); err != nil {
			return out, err
		}
	}
	if !known {
		if err := goodUser(user); err != nil {
			f := fault.Of(err)
			return refuse(f.Field, "%s", strings.TrimSuffix(f.Message, " Nothing was changed."))
		}
	}
	if r.course != "" {
		course, problem, err := im.course(e, r.course)
		if err != nil {
			return out, err
		}
		if problem != "" {
			return refuse("course", "%s", problem)
		}
		out.course, out.role = course, role
		_, in, err := e.RoleInCourse(course, user.ID)
		if err != nil {
			return out, err
		}
		out.Enrol = !in
	}
	for _, name := range []string{"e " + directory.Fold(user.Email), "u " + directory.Fold(user.Username)} {
		if len(name) > 2 {
			im.names[name] = r.line
		}
	}
	out.user, out.Username = user, user.Username
	if out.Action = rowCreate; known && present.ID != id {
		out.Action = rowPresent
	}
	if out.Action == rowPresent || !im.preview {
		out.UserID = &out.user.ID
	}
	return out, nil
}

// whoIsHere finds the person of a row; by its id if this import made them before it broke off.
func whoIsHere(e Editor, id event.ID, r *importRow) (u directory.User, known, clash bool, err error) {
	if u, known, err = e.User(id); err != nil || known {
		return u, known, false, err
	}
	var byName directory.User
	var hasName bool
	if r.email != "" {
		if u, known, err = e.UserByEmail(r.email); err != nil {
			return u, false, false, err
		}
	}
	if r.username != "" {
		if byName, hasName, err = e.UserByUsername(r.username); err != nil {
			return u, false, false, err
		}
	}
	switch {
	case known && hasName && u.ID != byName.ID:
		return u, false, true, nil
	case hasName:
		return byName, true, false, nil
	}
	return u, known, false, nil
}

func (im *importing) write(d *writing, row *plannedRow, light map[event.ID]string) error {
	if row.Action == rowCreate && light[row.user.ID] != "" {
		if _, made, err := d.e.User(row.user.ID); err != nil {
			return err
		} else if !made {
			row.user.PasswordHash = light[row.user.ID]
			if err := d.e.PutUser(row.user); err != nil {
				return err
			}
			if err := d.audit("user.created", row.user.ID, "roles", row.user.Roles); err != nil {
				return err
			}
		}
	}
	if !row.Enrol || row.Action == rowRefuse {
		return nil
	}
	if err := d.e.Enrol(directory.Enrolment{TenantID: im.tenant, CourseID: row.course, UserID: row.user.ID, Role: row.role}); err != nil {
		return err
	}
	return d.audit("course.enrolled", row.user.ID, "course", row.course, "before", "", "after", row.role)
}

// freeName makes a user name that neither the directory nor an earlier row has.
func (im *importing) freeName(e Editor, displayName string) (string, error) {
	return freeUsername(takenToo{e, im.names}, displayName)
}

// takenToo is an editor in which the user names of earlier rows are taken.
type takenToo struct {
	Editor
	names map[string]int
}

func (t takenToo) UserByUsername(name string) (directory.User, bool, error) {
	if _, taken := t.names["u "+directory.Fold(name)]; taken {
		return directory.User{}, true, nil
	}
	return t.Editor.UserByUsername(name)
}

// course finds a course by its title or id.
func (im *importing) course(e Editor, named string) (id event.ID, problem string, err error) {
	if id, ok := im.courses[named]; ok {
		return id, "", nil
	}
	if parsed, bad := event.ParseID(named); bad == nil {
		_, ok, err := e.Course(parsed)
		if err != nil || ok {
			im.courses[named] = parsed
			return parsed, "", err
		}
	}
	found, err := e.CoursesTitled(named)
	switch {
	case err != nil:
		return event.ID{}, "", err
	case len(found) == 0:
		return event.ID{}, "There is no course of this title: " + clipped(named) + ".", nil
	case len(found) > 1:
		return event.ID{}, "There are several courses of this title; give the course's id.", nil
	}
	im.courses[named] = found[0].ID
	return found[0].ID, "", nil
}

func clipped(text string) string {
	if r := []rune(text); len(r) > 80 {
		return string(r[:80]) + "… (" + strconv.Itoa(len(r)) + " characters)"
	}
	return text
}
