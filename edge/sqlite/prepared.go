package sqlite

import (
	"context"
	"database/sql"
	"sync"
)

// prepared runs questions by statements that were compiled when they were first asked: for short ones that come often, as
// those of a thousand people who join, compiling is most of the work. Their texts are constants of this package.
type prepared struct {
	on interface {
		querier
		preparer
	}

	mu    sync.RWMutex
	known map[string]*sql.Stmt // by text
}

var _ querier = (*prepared)(nil)

// maxPrepared bounds the statements that are kept; there are fewer constants. Further ones are compiled for each call.
const maxPrepared = 100

// newPrepared prepares on a pool or on one connection of it.
func newPrepared(on interface {
	querier
	preparer
}) *prepared {
	return &prepared{on: on, known: map[string]*sql.Stmt{}}
}

// statement gives the statement of a text, nil where there is none to keep.
func (p *prepared) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	p.mu.RLock()
	s, full := p.known[query], len(p.known) >= maxPrepared
	p.mu.RUnlock()
	if s != nil || full {
		return s, nil
	}
	made, err := p.on.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if s = p.known[query]; s != nil { // somebody else was faster
		return s, made.Close()
	}
	p.known[query] = made
	return made, nil
}

// ExecContext implements querier.
func (p *prepared) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	s, err := p.statement(ctx, query)
	switch {
	case err != nil:
		return nil, err
	case s == nil:
		return p.on.ExecContext(ctx, query, args...)
	}
	return s.ExecContext(ctx, args...)
}

// QueryContext implements querier.
func (p *prepared) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := p.statement(ctx, query)
	switch {
	case err != nil:
		return nil, err
	case s == nil:
		return p.on.QueryContext(ctx, query, args...)
	}
	return s.QueryContext(ctx, args...)
}

// QueryRowContext implements querier.
func (p *prepared) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if s, err := p.statement(ctx, query); err == nil && s != nil {
		return s.QueryRowContext(ctx, args...)
	}
	return p.on.QueryRowContext(ctx, query, args...) // which also tells what is wrong with it
}

// close drops the statements. Nobody may ask any more.
func (p *prepared) close() error {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]*sql.Stmt, 0, len(p.known))
	for _, s := range p.known {
		all = append(all, s)
	}
	clear(p.known)
	return closeAll(all...)
}
