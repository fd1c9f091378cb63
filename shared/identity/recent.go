package identity

import "container/list"

// recent is a map of bounded size that forgets what was not used for longest. It is not safe for concurrent use.
type recent[K comparable, V any] struct {
	max   int
	order *list.List // of entry[K, V], newest use first
	byKey map[K]*list.Element
}

type entry[K comparable, V any] struct {
	key   K
	value V
}

func newRecent[K comparable, V any](max int) *recent[K, V] {
	return &recent[K, V]{max: max, order: list.New(), byKey: map[K]*list.Element{}}
}

func (r *recent[K, V]) get(key K) (V, bool) {
	at, ok := r.byKey[key]
	if !ok {
		var none V
		return none, false
	}
	r.order.MoveToFront(at)
	return at.Value.(entry[K, V]).value, true
}

func (r *recent[K, V]) put(key K, value V) {
	r.drop(key)
	r.byKey[key] = r.order.PushFront(entry[K, V]{key, value})
	for r.order.Len() > r.max {
		r.drop(r.order.Back().Value.(entry[K, V]).key)
	}
}

func (r *recent[K, V]) drop(key K) {
	if at, ok := r.byKey[key]; ok {
		r.order.Remove(at)
		delete(r.byKey, key)
	}
}
