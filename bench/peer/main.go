// Command peer runs a server that the product's fan-out is compared with, on loopback:
//
//	peer -mode memory  -address 127.0.0.1:9001              the centrifuge library, memory broker
//	peer -mode append  -address 127.0.0.1:9001 -data DIR    the same; each event is first appended to SQLite (WAL, synchronous=FULL)
//	peer -mode floor   -address 127.0.0.1:9001              writes what one client sends to all sockets, and does nothing else
//
// It is a module of its own, so that nothing of it comes near the product. It prints "ready" when it listens.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	mode := flag.String("mode", "", "memory, append or floor")
	address := flag.String("address", "127.0.0.1:9001", "host:port on loopback")
	data := flag.String("data", "", "folder of the database, for append")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *mode, *address, *data); err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, mode, address, data string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("-address %s is not on loopback: everybody may publish here", address)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	var l *log
	switch mode {
	case "floor":
		return floor(ctx, listener)
	case "memory":
	case "append":
		if l, err = openLog(data); err != nil {
			return err
		}
	default:
		return fmt.Errorf("-mode %q: want memory, append or floor", mode)
	}
	handler, shutdown, err := library(l)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	fmt.Println("ready")
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	return errors.Join(err, server.Close(), shutdown(context.Background()))
}
