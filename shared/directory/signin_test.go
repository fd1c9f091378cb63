package directory_test

import (
	"strings"
	"testing"

	"multistream/shared/directory"
)

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		" Teacher@Demo.School ": "teacher@demo.school",
		"\u212aelvin":           "kelvin", // the Kelvin sign
		"ſtudent":               "student",
		"":                      "",
	} {
		if got := directory.Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
}

// FuzzFold holds Fold to strings.EqualFold: the same account exactly if EqualFold says so.
func FuzzFold(f *testing.F) {
	for _, pair := range [][2]string{{"Å", "å"}, {"Σ", "ς"}, {"ß", "ss"}, {"İ", "i"}, {"K", "k"}, {"\x7f", "\x7f"}, {"\xff", "a"}} {
		f.Add(pair[0], pair[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		a, b = strings.TrimSpace(strings.ToValidUTF8(a, "")), strings.TrimSpace(strings.ToValidUTF8(b, ""))
		folded := directory.Fold(a)
		if directory.Fold(folded) != folded {
			t.Errorf("Fold(%q) = %q is not stable", a, folded)
		}
		if !strings.EqualFold(a, folded) {
			t.Errorf("Fold(%q) = %q is another text", a, folded)
		}
		if got := directory.Fold(a) == directory.Fold(b); got != strings.EqualFold(a, b) {
			t.Errorf("Fold makes %q and %q equal: %v", a, b, got)
		}
	})
}

func TestEmailDomain(t *testing.T) {
	for in, want := range map[string]string{"a@B.org": "b.org", "a@b@C.org": "c.org", "nobody": "", "a@": ""} {
		if got := directory.EmailDomain(in); got != want {
			t.Errorf("EmailDomain(%q) = %q, want %q", in, got, want)
		}
	}
}
