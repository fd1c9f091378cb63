package edge

import (
	"time"

	"multistream/shared/event"
	"multistream/shared/rest"
	"multistream/sync/pull"
)

// stats are the numbers of the parts for /metrics.
func (b *Box) stats() []func() []rest.Stat {
	gauge := func(name, help string, v int64) rest.Stat {
		return rest.Stat{Name: name, Help: help, Value: float64(v)}
	}
	count := func(name, help string, v int64) rest.Stat {
		return rest.Stat{Name: name, Help: help, Value: float64(v), Counter: true}
	}
	return []func() []rest.Stat{
		func() []rest.Stat {
			s := b.Store.Stats()
			return []rest.Stat{
				count("edge_log_events_total", "Events committed.", s.Events),
				count("edge_log_requests_total", "Batches and other units committed.", s.Requests),
				count("edge_log_failed_commits_total", "Group commits of which nothing was written.", s.FailedCommits),
				count("edge_log_busy_total", "Batches refused because the queue was full.", s.Busy),
				gauge("edge_log_queue_length", "Batches waiting to be written.", s.QueueLength),
				gauge("edge_log_wal_pages", "Pages in the write-ahead log when last looked at.", s.WALPages),
				count("edge_log_damaged_reads_total", "Reads that met a damaged row.", s.Damaged),
				count("edge_log_scrub_rounds_total", "Complete rounds of the background check.", s.ScrubRounds),
				gauge("edge_log_scrub_damaged_sessions", "Sessions in which the last round of the background check found damage.", s.ScrubDamaged),
			}
		},
		func() []rest.Stat {
			s := b.People.Stats()
			return []rest.Stat{
				count("edge_identity_sign_ins_total", "People who signed in.", int64(s.SignedIn)),
				count("edge_identity_wrong_passwords_total", "Sign-ins refused for a wrong name or password.", int64(s.WrongPassword)),
				count("edge_identity_rate_limited_total", "Sign-ins refused for their rate.", int64(s.RateLimited)),
				count("edge_identity_queue_full_total", "Sign-ins refused because too many waited.", int64(s.QueueFull)),
				count("edge_identity_failed_total", "Sign-ins that failed for another reason.", int64(s.SignInFailed)),
				count("edge_identity_refreshed_total", "Sign-ins that were refreshed.", int64(s.Refreshed)),
				count("edge_identity_refresh_refused_total", "Refreshes that were refused.", int64(s.RefreshRefused)),
				count("edge_identity_refresh_reused_total", "Used refresh tokens that came again and ended their sign-in.", int64(s.RefreshReused)),
				count("edge_identity_tokens_refused_total", "Access tokens that were refused.", int64(s.TokensRefused)),
				gauge("edge_identity_revoked", "Sign-ins and people whose access tokens are refused or outdated, while such tokens may live.", int64(s.Revoked)),
				gauge("edge_identity_queue_waiting", "Sign-ins that wait for their password to be checked.", int64(s.QueueWaiting)),
			}
		},
		b.featureStats,
		func() []rest.Stat {
			s := b.Bus.Stats()
			up := int64(0)
			if s.Up {
				up = 1
			}
			return []rest.Stat{
				gauge("edge_bus_up", "1 while the bus carries presence, typing and pointers, else 0.", up),
				gauge("edge_bus_classes", "Classes that somebody here listens to.", int64(s.Listening)),
				count("edge_bus_starts_total", "Times that the bus came up.", s.Starts),
				count("edge_bus_published_total", "Messages given to the bus.", s.Published),
				count("edge_bus_delivered_total", "Messages heard.", s.Delivered),
				count("edge_bus_refused_total", "Messages refused because the bus was down or had too much to carry.", s.Refused),
				count("edge_bus_overflows_total", "Times that the queue of what was heard began to overflow.", s.Lost),
			}
		},
		b.pullStats,
		func() []rest.Stat {
			return []rest.Stat{gauge("edge_classes_loaded", "Classes in memory.", int64(len(b.Classes.Loaded())))}
		},
	}
}

// pullStats tell how old the copies of what a hub rules are. They are used however old they are.
func (b *Box) pullStats() []rest.Stat {
	var s pull.Status
	if r := b.pulls.Load(); r != nil {
		s = r.Status()
	}
	now, oldest, behind := event.TimeOf(time.Now()), event.Time(0), 0
	for _, school := range s.Schools {
		if school.Lineage.IsZero() {
			continue
		}
		oldest = max(oldest, now-school.ConfirmedAt)
		if school.Why != "" || school.Latest > school.Version {
			behind++
		}
	}
	gauge := func(name, help string, v float64) rest.Stat { return rest.Stat{Name: name, Help: help, Value: v} }
	return []rest.Stat{
		gauge("edge_pull_age_seconds", "Seconds since the hub last said that the copy of a school's directory is current, of the oldest copy.", float64(oldest)/1000),
		gauge("edge_pull_schools_behind", "Schools whose copy is not what the hub has, as far as is known.", float64(behind)),
		gauge("edge_pull_untold", "Outcomes of plans and commands that the hub does not have yet.", float64(s.Outcomes)),
		{Name: "edge_pull_resyncs_total", Help: "Times that a school was taken anew because the hub was restored.", Value: float64(s.Resyncs), Counter: true},
		{Name: "edge_pull_ignored_total", Help: "Answers of the hub that were late, doubled or another's.", Value: float64(s.Ignored), Counter: true},
	}
}

func (b *Box) featureStats() []rest.Stat {
	var out []rest.Stat
	for _, f := range b.Features.States() {
		up, label := 1.0, [2]string{"feature", f.Feature}
		if f.Reason != "" {
			up = 0
		}
		out = append(out, rest.Stat{Name: "edge_feature_up", Help: "1 while a feature works, 0 while it is degraded.", Value: up, Label: label},
			rest.Stat{Name: "edge_feature_failures_total", Help: "Commands that a feature refused, hung on or crashed at.", Value: float64(f.Failures), Counter: true, Label: label})
	}
	return out
}
