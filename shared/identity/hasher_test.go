package identity_test

import (
	"strings"
	"testing"

	"multistream/shared/identity"
)

var light = identity.Argon2{MemoryKiB: 64, Passes: 1, Lanes: 1}

func TestArgon2(t *testing.T) {
	first, err := light.Hash("pässwörd\x00")
	if err != nil || !strings.HasPrefix(first, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Fatalf("got %q, %v", first, err)
	}
	if second, _ := light.Hash("pässwörd\x00"); second == first {
		t.Error("two hashes have the same salt")
	}
	for password, want := range map[identity.Secret]bool{"pässwörd\x00": true, "pässwörd": false, "": false} {
		// The parameters of the stored form count, not those of the hasher.
		if got, err := identity.DefaultArgon2().Verify(first, password); err != nil || got != want {
			t.Errorf("%q: %v, %v", string(password), got, err)
		}
	}
}

// TestDefaultCost holds the cost that the product promises, and the reference vector of another implementation
// (argon2-cffi's README, "correct horse battery staple").
func TestDefaultCost(t *testing.T) {
	hash, err := identity.DefaultArgon2().Hash("x")
	if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("got %q, %v", hash, err)
	}
	const theirs = "$argon2id$v=19$m=65536,t=3,p=4$MIIRqgvgQbgj220jfp0MPA$YfwJSVjtjSU0zzV/P3S9nnQ/USre2wvJMjfCIjrTQbg"
	if ok, err := identity.DefaultArgon2().Verify(theirs, "correct horse battery staple"); err != nil || !ok {
		t.Errorf("another implementation's hash: %v, %v", ok, err)
	}
}

func TestStoredFormsThatAreRefused(t *testing.T) {
	good, err := light.Hash("x")
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"argon2i": {"argon2id", "argon2i"}, "bcrypt": {"$argon2id", "$2b"}, "old version": {"v=19", "v=16"},
		"a terabyte": {"m=64", "m=1073741824"}, "beyond 32 bits": {"m=64", "m=4294967360"}, "too little": {"m=64", "m=7"},
		"no passes": {"t=1", "t=0"}, "a million passes": {"t=1", "t=1000000"}, "no lanes": {"p=1", "p=0"}, "256 lanes": {"p=1", "p=256"},
		"signed": {"m=64", "m=+64"}, "hexadecimal": {"m=64", "m=0x40"}, "leading zero": {"m=64", "m=064"},
		"more": {"p=1", "p=1,x=1"}, "padding": {"p=1$", "p=1$="}, "salt missing": {"$argon2id$v=19$m=64,t=1,p=1$", "$argon2id$v=19$m=64,t=1,p=1$$"},
		"space": {"$argon2id", " $argon2id"},
	} {
		bad := strings.Replace(good, change[0], change[1], 1)
		if ok, err := light.Verify(bad, "x"); err == nil || ok {
			t.Errorf("%s: %q is read", name, bad)
		} else if strings.Contains(err.Error(), "$") {
			t.Errorf("%s: the error shows the hash: %v", name, err)
		}
	}
	if _, err := (identity.Argon2{MemoryKiB: 1 << 30, Passes: 1, Lanes: 1}).Hash("x"); err == nil {
		t.Error("a hash is made that can't be read")
	}
}
