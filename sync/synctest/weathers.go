package synctest

import (
	"math/rand/v2"
	"time"

	"multistream/shared/event"
	"multistream/sync/wire"
)

func keyRef(tenant, key event.ID) wire.KeyRef { return wire.KeyRef{TenantID: tenant, KeyID: key} }

// Weathers are the kinds of weather that a WAN has, by name. Each draws anew for each way.
var Weathers = map[string]func(random *rand.Rand) Weather{
	"fair": func(*rand.Rand) Weather { return Weather{Least: 5 * time.Millisecond, Most: 40 * time.Millisecond} },
	"stormy": func(r *rand.Rand) Weather {
		w := Weather{Least: 5 * time.Millisecond, Most: time.Duration(r.IntN(3000)+10) * time.Millisecond, Lost: r.Float64() * 0.4, Twice: r.Float64() * 0.3, Broken: r.Float64() * 0.2}
		switch r.IntN(8) {
		case 0:
			w.Nobody = true
		case 1:
			w.Hole = true
		case 2:
			w.Portal = true
		}
		return w
	},
	"one way": func(r *rand.Rand) Weather {
		return Weather{Least: time.Millisecond, Most: 50 * time.Millisecond, Hole: r.IntN(2) == 0}
	},
	"flapping": func(r *rand.Rand) Weather {
		return Weather{Least: time.Millisecond, Most: 50 * time.Millisecond, Nobody: r.IntN(2) == 0}
	},
	"thin": func(*rand.Rand) Weather {
		return Weather{Least: time.Second, Most: time.Second + 100*time.Millisecond, Lost: 0.2, BytesPerSec: 1250}
	},
}
