package live

import (
	"encoding/json"
	"net/http"

	"multistream/shared/event"
)

// joinByCode makes somebody a guest of the class, whose token they use from then on.
func (d *driver) joinByCode(who *person, key string, payload map[string]any) (json.RawMessage, error) {
	body := map[string]any{"idempotencyKey": key, "code": d.code, "displayName": who.DisplayName, "device": event.NewID().String()}
	if name, ok := payload["displayName"]; ok {
		body["displayName"] = name
	}
	var answer json.RawMessage
	if err := d.api.call(d.ctx, http.MethodPost, "/api/join", "", body, &answer); err != nil {
		return nil, err
	}
	var told struct {
		Guest struct {
			AccessToken string `json:"accessToken"`
			User        struct {
				ID event.ID `json:"id"`
			} `json:"user"`
		} `json:"guest"`
	}
	err := json.Unmarshal(answer, &told)
	who.token, who.id = told.Guest.AccessToken, told.Guest.User.ID
	return answer, err
}
