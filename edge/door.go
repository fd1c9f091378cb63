package edge

import (
	"context"
	"fmt"
	"net"
	"time"

	"multistream/edge/features"
	"multistream/edge/operator"
)

// serveDoor opens the operator's door and serves it until ctx is done. A door that can't open disturbs no class.
func (b *Box) serveDoor(ctx context.Context) error {
	token, err := operator.Token(b.cfg.DataDir)
	if err != nil {
		return err
	}
	door, err := operator.New(operator.Options{Token: token, Metrics: b.Gateway.Metrics(), Features: boundaries{b.Features}, Logger: b.log.With("part", "operator")})
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

// boundaries are the features as the operator's door wants them.
type boundaries struct{ s *features.Set }

func (f boundaries) States() any { return f.s.States() }

func (f boundaries) Drill(feature, kind string, span time.Duration) error {
	return f.s.Drill(feature, kind, span)
}

func (f boundaries) EndDrill(feature string) error { return f.s.EndDrill(feature) }

// Door is where operators reach a running edge.
type Door struct{ URL, Token string }

// FindDoor finds the operator's door of the edge that runs on a data folder.
func FindDoor(dir string) (Door, error) {
	url, token, err := operator.Find(dir)
	return Door{URL: url, Token: token}, err
}
