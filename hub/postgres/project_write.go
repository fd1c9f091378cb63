package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"multistream/hub/projector"
)

// Write makes changes: those of one table that name the same columns in one statement.
func (t *projecting) Write(ctx context.Context, changes []projector.Change) error {
	groups, consents := shapesOf(changes)
	batch := &pgx.Batch{}
	for _, g := range groups {
		sql, args, err := t.statement(g)
		if err != nil {
			return err
		}
		batch.Queue(sql, args...)
	}
	if err := t.tx.SendBatch(ctx, batch).Close(); err != nil {
		return refusal(fmt.Errorf("write the projection: %w", err))
	}
	return refusal(t.addConsents(ctx, consents))
}

// shape is changes of one table with the same columns. Names are sorted; values are in columns.
type shape struct {
	table                string
	key, first, set, add []string
	old                  bool
	rows                 []projector.Change
}

func (s *shape) names() []string { return slices.Concat(s.key, s.first, s.set, s.add) }

// shapesOf groups changes, in the order of their tables; consents are apart.
func shapesOf(changes []projector.Change) (groups []*shape, consents []projector.Change) {
	known := map[string]*shape{}
	for _, c := range changes {
		if c.Table == projector.Consents {
			consents = append(consents, c)
			continue
		}
		s := &shape{table: c.Table, key: namesOf(c.Key), first: namesOf(c.First), set: namesOf(c.Set), add: namesOf(c.Add), old: c.Old}
		s.first = slices.DeleteFunc(s.first, func(name string) bool { _, both := c.Set[name]; return both }) // what is set is set
		id := fmt.Sprint(*s)
		if known[id] == nil {
			known[id] = s
			groups = append(groups, s)
		}
		known[id].rows = append(known[id].rows, c)
	}
	return groups, consents
}

func namesOf(c projector.Columns) []string {
	out := make([]string, 0, len(c))
	for name := range c {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// statement writes the rows of a shape, which come as one list for each column.
func (t *projecting) statement(s *shape) (sql string, args []any, err error) {
	session := "session_id"
	if s.table == projector.Sessions {
		session = "id"
	}
	names := s.names()
	args = []any{uuidOf(t.r.TenantID), uuidOf(t.r.SessionID)}
	lists, values := make([]string, len(names)), make([]string, len(names))
	for i, name := range names {
		kind := t.p.types[s.table][name]
		if kind == "" {
			return "", nil, fmt.Errorf("%s has no column %s: nothing was written", s.table, name)
		}
		sent := kind
		if kind == "jsonb" || strings.HasSuffix(kind, "[]") {
			sent = "text"
		}
		list := make([]any, len(s.rows))
		for n := range s.rows {
			if list[n], err = valueOf(lookup(&s.rows[n], name)); err != nil {
				return "", nil, fmt.Errorf("%s.%s: %w", s.table, name, err)
			}
		}
		args = append(args, pgtype.FlatArray[any](list))
		lists[i], values[i] = fmt.Sprintf("$%d::%s[]", i+3, sent), fmt.Sprintf("r.%s::%s", name, kind)
	}
	if len(names) == 0 {
		return "", nil, fmt.Errorf("a change of %s changes nothing", s.table)
	}
	rows := fmt.Sprintf("unnest(%s) AS r(%s)", strings.Join(lists, ", "), strings.Join(names, ", "))
	if s.old {
		return s.update(session, values[len(s.key):], rows), args, nil
	}
	return s.insert(session, names, values, rows), args, nil
}

func (s *shape) update(session string, values []string, rows string) string {
	var sets []string
	for i, name := range slices.Concat(s.first, s.set, s.add) {
		switch value := values[i]; {
		case i < len(s.first): // the row is there
		case i < len(s.first)+len(s.set):
			sets = append(sets, name+" = "+value)
		default:
			sets = append(sets, fmt.Sprintf("%s = t.%s + %s", name, name, value))
		}
	}
	where := "t.tenant_id = $1 AND t." + session + " = $2"
	for _, name := range s.key {
		where += fmt.Sprintf(" AND t.%s = r.%s", name, name)
	}
	return fmt.Sprintf("UPDATE %s AS t SET %s FROM %s WHERE %s", s.table, strings.Join(sets, ", "), rows, where)
}

func (s *shape) insert(session string, names, values []string, rows string) string {
	var sets []string
	for _, name := range s.set {
		sets = append(sets, fmt.Sprintf("%s = EXCLUDED.%s", name, name))
	}
	for _, name := range s.add {
		sets = append(sets, fmt.Sprintf("%s = t.%s + EXCLUDED.%s", name, name, name))
	}
	conflict := "NOTHING"
	if len(sets) > 0 {
		conflict = "UPDATE SET " + strings.Join(sets, ", ")
	}
	if s.table == projector.Destinations { // the log may name one that the directory never had, or has no more
		rows += " WHERE EXISTS (SELECT 1 FROM multistream_destinations d WHERE d.tenant_id = $1 AND d.id = r.destination_id)"
	}
	key := strings.Join(append([]string{"tenant_id", session}, s.key...), ", ")
	return fmt.Sprintf("INSERT INTO %s AS t (tenant_id, %s, %s) SELECT $1, $2, %s FROM %s ON CONFLICT (%s) DO %s",
		s.table, session, strings.Join(names, ", "), strings.Join(values, ", "), rows, key, conflict)
}

func lookup(c *projector.Change, name string) any {
	for _, columns := range []projector.Columns{c.Key, c.Set, c.First, c.Add} {
		if v, ok := columns[name]; ok {
			return v
		}
	}
	return nil
}
