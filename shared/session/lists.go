package session

import "slices"

// find gives the first entry of a list that matches, in its place there, or nil.
func find[T any](list []T, matches func(*T) bool) *T {
	for i := range list {
		if matches(&list[i]) {
			return &list[i]
		}
	}
	return nil
}

// oldestOver gives the entry that was over first, once more than kept of them are over, or nil. over tells at which sequence
// an entry ended, 0 for one that goes on.
func oldestOver[T any](list []T, kept int, over func(*T) int64) *T {
	var oldest *T
	n := 0
	for i := range list {
		if at := over(&list[i]); at > 0 {
			if n++; oldest == nil || at < over(oldest) {
				oldest = &list[i]
			}
		}
	}
	if n <= kept {
		return nil
	}
	return oldest
}

// without gives the entries of a list that don't match, in a fresh array; an empty list is nil, so that a list that became
// empty and one that always was are the same.
func without[T any](list []T, matches func(*T) bool) []T {
	i := slices.IndexFunc(list, func(v T) bool { return matches(&v) })
	if i < 0 {
		return list
	}
	var out []T
	for j := range list {
		if !matches(&list[j]) {
			out = append(out, list[j])
		}
	}
	return out
}
