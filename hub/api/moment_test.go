package api

import "testing"

// FuzzMoment: a moment is nothing, a sequence number from 1 on, or a time; whatever is refused is none of them.
func FuzzMoment(f *testing.F) {
	for _, seed := range []string{"", "1", "0", "-1", "9007199254740991", "99999999999999999999", "1.5", "2027-01-15T08:00:00Z", "2027-01-15T08:00:00.123+01:00", "soon"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		sequence, by, err := moment(text)
		switch {
		case err != nil && (sequence != 0 || by != 0 || text == ""), err == nil && text != "" && (sequence >= 1) == (by != 0), sequence < 0, sequence >= 1<<53:
			t.Errorf("%q: %d, %s, %v", text, sequence, by, err)
		}
	})
}
