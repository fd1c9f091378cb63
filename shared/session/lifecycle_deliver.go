package session

import "multistream/shared/event"

var lifecycleDeliverers = map[string]deliverer{
	event.TypeSessionScheduled:   to(deliverScheduled),
	event.TypeSessionRescheduled: to(deliverRescheduled),
}

func deliverScheduled(_ *State, _ *event.Opened, p *event.SessionScheduled) Delivery {
	public := &event.SessionScheduled{Plan: publicPlan(p.Plan), PlanRevision: p.PlanRevision}
	return Delivery{Staff: p, Members: public, Lobby: public}
}

func deliverRescheduled(_ *State, _ *event.Opened, p *event.SessionRescheduled) Delivery {
	public := &event.SessionRescheduled{Plan: publicPlan(p.Plan), PlanRevision: p.PlanRevision}
	return Delivery{Staff: p, Members: public, Lobby: public}
}
