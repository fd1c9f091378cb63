package archtest

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

var (
	testName   = regexp.MustCompile(`\b(Test|Fuzz|Benchmark)[A-Z][A-Za-z0-9]*\b`)
	makeTarget = regexp.MustCompile("(?m)(?:`|^\\$ )(?:[A-Z_]+=[^ `]+ )*make ([a-z][a-z-]*)[` \n]")
	pageLink   = regexp.MustCompile(`\]\(([^)#:]+\.(?:md|txtar))(?:#[^)]*)?\)`)
	target     = regexp.MustCompile(`(?m)^([a-z][a-z-]*):`)
)

// CheckPages holds the documents to the tree: a test or a make target that a page names, and a page that it links to, must
// exist. A name may be the beginning of several tests' names.
func CheckPages(tree fs.FS) ([]string, error) {
	files, err := read(tree)
	if err != nil {
		return nil, err
	}
	var tests []string
	for _, f := range files {
		if f.test {
			source, err := fs.ReadFile(tree, f.path)
			if err != nil {
				return nil, err
			}
			for _, m := range regexp.MustCompile(`(?m)^func (\w+)\(`).FindAllStringSubmatch(string(source), -1) {
				tests = append(tests, m[1])
			}
		}
	}
	makefile, err := fs.ReadFile(tree, "Makefile")
	if err != nil {
		return nil, err
	}
	var targets []string
	for _, m := range target.FindAllStringSubmatch(string(makefile), -1) {
		targets = append(targets, m[1])
	}
	var broken []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/decisions/*.md"} {
		pages, err := fs.Glob(tree, pattern)
		if err != nil {
			return nil, err
		}
		for _, page := range pages {
			text, err := fs.ReadFile(tree, page)
			if err != nil {
				return nil, err
			}
			broken = append(broken, checkPage(tree, page, string(text), tests, targets)...)
		}
	}
	return broken, nil
}

func checkPage(tree fs.FS, page, text string, tests, targets []string) (broken []string) {
	say := func(format string, args ...any) { broken = append(broken, page+": "+fmt.Sprintf(format, args...)) }
	for _, name := range testName.FindAllString(text, -1) {
		if !slices.ContainsFunc(tests, func(t string) bool { return strings.HasPrefix(t, name) }) {
			say("there is no test %s", name)
		}
	}
	for _, m := range makeTarget.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(targets, m[1]) {
			say("there is no target make %s", m[1])
		}
	}
	for _, m := range pageLink.FindAllStringSubmatch(text, -1) {
		if _, err := fs.Stat(tree, path.Join(path.Dir(page), m[1])); err != nil {
			say("there is no page %s", m[1])
		}
	}
	return broken
}
