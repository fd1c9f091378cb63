// Package fault holds the kinds of error that a caller may see and the one table that maps them to HTTP and close codes.
package fault

import (
	"errors"
	"fmt"
)

// Code is stable and documented; clients decide by it.
type Code string

// Fault is an error that is safe to show: what happened, what is safe, what to do next. The cause goes to the log only.
type Fault struct {
	Code    Code
	Message string
	Field   string         // the input field it is about, if any
	Details map[string]any // shown to the caller
	Cause   error          // never shown
}

// Error gives the code, the message and, for logs, the cause.
func (f *Fault) Error() string {
	if f.Cause != nil {
		return fmt.Sprintf("%s: %s: %v", f.Code, f.Message, f.Cause)
	}
	return fmt.Sprintf("%s: %s", f.Code, f.Message)
}

// Unwrap gives the cause.
func (f *Fault) Unwrap() error { return f.Cause }

// New makes a fault with a formatted message.
func New(code Code, format string, args ...any) *Fault {
	return &Fault{Code: code, Message: fmt.Sprintf(format, args...)}
}

// At makes a fault about one input field.
func At(code Code, field, format string, args ...any) *Fault {
	f := New(code, format, args...)
	f.Field = field
	return f
}

// Because adds the cause, which only the log shows.
func (f *Fault) Because(cause error) *Fault {
	g := *f
	g.Cause = cause
	return &g
}

// With adds a detail for the caller.
func (f *Fault) With(name string, value any) *Fault {
	g := *f
	g.Details = map[string]any{name: value}
	for k, v := range f.Details {
		g.Details[k] = v
	}
	return &g
}

// Of gives the fault in err's chain, or an "internal" one with err as its cause.
func Of(err error) *Fault {
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return New(Internal, "Something went wrong on our side. What was confirmed before is safe; please try again.").Because(err)
}
