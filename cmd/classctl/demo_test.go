package main

import (
	"os"
	"testing"

	"multistream/shared/classscript"
)

// demoScript reads the script that the README's tour runs.
func demoScript(t *testing.T) *classscript.Script {
	t.Helper()
	data, err := os.ReadFile("../../docs/demo-class.txtar")
	if err != nil {
		t.Fatal(err)
	}
	s, err := classscript.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestDemoClassByTheRules runs the demo class by the rules alone.
func TestDemoClassByTheRules(t *testing.T) {
	s := demoScript(t)
	if _, err := classscript.Run(s, classscript.NewRules(s.People)); err != nil {
		t.Fatal(err)
	}
}
