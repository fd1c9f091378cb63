package api

import (
	"slices"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/rest"
)

// Edge is a box as the hub knows it.
type Edge struct {
	ID          event.ID    `json:"id"`
	Name        string      `json:"name"`
	Region      string      `json:"region,omitempty"`
	Status      string      `json:"status" enum:"active,revoked"`
	Version     string      `json:"version,omitempty"`
	LastSeenAt  *event.Time `json:"lastSeenAt"`
	DiskFree    *int64      `json:"diskFreeBytes"`
	Incarnation *event.ID   `json:"incarnation"`  // of its log; null: it has not sent any
	Position    int64       `json:"position"`     // up to which the hub has its log
	ReceivedAt  *event.Time `json:"receivedAt"`   // when it last had something to commit
	Lag         *int64      `json:"lagPositions"` // behind what the box last said it has; null: it has not said
}

// EdgeList is the boxes of a school, by name.
type EdgeList struct {
	Edges []Edge `json:"edges"`
}

func (a *API) listEdges(c *rest.Call) (any, error) {
	if _, err := a.o.Identity.Me(c.R.Context(), c.Who); err != nil {
		return nil, err
	}
	if !slices.Contains(c.Who.Roles, directory.Admin) {
		return nil, fault.New(fault.Forbidden, "The boxes of a school are shown to its administrators. Please ask one.")
	}
	edges, err := a.o.Edges.Edges(c.R.Context(), c.Who.TenantID)
	if edges == nil {
		edges = []Edge{}
	}
	return EdgeList{Edges: edges}, err
}
