package session

import (
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
)

// MediaDegrade is the box's: sound and picture are not as they should be.
type MediaDegrade struct {
	Reason string     `json:"reason" enum:"unreachable,room_lost,quota"`
	Since  event.Time `json:"since,omitzero" optional:"true"`
}

// MediaRestore is the box's: they are again.
type MediaRestore struct{}

// MediaMove is the box's: the room is on another server, named as in the configuration.
type MediaMove struct {
	Server string `json:"server" limit:"server_name"`
}

// DestinationEnable asks that the class be sent somewhere. That the destination is the tenant's was checked before.
type DestinationEnable struct {
	DestinationID event.ID `json:"destinationId"`
	Name          string   `json:"name" limit:"asset_name"`
}

// DestinationDisable asks that it be no longer.
type DestinationDisable struct {
	DestinationID event.ID `json:"destinationId"`
}

// DestinationGoLive is the fan-out's: pictures arrive there.
type DestinationGoLive struct {
	DestinationID event.ID `json:"destinationId"`
}

// DestinationFail is the fan-out's: they do not; it is tried again with growing pauses.
type DestinationFail struct {
	DestinationID event.ID `json:"destinationId"`
	Reason        string   `json:"reason" enum:"refused,stalled,unreachable,expired"`
}

// DestinationStop is the fan-out's: sending ended.
type DestinationStop struct {
	DestinationID event.ID `json:"destinationId"`
}

func decideMediaDegrade(s *State, c *Command, p *MediaDegrade) ([]event.Fact, error) {
	switch {
	case !c.Actor.System:
		return refuseOutsider()
	case s.Media.Degraded == p.Reason:
		return nil, nil
	}
	return one(event.TypeMediaDegraded, &event.MediaDegraded{Reason: p.Reason, Since: notAfter(p.Since, c.Now)})
}

func decideMediaRestore(s *State, c *Command, _ *MediaRestore) ([]event.Fact, error) {
	switch {
	case !c.Actor.System:
		return refuseOutsider()
	case s.Media.Degraded == "":
		return nil, nil
	}
	return one(event.TypeMediaRestored, &event.MediaRestored{RestoredAt: c.Now})
}

func decideMediaMove(s *State, c *Command, p *MediaMove) ([]event.Fact, error) {
	switch {
	case !c.Actor.System:
		return refuseOutsider()
	case s.Media.Server == p.Server:
		return nil, nil
	}
	return one(event.TypeMediaMoved, &event.MediaMoved{Server: p.Server})
}

// destination gives the status of a destination, "" for one that was never enabled.
func (s *State) destination(id event.ID) string { return s.Desk.Destinations[id.String()].Status }

func refuseNoDestination() ([]event.Fact, error) {
	return refuse(fault.NotFound, "The class was never sent to this destination. Enable it first.")
}

func decideDestinationEnable(s *State, _ *Command, p *DestinationEnable) ([]event.Fact, error) {
	most := limits.Table["plan_destination"].Max
	switch status := s.destination(p.DestinationID); {
	case status == DestinationEnabled || status == DestinationLive:
		return nil, nil
	case status == "" && len(s.Desk.Destinations) >= most:
		return refuse(fault.LimitReached, "A class can be sent to %d destinations. This one was not added; use one of those it has.", most)
	}
	return one(event.TypeDestinationEnabled, &event.DestinationEnabled{DestinationID: p.DestinationID, Name: event.Plain(p.Name)})
}

func decideDestinationDisable(s *State, _ *Command, p *DestinationDisable) ([]event.Fact, error) {
	switch s.destination(p.DestinationID) {
	case "":
		return refuseNoDestination()
	case DestinationDisabled:
		return nil, nil
	}
	return one(event.TypeDestinationDisabled, &event.DestinationDisabled{DestinationID: p.DestinationID})
}

func decideDestinationLive(s *State, c *Command, p *DestinationGoLive) ([]event.Fact, error) {
	if !c.Actor.System {
		return refuseOutsider()
	}
	switch s.destination(p.DestinationID) {
	case "":
		return refuseNoDestination()
	case DestinationLive:
		return nil, nil
	case DestinationEnabled, DestinationFailed:
		return one(event.TypeDestinationLive, &event.DestinationLive{DestinationID: p.DestinationID})
	}
	return refuse(fault.WrongState, "The class is not to be sent to this destination any more. Stop sending.")
}

func decideDestinationFail(s *State, c *Command, p *DestinationFail) ([]event.Fact, error) {
	if !c.Actor.System {
		return refuseOutsider()
	}
	switch now := s.Desk.Destinations[p.DestinationID.String()]; now.Status {
	case "":
		return refuseNoDestination()
	case DestinationEnabled, DestinationLive:
	case DestinationFailed:
		if now.Reason == p.Reason {
			return nil, nil
		}
	default:
		return nil, nil // not wanted any more, so nothing failed
	}
	return one(event.TypeDestinationFailed, &event.DestinationFailed{DestinationID: p.DestinationID, Reason: p.Reason})
}

func decideDestinationStop(s *State, c *Command, p *DestinationStop) ([]event.Fact, error) {
	if !c.Actor.System {
		return refuseOutsider()
	}
	switch s.destination(p.DestinationID) {
	case "":
		return refuseNoDestination()
	case DestinationStopped:
		return nil, nil
	}
	return one(event.TypeDestinationStopped, &event.DestinationStopped{DestinationID: p.DestinationID})
}
