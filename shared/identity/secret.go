package identity

import (
	"fmt"
	"log/slog"
)

// Secret is a text that no log and no error may show. Every way of printing it gives a placeholder; only a conversion
// to string gives the text.
type Secret string

const hidden = "[secret]"

// Format hides the text from every verb of fmt.
func (Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, hidden) }

// LogValue hides the text from slog.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }
