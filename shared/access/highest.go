package access

import "slices"

// Highest gives the role by which somebody may do most, "" for none.
func Highest[R ~string](roles []R) R {
	for _, want := range Roles() {
		if slices.Contains(roles, R(want)) {
			return R(want)
		}
	}
	return ""
}
