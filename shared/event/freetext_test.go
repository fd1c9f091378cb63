package event

import (
	"reflect"
	"slices"
	"testing"
)

// openTexts are the texts of payloads that are not sealed, by field. Nobody can write what they like into one of them.
var openTexts = map[string]string{
	"Recipient.Audience":           "fixed list",
	"ChatHeld.Reason":              "fixed list",
	"MessageReported.Reason":       "fixed list",
	"ReportResolved.Outcome":       "fixed list",
	"ModerationClaimed.Kind":       "fixed list",
	"NoteAdded.Audience":           "fixed list",
	"Layout.Name":                  "fixed list",
	"Settings.Visibility":          "fixed list",
	"Settings.ScreenShare":         "fixed list",
	"ChatSettings.Private":         "fixed list",
	"StaffMember.Role":             "fixed list",
	"Plan.MediaPolicy":             "fixed list",
	"SessionHalted.Reason":         "fixed list",
	"FeatureDegraded.Reason":       "fixed list",
	"RecordingFailed.Reason":       "fixed list",
	"DestinationFailed.Reason":     "fixed list",
	"MediaDegraded.Reason":         "fixed list",
	"ParticipantRequested.Role":    "fixed list",
	"ParticipantJoined.Role":       "fixed list",
	"ParticipantJoined.Grants":     "fixed list",
	"ParticipantLeft.Reason":       "fixed list",
	"PermissionChanged.Role":       "fixed list",
	"PermissionChanged.Grants":     "fixed list",
	"PermissionChanged.BeforeRole": "fixed list",

	"PermissionChanged.BeforeGrants": "fixed list",
	"ReactionSent.Reaction":          "fixed list",
	"ConsentGiven.Purpose":           "fixed list",
	"ConsentWithdrawn.Purpose":       "fixed list",
	"AssetAdded.Kind":                "fixed list",
	"AssetAdded.ContentType":         "fixed list",
	"Operation.Op":                   "fixed list",
	"Stroke.Kind":                    "fixed list",
	"Stroke.Color":                   "six hex digits",
	"FeatureDegraded.Feature":        "the box's own name of it",
	"FeatureRestored.Feature":        "the box's own name of it",
	"MediaMoved.Server":              "the box's own name of it",
	"RecordingFinalized.MediaURL":    "made by the recorder, of ids",
	"CaptionSegment.Language":        "said by the captioner",
	"Plan.JoinCode":                  "a code of few letters and digits, made to be passed on",
}

// TestFreeTextIsPersonal: bytes of a log can't be sealed later. A new text of a payload is personal, or is named above with
// the reason why nobody can write a name into it.
func TestFreeTextIsPersonal(t *testing.T) {
	var found []string
	var look func(typ reflect.Type)
	look = func(typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || reflect.PointerTo(typ).Implements(personalType) {
			return
		}
		for i := range typ.NumField() {
			f := typ.Field(i)
			held := f.Type
			for held.Kind() == reflect.Slice {
				held = held.Elem()
			}
			if held.Kind() == reflect.String {
				found = append(found, typ.Name()+"."+f.Name)
			}
			look(f.Type)
		}
	}
	for _, typ := range types {
		look(reflect.TypeOf(typ.New()))
	}
	for _, field := range found {
		if openTexts[field] == "" {
			t.Errorf("%s is a text that is not sealed: make it personal", field)
		}
	}
	for field := range openTexts {
		if !slices.Contains(found, field) {
			t.Errorf("%s is no text of a payload", field)
		}
	}
}
