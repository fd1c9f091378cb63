package archtest_test

import (
	"os"
	"testing"

	"multistream/shared/archtest"
)

// TestTree holds the real tree to the rules.
func TestTree(t *testing.T) {
	const root = "../.."
	if _, err := os.Stat(root + "/go.mod"); err != nil {
		t.Fatalf("the root of the tree is not where it was: %v", err)
	}
	broken, err := archtest.Check(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	for _, sentence := range broken {
		t.Error(sentence)
	}
}
