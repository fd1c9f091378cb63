package edge

import (
	"context"
	"fmt"
	"net"
	"time"

	"multistream/edge/bus"
	"multistream/edge/features"
	"multistream/edge/operator"
)

// serveDoor opens the operator's door and serves it until ctx is done. A door that can't open disturbs no class.
func (b *Box) serveDoor(ctx context.Context) error {
	token, err := operator.Token(b.cfg.DataDir)
	if err != nil {
		return err
	}
	door, err := operator.New(operator.Options{Token: token, Metrics: b.Gateway.Metrics(), Features: boundaries{b}, Replication: b.standing, Logger: b.log.With("part", "operator")})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", or(b.cfg.OperatorAddr, "127.0.0.1:0"))
	if err != nil {
		return fmt.Errorf("EDGE_OPERATOR_ADDR: %w", err)
	}
	if err := operator.Announce(b.cfg.DataDir, "http://"+listener.Addr().String()); err != nil {
		_ = listener.Close()
		return err
	}
	b.log.Info("operator's door is open", "url", "http://"+listener.Addr().String())
	return door.Serve(ctx, listener)
}

// boundaries are the features as the operator's door wants them: those that have commands, and presence, which the bus
// carries.
type boundaries struct{ b *Box }

func (f boundaries) States() any { return append(f.b.Features.States(), f.presence()) }

func (f boundaries) presence() features.State {
	s := features.State{Feature: presence}
	if !f.b.Bus.Stats().Up {
		s.Reason = features.Crashed
	}
	if drill, until := f.b.Bus.Drill(); drill != bus.None {
		for kind, of := range drills {
			if of == drill {
				s.Drill = &features.Drill{Fault: kind, Until: until}
			}
		}
	}
	return s
}

var drills = map[string]bus.Drill{"refuse": bus.Refuse, "hang": bus.Hang, "crash": bus.Crash}

// presence is the feature of presence, typing and pointers.
const presence = "presence"

func (f boundaries) Drill(feature, kind string, span time.Duration) error {
	if feature != presence {
		return f.b.Features.Drill(feature, kind, span)
	}
	if err := features.CheckDrill(kind, span); err != nil {
		return err
	}
	f.b.Bus.SetDrill(drills[kind], time.Now().Add(span))
	return nil
}

func (f boundaries) EndDrill(feature string) error {
	if feature != presence {
		return f.b.Features.EndDrill(feature)
	}
	f.b.Bus.SetDrill(bus.None, time.Time{})
	return nil
}

// Door is where operators reach a running edge.
type Door struct{ URL, Token string }

// FindDoor finds the operator's door of the edge that runs on a data folder.
func FindDoor(dir string) (Door, error) {
	url, token, err := operator.Find(dir)
	return Door{URL: url, Token: token}, err
}
