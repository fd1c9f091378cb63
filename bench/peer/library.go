package main

import (
	"context"
	"net/http"
	"time"

	"github.com/centrifugal/centrifuge"
)

// channel that everybody is subscribed to by the server: the class.
const channel = "class"

// library makes a centrifuge node with the memory broker. Its settings are the library's own, except where a class of a
// thousand needs another one:
//   - history of 500 with recovery, because a class must be able to resume: publications carry offsets;
//   - a queue of 64 MB a client, so that a saturated run slows clients down instead of cutting them off, as the product does;
//   - pooled write buffers and a small read buffer, which is what its documentation advises for many connections.
func library(l *log) (http.Handler, func(context.Context) error, error) {
	node, err := centrifuge.New(centrifuge.Config{ClientQueueMaxSize: 64 << 20})
	if err != nil {
		return nil, nil, err
	}
	node.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{
			Credentials:   &centrifuge.Credentials{},
			Subscriptions: map[string]centrifuge.SubscribeOptions{channel: {EnableRecovery: true, EnablePositioning: true}},
		}, nil
	})
	publish := func(data []byte) (centrifuge.PublishReply, error) {
		result, err := node.Publish(channel, data, centrifuge.WithHistory(500, 10*time.Minute))
		return centrifuge.PublishReply{Result: &result}, err
	}
	node.OnConnect(func(client *centrifuge.Client) {
		client.OnPublish(func(e centrifuge.PublishEvent, answer centrifuge.PublishCallback) {
			if l == nil {
				answer(publish(e.Data))
				return
			}
			l.append(e.Data, func(err error) {
				if err != nil {
					answer(centrifuge.PublishReply{}, err)
					return
				}
				answer(publish(e.Data))
			})
		})
	})
	if err := node.Run(); err != nil {
		return nil, nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/connection/websocket", centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{
		ReadBufferSize: 512, UseWriteBufferPool: true, WriteTimeout: 10 * time.Second,
	}))
	return mux, node.Shutdown, nil
}
