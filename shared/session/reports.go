package session

import (
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
)

// MessageReport puts a message before staff.
type MessageReport struct {
	MessageID event.ID `json:"messageId"`
	Reason    string   `json:"reason" enum:"abuse,spam,harm,other"`
	Note      string   `json:"note,omitzero" optional:"true" limit:"report_note"`
}

// ReportResolve closes a report; the outcome deleted deletes the message and closes all reports about it.
type ReportResolve struct {
	ReportID event.ID `json:"reportId"`
	Outcome  string   `json:"outcome" enum:"deleted,dismissed"`
}

func decideReport(s *State, c *Command, p *MessageReport) ([]event.Fact, error) {
	m, window := s.message(p.MessageID)
	switch {
	case m == nil || m.Deleted || !c.visible(window):
		return noMessage()
	case m.UserID == c.Actor.UserID:
		return refuse(fault.Forbidden, "This message is your own. Nothing was reported; you can delete it.")
	case find(s.Desk.Reports, func(r *Report) bool { return r.MessageID == p.MessageID && r.UserID == c.Actor.UserID }) != nil:
		return nil, nil
	case len(s.Desk.Reports) >= limits.OpenReports:
		return refuse(fault.LimitReached, "Staff have %d open reports already. Yours was not added; tell somebody of the staff directly.", limits.OpenReports)
	}
	return one(event.TypeMessageReported, &event.MessageReported{ReportID: c.newID(s, 1), MessageID: m.MessageID, UserID: c.Actor.UserID,
		Reason: p.Reason, Note: event.Plain(p.Note), AuthorID: m.UserID, Content: m.Content, To: m.To})
}

func decideResolveReport(s *State, c *Command, p *ReportResolve) ([]event.Fact, error) {
	r := s.report(p.ReportID)
	switch {
	case r == nil:
		return refuse(fault.NotFound, "There is no such open report; somebody may have dealt with it. Nothing was changed.")
	case p.Outcome == "dismissed":
		return one(event.TypeReportResolved, &event.ReportResolved{ReportID: p.ReportID, Outcome: p.Outcome, ActorUserID: c.Actor.UserID})
	case p.Outcome != "deleted":
		return nil, fault.At(fault.InvalidField, "outcome", "A report ends as deleted or dismissed. Nothing was changed.")
	}
	var facts []event.Fact
	// A message older than every window is deleted too: replays must not show it.
	if m, _ := s.message(r.MessageID); m == nil || !m.Deleted {
		facts = append(facts, event.Fact{Type: event.TypeChatDeleted, Payload: &event.ChatDeleted{MessageID: r.MessageID, UserID: r.AuthorID,
			To: r.To, ActorUserID: c.Actor.UserID}})
	}
	for i := range s.Desk.Reports {
		if about := &s.Desk.Reports[i]; about.MessageID == r.MessageID {
			facts = append(facts, event.Fact{Type: event.TypeReportResolved, Payload: &event.ReportResolved{ReportID: about.ReportID,
				Outcome: p.Outcome, ActorUserID: c.Actor.UserID}})
		}
	}
	return facts, nil
}

// deliverMessageReported tells staff, and the reporter that it arrived; the author of the message is told nothing.
func deliverMessageReported(s *State, _ *event.Opened, p *event.MessageReported) Delivery {
	return Delivery{Staff: p, Persons: s.persons(p, p.UserID)}
}

func applyMessageReported(s *State, e *event.Opened, p *event.MessageReported) {
	if s.Desk != nil {
		s.Desk.Reports = append(s.Desk.Reports, Report{ReportID: p.ReportID, MessageID: p.MessageID, UserID: p.UserID, Reason: p.Reason,
			Note: p.Note, AuthorID: p.AuthorID, Content: p.Content, To: p.To, At: e.CreatedAt})
	}
}

func applyReportResolved(s *State, _ *event.Opened, p *event.ReportResolved) {
	if s.Desk != nil {
		s.Desk.Reports = without(s.Desk.Reports, func(r *Report) bool { return r.ReportID == p.ReportID })
		s.dropClaim(p.ReportID)
	}
}

// report finds an open report, or nil.
func (s *State) report(id event.ID) *Report {
	return find(s.Desk.Reports, func(r *Report) bool { return r.ReportID == id })
}

// reported reports whether staff have an open report about a message.
func (s *State) reported(message event.ID) bool {
	return find(s.Desk.Reports, func(r *Report) bool { return r.MessageID == message }) != nil
}
