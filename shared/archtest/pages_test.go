package archtest_test

import (
	"os"
	"slices"
	"testing"
	"testing/fstest"

	"multistream/shared/archtest"
)

func TestPages(t *testing.T) {
	broken, err := archtest.CheckPages(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	for _, sentence := range broken {
		t.Error(sentence)
	}
}

func TestPagesThatLie(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	broken, err := archtest.CheckPages(fstest.MapFS{
		"Makefile":       file("test: ## all\n"),
		"a/a_test.go":    file("package a\n\nfunc TestReal(t *testing.T) {}\nfunc TestRealToo(t *testing.T) {}\n"),
		"README.md":      file("`make test` and `FAST=1 make bench`; what we\nmake is [page](docs/page.md) and [none](docs/none.md#part), [far](https://example.org/x.md)"),
		"docs/page.md":   file("TestReal, TestRealT… and TestInvented; [up](../README.md)"),
		"docs/other.txt": file("TestNobody"),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"README.md: there is no page docs/none.md", "README.md: there is no target make bench", "docs/page.md: there is no test TestInvented"}
	if slices.Sort(broken); !slices.Equal(broken, want) {
		t.Errorf("got %q, want %q", broken, want)
	}
}
