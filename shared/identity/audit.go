package identity

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"multistream/shared/directory"
	"multistream/shared/event"
)

// details makes the JSON of an audit entry of names and values.
func details(pairs ...any) string {
	m := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1]
	}
	b, err := json.Marshal(m)
	if err != nil {
		panic("identity: details of an audit entry can't be encoded: " + err.Error())
	}
	return string(b)
}

// failures counts failed sign-ins until they are put into the audit: counts, because an entry for each would let a stranger
// fill the disk.
type failures struct {
	mu    sync.Mutex
	since map[event.ID]failedSignIns // by tenant
}

type failedSignIns struct{ Wrong, Refused int }

const failuresEvery = time.Minute

func (f *failures) add(tenant event.ID, refused bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.since == nil {
		f.since = map[event.ID]failedSignIns{}
	}
	n := f.since[tenant]
	if refused {
		n.Refused++
	} else {
		n.Wrong++
	}
	f.since[tenant] = n
}

func (f *failures) take() map[event.ID]failedSignIns {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := f.since
	f.since = nil
	return out
}

// putBack keeps counts that could not be written.
func (f *failures) putBack(tenant event.ID, n failedSignIns) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.since == nil {
		f.since = map[event.ID]failedSignIns{}
	}
	sum := f.since[tenant]
	f.since[tenant] = failedSignIns{sum.Wrong + n.Wrong, sum.Refused + n.Refused}
}

// AuditFailures writes the failed sign-ins since the last time into the audit, one entry a tenant. Run calls it once a
// minute and at its end.
func (s *Service) AuditFailures(ctx context.Context) error {
	var failed error
	for tenant, n := range s.failures.take() {
		err := s.edit(ctx, tenant, func(e Editor) error {
			return e.Audit(directory.AuditEntry{At: s.now(), Action: "sign_in.failed", Details: details("wrong", n.Wrong, "refused", n.Refused)})
		})
		if err != nil {
			s.failures.putBack(tenant, n)
			failed = err
		}
	}
	return failed
}
