package event

import "sync"

// testRing is a key ring in memory. The secret of a key is 32 bytes that count up from a start.
type testRing struct {
	mu     sync.Mutex
	keys   []PersonKey
	erased map[ID]bool // key ids and person ids
}

func newTestRing() *testRing { return &testRing{erased: map[ID]bool{}} }

func (r *testRing) add(keyID, person ID, start byte) {
	k := PersonKey{ID: keyID, PersonID: person}
	for i := range k.Secret {
		k.Secret[i] = start + byte(i)
	}
	r.keys = append(r.keys, k)
}

func (r *testRing) destroy(ids ...ID) {
	for _, id := range ids {
		r.erased[id] = true
	}
}

// erase destroys all keys of a person.
func (r *testRing) erase(person ID) {
	r.destroy(person)
	for _, k := range r.keys {
		if k.PersonID == person {
			r.destroy(k.ID)
		}
	}
}

func (r *testRing) Current(_, person ID) (PersonKey, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.erased[person] {
		return PersonKey{}, ErrErased
	}
	for i := len(r.keys) - 1; i >= 0; i-- {
		if r.keys[i].PersonID == person {
			return r.keys[i], nil
		}
	}
	r.add(DeriveID(ID{}, person, "key", 1), person, person[15])
	return r.keys[len(r.keys)-1], nil
}

func (r *testRing) Get(_, keyID ID) (PersonKey, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.erased[keyID] {
		return PersonKey{}, ErrErased
	}
	for _, k := range r.keys {
		if k.ID == keyID {
			return k, nil
		}
	}
	return PersonKey{}, ErrNoKey
}

func (r *testRing) Of(_, person ID) (keys []PersonKey, erased bool, err error) {
	for _, k := range r.keys {
		if k.PersonID == person && !r.erased[k.ID] {
			keys = append(keys, k)
		}
	}
	return keys, r.erased[person], nil
}
