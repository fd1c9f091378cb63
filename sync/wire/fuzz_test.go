package wire

import (
	"bytes"
	"crypto/ecdh"
	"crypto/hpke"
	"slices"
	"testing"
)

// FuzzMessages gives bytes to the reader of every kind. What is read is written as it came: a message has one form.
func FuzzMessages(f *testing.F) {
	var names []string
	for name := range readers {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		f.Add(byte(i), samples()[name].Append(nil))
	}
	f.Fuzz(func(t *testing.T, kind byte, b []byte) {
		m, err := readers[names[int(kind)%len(names)]](b)
		if err != nil {
			return
		}
		if again := m.Append(nil); !bytes.Equal(again, b) {
			t.Fatalf("%x\nis read as %+v and written as\n%x", b, m, again)
		}
	})
}

// FuzzFrame gives bytes to the reader of frames: what it takes has the body that its digest is over.
func FuzzFrame(f *testing.F) {
	for _, m := range samples() {
		b, err := Frame{Kind: KindBatch, Level: 1, Number: 7, Body: m.Append(nil)}.Append(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := ReadFrame(b)
		if err != nil {
			return
		}
		again, err := got.Append(nil)
		if err != nil || !bytes.Equal(again[:frameSize], b[:frameSize]) {
			t.Fatalf("%+v is framed as %x, %v", got, again, err)
		}
	})
}

// FuzzKeys seals any bytes as if they were keys, and has them opened.
func FuzzKeys(f *testing.F) {
	hub, err := NewSealingKey(bytes.Repeat([]byte{4}, 32))
	if err != nil {
		f.Fatal(err)
	}
	public, err := hpke.DHKEM(ecdh.X25519()).NewPublicKey(hub.Public())
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{0, 0, 0, 0})
	f.Add(append([]byte{0, 0, 0, 1}, bytes.Repeat([]byte{1}, personKeyBytes)...))
	f.Fuzz(func(t *testing.T, plain []byte) {
		kdf, aead := suite()
		sealed, err := hpke.Seal(public, kdf, aead, sealInfo(id(1), id(2)), plain)
		if err != nil {
			t.Fatal(err)
		}
		keys, err := hub.OpenKeys(id(1), id(2), sealed)
		if err == nil && len(plain) != 4+len(keys)*personKeyBytes {
			t.Fatalf("%d keys in %d bytes", len(keys), len(plain))
		}
	})
}
