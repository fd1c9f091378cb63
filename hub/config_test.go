package hub_test

import (
	"strings"
	"testing"

	"multistream/hub"
)

func TestConfig(t *testing.T) {
	read := func(pairs ...string) (hub.Config, error) {
		return hub.ConfigFrom(func(name string) string {
			for i := 0; i+1 < len(pairs); i += 2 {
				if pairs[i] == name {
					return pairs[i+1]
				}
			}
			return ""
		}, "test")
	}
	c, err := read("DATABASE_URL", "postgres:///hub")
	if err != nil || c.Addr != "127.0.0.1:8090" || c.PrivateToken != "" || c.SecretFile == "" {
		t.Errorf("%+v, %v", c, err)
	}
	_, err = read("HUB_ADDR", "0.0.0.0:1", "HUB_PRIVATE_ADDR", "x", "HUB_PRIVATE_TOKEN", "short", "DATABASE_URL", "mysql://me:geheim@x", "HUB_TLS_KEY", "k", "LOG_LEVEL", "loud")
	if err == nil {
		t.Fatal("accepted")
	}
	for _, name := range []string{"HUB_ADDR", "HUB_PRIVATE_ADDR", "HUB_PRIVATE_TOKEN", "DATABASE_URL", "HUB_TLS_CERT", "LOG_LEVEL"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named in %q", name, err)
		}
	}
	if strings.Contains(err.Error(), "geheim") || strings.Contains(err.Error(), "short") {
		t.Errorf("a secret is told: %v", err)
	}
}
