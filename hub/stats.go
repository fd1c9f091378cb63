package hub

import "multistream/shared/rest"

// identityStats are the numbers of sign-ins for /metrics.
func (h *Hub) identityStats() []rest.Stat {
	count := func(name, help string, v uint64) rest.Stat {
		return rest.Stat{Name: "hub_identity_" + name, Help: help, Value: float64(v), Counter: true}
	}
	s := h.People.Stats()
	return []rest.Stat{
		count("sign_ins_total", "People who signed in.", s.SignedIn),
		count("wrong_passwords_total", "Sign-ins refused for a wrong name or password.", s.WrongPassword),
		count("rate_limited_total", "Sign-ins refused for their rate.", s.RateLimited),
		count("queue_full_total", "Sign-ins refused because too many waited.", s.QueueFull),
		count("failed_total", "Sign-ins that failed for another reason.", s.SignInFailed),
		count("refreshed_total", "Sign-ins that were refreshed.", s.Refreshed),
		count("refresh_refused_total", "Refreshes that were refused.", s.RefreshRefused),
		count("refresh_reused_total", "Used refresh tokens that came again and ended their sign-in.", s.RefreshReused),
		count("tokens_refused_total", "Access tokens that were refused.", s.TokensRefused),
		{Name: "hub_identity_queue_waiting", Help: "Sign-ins that wait for their password to be checked.", Value: float64(s.QueueWaiting)},
		{Name: "hub_identity_revoked", Help: "Sign-ins and people whose access tokens are refused or outdated, while such tokens may live.", Value: float64(s.Revoked)},
	}
}
