package bus

import (
	"fmt"

	"github.com/nats-io/nkeys"
)

// KeyBytes gives the 32 bytes of a public nkey of a user (U…), as an edge shows it.
func KeyBytes(key string) ([]byte, error) {
	b, err := nkeys.Decode(nkeys.PrefixByteUser, []byte(key))
	if err != nil {
		return nil, fmt.Errorf("key %q: want the public nkey that an edge shows, U… and 56 characters", key)
	}
	return b, nil
}

// KeyOf is the other way round.
func KeyOf(b []byte) (string, error) {
	key, err := nkeys.Encode(nkeys.PrefixByteUser, b)
	return string(key), err
}
