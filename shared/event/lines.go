package event

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"unicode/utf8"
)

// ErrLine says that bytes are not what a bundle may hold.
var ErrLine = errors.New("not of a bundle's form")

// WriteLine writes v (an EventLine, HeadLine or ReceiptLine) as one line.
func WriteLine(w io.Writer, v any) error {
	b, err := marshal(v)
	if err != nil {
		return err
	}
	if len(b) > MaxLine {
		return fmt.Errorf("%w: line of %d bytes, at most %d", ErrLine, len(b), MaxLine)
	}
	_, err = w.Write(append(b, '\n'))
	return err
}

// ReadLines reads lines of type T strictly and gives each with its number, from 1. It stops at the first line that is not
// of that form, or when each returns an error.
func ReadLines[T any](r io.Reader, each func(number int, line T) error) error {
	buffered := bufio.NewReaderSize(r, 64<<10)
	for number := 1; ; number++ {
		text, err := readLine(buffered)
		if err == io.EOF {
			return nil
		}
		var line T
		if err == nil {
			err = ReadStrict(text, &line)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
		if err := each(number, line); err != nil {
			return err
		}
	}
}

// readLine reads a line without its LF. It returns io.EOF after the last one.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > MaxLine+1:
			return nil, fmt.Errorf("%w: longer than %d bytes", ErrLine, MaxLine)
		case err == nil && bytes.IndexByte(line, '\r') >= 0:
			return nil, fmt.Errorf("%w: a CR", ErrLine)
		case err == nil:
			return line[:len(line)-1], nil
		case err == io.EOF && len(line) == 0:
			return nil, io.EOF
		case err == io.EOF:
			return nil, fmt.Errorf("%w: the last line is not ended", ErrLine)
		case err != bufio.ErrBufferFull:
			return nil, err
		}
	}
}

// ReadStrict reads JSON into v, a pointer to a struct or a slice of structs of this package. Unlike encoding/json it refuses a
// field that is missing, unknown, repeated, null, or written in other letters, and text that isn't UTF-8.
func ReadStrict(b []byte, v any) error {
	if !utf8.Valid(b) {
		return fmt.Errorf("%w: broken text", ErrLine)
	}
	if err := checkTokens(b); err != nil {
		return fmt.Errorf("%w: %w", ErrLine, err)
	}
	if err := checkNames(b, reflect.TypeOf(v).Elem()); err != nil {
		return fmt.Errorf("%w: %w", ErrLine, err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%w: %w", ErrLine, err)
	}
	return nil
}

// checkNames compares the names in valid JSON with those of the Go type, at all levels.
func checkNames(b []byte, t reflect.Type) error {
	b = bytes.TrimSpace(b)
	if string(b) == "null" {
		return errors.New("null where a value belongs")
	}
	switch {
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
		var items []json.RawMessage
		if err := json.Unmarshal(b, &items); err != nil {
			return err
		}
		for _, item := range items {
			if err := checkNames(item, t.Elem()); err != nil {
				return err
			}
		}
	case t.Kind() == reflect.Struct:
		return checkObject(b, t)
	}
	return nil
}

func checkObject(b []byte, t reflect.Type) error {
	fields, err := jsonFields(t, nil)
	if err != nil {
		return err
	}
	missing := map[string]reflect.Type{}
	for _, f := range fields {
		missing[jsonName(f)] = f.Type
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	if start, err := dec.Token(); err != nil || start != json.Delim('{') {
		return errors.New("want an object")
	}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		below, ok := missing[name]
		if !ok {
			return fmt.Errorf("field %q is unknown or comes twice", clip(name))
		}
		delete(missing, name)
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return err
		}
		if err := checkNames(value, below); err != nil {
			return fmt.Errorf("field %s: %w", name, err)
		}
	}
	for name := range missing {
		return fmt.Errorf("field %s is missing", name)
	}
	return nil
}
