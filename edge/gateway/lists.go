package gateway

import (
	"multistream/shared/event"
	"multistream/shared/rest"
	"multistream/shared/session"
)

// Lists answer a part of the view that somebody has of a class. Position is that of the view: what is newer comes by
// events after it.

// SceneList is the scene strip.
type SceneList struct {
	Scenes   []session.Scene `json:"scenes"`
	Current  *event.ID       `json:"current"` // on screen
	Position string          `json:"position"`
}

// AssetList is what the class may show.
type AssetList struct {
	Assets   []session.Asset `json:"assets"`
	Position string          `json:"position"`
}

// ChatList is the latest messages; Held wait for approval (students get their own).
type ChatList struct {
	Messages []session.ChatEntry `json:"messages"`
	Held     []session.ChatEntry `json:"held"`
	Position string              `json:"position"`
}

// QuestionList is the open questions and the latest closed ones.
type QuestionList struct {
	Questions []session.Question `json:"questions"`
	Position  string             `json:"position"`
}

// PollList is the open polls and the latest closed ones.
type PollList struct {
	Polls    []session.Poll `json:"polls"`
	Position string         `json:"position"`
}

// Inbox is what waits for staff.
type Inbox struct {
	Waiting  []session.Waiting        `json:"waiting"`
	Held     []session.ChatEntry      `json:"held"`
	Reports  []session.Report         `json:"reports"`
	Hands    []session.Hand           `json:"hands"`
	Claims   map[string]session.Claim `json:"claims"` // by item id
	Position string                   `json:"position"`
}

// list answers what pick takes of the caller's view.
func (g *Gateway) list(c *rest.Call, staffOnly string, pick func(v *session.State, at string) any) (any, error) {
	ctx := c.R.Context()
	m, err := g.member(ctx, c.Who, c.Session)
	if err == nil {
		err = m.inside()
	}
	if err == nil && staffOnly != "" {
		err = m.may(staffOnly)
	}
	if err != nil {
		return nil, err
	}
	var out rest.Encoded
	err = g.o.Classes.Read(ctx, c.Who.TenantID, c.Session, func(s *session.State) (err error) {
		v := m.view(s, c.Who.UserID)
		out, err = event.Marshal(pick(v, rest.PositionText(event.Position{Epoch: v.Epoch, Sequence: v.Sequence})))
		return err
	})
	return out, err
}

// view is what somebody may know now.
func (m *member) view(s *session.State, user event.ID) *session.State {
	return session.ViewAs(s, m.viewer(s, user))
}

// viewer says as whom somebody looks at a class. Staff of the class who have not joined see it as staff do: they prepare it,
// and look back at it.
func (m *member) viewer(s *session.State, user event.ID) session.Viewer {
	who := session.ViewerOf(s, user)
	if who.Standing == session.StandingOut && session.IsStaff(m.role) {
		return session.Viewer{UserID: user, Role: m.role, Standing: session.StandingStaff}
	}
	return who
}

func (g *Gateway) listScenes(c *rest.Call) (any, error) {
	return g.list(c, "", func(v *session.State, at string) any {
		return SceneList{Scenes: some(v.Studio.Scenes), Current: idOrNull(v.Studio.Current), Position: at}
	})
}

func (g *Gateway) listAssets(c *rest.Call) (any, error) {
	return g.list(c, "", func(v *session.State, at string) any { return AssetList{Assets: some(v.Studio.Assets), Position: at} })
}

func (g *Gateway) listChat(c *rest.Call) (any, error) {
	return g.list(c, "", func(v *session.State, at string) any {
		return ChatList{Messages: some(v.Chat.Entries), Held: some(v.Chat.Held), Position: at}
	})
}

func (g *Gateway) listQuestions(c *rest.Call) (any, error) {
	return g.list(c, "", func(v *session.State, at string) any { return QuestionList{Questions: some(v.Questions), Position: at} })
}

func (g *Gateway) listPolls(c *rest.Call) (any, error) {
	return g.list(c, "", func(v *session.State, at string) any { return PollList{Polls: some(v.Polls), Position: at} })
}

func (g *Gateway) inbox(c *rest.Call) (any, error) {
	return g.list(c, "moderation.claim", func(v *session.State, at string) any {
		out := Inbox{Held: some(v.Chat.Held), Hands: some(v.Hands.Raised), Waiting: []session.Waiting{}, Reports: []session.Report{},
			Claims: map[string]session.Claim{}, Position: at}
		if v.Desk != nil {
			out.Waiting, out.Reports, out.Claims = some(v.Desk.Waiting), some(v.Desk.Reports), v.Desk.Claims
		}
		return out
	})
}

// some is the list, never null.
func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
