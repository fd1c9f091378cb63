package identity

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/people"
)

const statusDisabled = "disabled"

// prepare does what takes long, before the edit, and gives what runs in it.
func (s *Service) prepare(ctx context.Context, p Principal, w people.Write) (func(*writing) (any, error), map[event.ID]string, error) {
	var fresh []event.ID // people who get a one-time password
	var run func(*writing) (any, error)
	switch c := w.Change.(type) {
	case *people.CreateUser:
		id := event.DeriveID(p.TenantID, p.UserID, "user "+w.Key, 0)
		fresh, run = []event.ID{id}, func(d *writing) (any, error) { return d.createUser(id, c) }
	case *people.MakeCards:
		fresh, run = c.UserIDs, func(d *writing) (any, error) { return d.makeCards(c) }
	case *people.ChangeUser:
		run = func(d *writing) (any, error) { return d.changeUser(c) }
	default:
		run = func(d *writing) (any, error) { return d.changeCourses(c) }
	}
	if len(fresh) == 0 {
		return run, nil, nil
	}
	if admin, err := s.present(ctx, p); err != nil {
		return nil, nil, err
	} else if err := mustBeAdmin(admin); err != nil {
		return nil, nil, err
	}
	light, err := s.oneTimeHashes(ctx, p, w, fresh)
	return run, light, err
}

// oneTimeHashes gives the stored forms of the one-time passwords that a request makes.
func (s *Service) oneTimeHashes(ctx context.Context, p Principal, w people.Write, users []event.ID) (map[event.ID]string, error) {
	light := make(map[event.ID]string, len(users))
	for _, id := range users {
		hash, err := s.passwords.hashLight(ctx, s.oneTime(p, w, id))
		if err != nil {
			return nil, err
		}
		light[id] = hash
	}
	return light, nil
}

func userOf(u directory.User) people.User {
	out := people.User{ID: u.ID, Email: u.Email, Username: u.Username, DisplayName: u.DisplayName, Status: u.Status,
		Roles: append([]directory.Role{}, u.Roles...), MustChangePassword: u.MustChange, HasPassword: u.PasswordHash != ""}
	slices.Sort(out.Roles)
	out.Version = versionOf(out)
	return out
}

func (d *writing) createUser(id event.ID, c *people.CreateUser) (any, error) {
	u := directory.User{ID: id, TenantID: d.admin.TenantID, Email: strings.TrimSpace(c.Email), Username: strings.TrimSpace(c.Username),
		DisplayName: strings.TrimSpace(c.DisplayName), Status: statusActive, PasswordHash: d.light[id], MustChange: true, Roles: rolesOf(c.Roles)}
	if _, used, err := d.e.User(id); err != nil {
		return nil, err
	} else if used {
		return nil, keyUsed()
	}
	if u.Email == "" && u.Username == "" {
		name, err := freeUsername(d.e, u.DisplayName)
		if err != nil {
			return nil, err
		}
		u.Username = name
	}
	if err := goodUser(u); err != nil {
		return nil, err
	}
	if err := d.e.PutUser(u); err != nil {
		return nil, err
	}
	return userOf(u), d.audit("user.created", u.ID, "roles", u.Roles)
}

func (d *writing) changeUser(c *people.ChangeUser) (any, error) {
	old, err := d.user(c.UserID)
	if err != nil {
		return nil, err
	}
	if shown := userOf(old); c.Version != shown.Version {
		return nil, sameVersion(c.Version, shown.Version, shown)
	}
	u := old
	var changed []string
	set := func(field string, to *string, given *string) {
		if given != nil && strings.TrimSpace(*given) != *to {
			*to, changed = strings.TrimSpace(*given), append(changed, field)
		}
	}
	set("email", &u.Email, c.Email)
	set("username", &u.Username, c.Username)
	set("displayName", &u.DisplayName, c.DisplayName)
	set("status", &u.Status, c.Status)
	if c.Roles != nil {
		u.Roles = rolesOf(*c.Roles)
	}
	before := rolesOf(old.Roles)
	newRoles := !slices.Equal(before, rolesOf(u.Roles))
	if !newRoles && len(changed) == 0 {
		return userOf(u), nil
	}
	if err := goodUser(u); err != nil {
		return nil, err
	}
	if err := d.keepsAnAdmin(old, u); err != nil {
		return nil, err
	}
	if err := d.e.PutUser(u); err != nil {
		return nil, err
	}
	if newRoles {
		d.stale = append(d.stale, u.ID)
		// A few seconds more than until now: the commit is still to come, and who reads before it must refresh after a restart.
		if err := d.e.MarkStale(u.ID, d.s.now()+event.Time(patience.Milliseconds())); err != nil {
			return nil, err
		}
		if err := d.audit("user.roles_changed", u.ID, "before", before, "after", u.Roles); err != nil {
			return nil, err
		}
	}
	if u.Status == statusDisabled && old.Status != statusDisabled {
		if d.ended[u.ID], err = d.e.EndSignIns(u.ID, event.ID{}, d.s.now()); err != nil {
			return nil, err
		}
	}
	if len(changed) > 0 { // the names of fields, not what was in them
		if err := d.audit("user.changed", u.ID, "fields", changed, "status", u.Status); err != nil {
			return nil, err
		}
	}
	return userOf(u), nil
}

// keepsAnAdmin refuses to leave a school without one.
func (d *writing) keepsAnAdmin(old, now directory.User) error {
	is := func(u directory.User) bool {
		return u.Status == statusActive && slices.Contains(u.Roles, directory.Admin)
	}
	if !is(old) || is(now) {
		return nil
	}
	n, err := d.e.OtherAdmins(old.ID)
	if err == nil && n == 0 {
		err = fault.New(fault.LastAdmin, "This is the school's only administrator: without one nobody could make another. Nothing was changed; name another one first.")
	}
	return err
}

func (d *writing) makeCards(c *people.MakeCards) (any, error) {
	out := people.Cards{Cards: []people.Card{}}
	for i, id := range c.UserIDs {
		at := "userIds[" + strconv.Itoa(i) + "]"
		u, err := d.user(id)
		switch {
		case err != nil:
			return nil, err
		case id == d.admin.ID:
			return nil, fault.At(fault.InvalidField, at, "This is your own account: change its password by giving the old one. Nothing was changed.")
		case slices.Contains(c.UserIDs[:i], id):
			return nil, fault.At(fault.InvalidField, at, "This person is named twice. Nothing was changed.")
		}
		u.PasswordHash, u.MustChange = d.light[id], true
		if err := d.e.PutUser(u); err != nil {
			return nil, err
		}
		if d.ended[id], err = d.e.EndSignIns(id, event.ID{}, d.s.now()); err != nil {
			return nil, err
		}
		if err := d.audit("password.reset", id, "mustChange", true); err != nil {
			return nil, err
		}
		out.Cards = append(out.Cards, people.Card{UserID: id, DisplayName: u.DisplayName, Email: u.Email, Username: u.Username})
	}
	return out, nil
}

func (d *writing) user(id event.ID) (directory.User, error) {
	u, ok, err := d.e.User(id)
	if err == nil && !ok {
		err = fault.At(fault.NotFound, "userId", "There is no such person in this school. Nothing was changed.")
	}
	return u, err
}

// rolesOf gives roles in order, each once.
func rolesOf(roles []directory.Role) []directory.Role {
	out := append([]directory.Role{}, roles...)
	slices.Sort(out)
	return slices.Compact(out)
}

// goodUser checks what no limit says.
func goodUser(u directory.User) error {
	at := strings.LastIndexByte(u.Email, '@')
	switch {
	case u.Email == "" && u.Username == "":
		return fault.At(fault.InvalidField, "username", "Somebody needs an e-mail address or a user name to sign in. Nothing was changed.")
	case u.Email != "" && (at < 1 || at == len(u.Email)-1 || len(u.Email) > MaxEmail || strings.ContainsFunc(u.Email, notVisible)):
		return fault.At(fault.InvalidField, "email", "This is no e-mail address. Nothing was changed.")
	case len(u.Username) > MaxUsername || strings.ContainsFunc(u.Username, notInUsername):
		return fault.At(fault.InvalidField, "username", "A user name has letters, digits and . _ - in it, at most %d bytes. Nothing was changed.", MaxUsername)
	case u.DisplayName == "" || strings.ContainsFunc(u.DisplayName, unicode.IsControl):
		return fault.At(fault.InvalidField, "displayName", "A name is missing, or holds something that is no text. Nothing was changed.")
	}
	return nil
}

func notVisible(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

func notInUsername(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._-", r)
}

// freeUsername makes a user name that a child can type of a name: "Kim Berg" is kim.berg, the next one kim.berg2.
func freeUsername(e Editor, displayName string) (string, error) {
	words := strings.FieldsFunc(strings.ToLower(displayName), func(r rune) bool { return notInUsername(r) || strings.ContainsRune("._-", r) })
	base := strings.Join(words, ".")
	for len(base) > 40 {
		base = base[:len(base)-1]
	}
	if base = strings.Trim(strings.ToValidUTF8(base, ""), "."); base == "" {
		base = "user"
	}
	for n := 1; n < 1000; n++ {
		name := base
		if n > 1 {
			name += strconv.Itoa(n)
		}
		if _, taken, err := e.UserByUsername(name); err != nil || !taken {
			return name, err
		}
	}
	return "", fault.At(fault.InvalidField, "username", "No free user name like %s is left. Nothing was changed; please give one.", base)
}
