package identity

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"multistream/shared/directory"
	"multistream/shared/fault"
	"multistream/shared/limits"
)

// importRow is one row of a file, as it was written.
type importRow struct {
	line                                       int
	displayName, username, email, role, course string
}

// importColumns are the columns that a file may have, in any order and whatever their case.
var importColumns = map[string]func(*importRow) *string{
	"displayname": func(r *importRow) *string { return &r.displayName },
	"name":        func(r *importRow) *string { return &r.displayName },
	"username":    func(r *importRow) *string { return &r.username },
	"email":       func(r *importRow) *string { return &r.email },
	"role":        func(r *importRow) *string { return &r.role },
	"course":      func(r *importRow) *string { return &r.course },
}

// readCSV reads a file as spreadsheets write it: UTF-8 with or without a BOM, lines that end either way, comma, semicolon or
// tab between the fields, empty lines left out. Its first line names the columns. Returns fault.InvalidField with the line.
func readCSV(file []byte) ([]importRow, error) {
	file = bytes.TrimPrefix(file, []byte("\ufeff"))
	if !utf8.Valid(file) || bytes.IndexByte(file, 0) >= 0 {
		return nil, badFile(lineOf(file), "is not UTF-8 text: save the file as CSV UTF-8")
	}
	first, _, _ := bytes.Cut(file, []byte("\n"))
	r := csv.NewReader(bytes.NewReader(file))
	r.FieldsPerRecord = -1
	for _, c := range []rune{';', '\t'} {
		if bytes.ContainsRune(first, c) {
			r.Comma = c
		}
	}
	head, err := r.Read()
	if err != nil {
		return nil, badFile(1, "does not name the columns: displayName, username, email, role, course")
	}
	columns := make([]func(*importRow) *string, len(head))
	var seen []string
	for i, name := range head {
		name = strings.ToLower(strings.TrimSpace(name))
		if columns[i] = importColumns[name]; columns[i] == nil || slices.Contains(seen, name) {
			return nil, badFile(1, "has a column that is unknown or there twice: "+strings.ToValidUTF8(name[:min(len(name), 40)], ""))
		}
		seen = append(seen, name)
	}
	if slices.Contains(seen, "name") == slices.Contains(seen, "displayname") {
		return nil, badFile(1, "needs one column named displayName")
	}
	var rows []importRow
	for {
		fields, err := r.Read()
		var broken *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return rows, nil
		case errors.As(err, &broken):
			return nil, badFile(broken.StartLine, "has quotes that do not match")
		case err != nil:
			return nil, badFile(len(rows)+2, "or one near it can't be read")
		}
		line, _ := r.FieldPos(0)
		switch {
		case len(fields) > len(columns):
			return nil, badFile(line, "has more fields than there are columns")
		case len(rows) == limits.ImportRows:
			return nil, badFile(line, "is too much: a file has at most 10,000 rows; import it in parts")
		}
		row := importRow{line: line}
		for i, field := range fields {
			*columns[i](&row) = strings.TrimSpace(field)
		}
		if (importRow{line: line}) != row {
			rows = append(rows, row)
		}
	}
}

// lineOf gives the first line that is not text.
func lineOf(file []byte) int {
	line := 1
	for len(file) > 0 {
		r, n := utf8.DecodeRune(file)
		if r == utf8.RuneError && n == 1 || r == 0 {
			break
		}
		if r == '\n' {
			line++
		}
		file = file[n:]
	}
	return line
}

func badFile(line int, what string) error {
	return fault.At(fault.InvalidField, "file", "Line %d %s. Nothing was changed.", line, what).With("line", line)
}

// roleOf reads a role; a row without one is a student's.
func (r *importRow) roleOf() (directory.Role, bool) {
	switch role := directory.Role(strings.ToLower(r.role)); role {
	case "":
		return directory.Student, true
	case directory.Student, directory.Teacher, directory.Assistant:
		return role, true
	}
	return "", false
}
