package main

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
)

// config is what the stack is run with, from the variables named beside it.
type config struct {
	dir      string   // DATA_DIR: below it every process has a folder
	hub      string   // HUB_ADDR
	link     string   // HUB_EDGE_ADDR: where the hub listens for edges
	edges    []string // EDGE_ADDR, and the ports above it; EDGES says how many
	database string   // DATABASE_URL: of a PostgreSQL that runs; none: a private one is started
	bin      string   // folder of the programs
}

const maxEdges = 8

// configFrom reads the environment and names everything that is wrong with it at once.
func configFrom(getenv func(string) string) (config, error) {
	c := config{dir: or(getenv("DATA_DIR"), ".data"), hub: or(getenv("HUB_ADDR"), "127.0.0.1:8090"), link: or(getenv("HUB_EDGE_ADDR"), "127.0.0.1:7422"),
		database: getenv("DATABASE_URL"), bin: "bin"}
	var wrong []error
	if err := local("HUB_ADDR", c.hub); err != nil {
		wrong = append(wrong, err)
	}
	if err := local("HUB_EDGE_ADDR", c.link); err != nil {
		wrong = append(wrong, err)
	}
	n, err := strconv.Atoi(or(getenv("EDGES"), "1"))
	if err != nil || n < 1 || n > maxEdges {
		wrong = append(wrong, fmt.Errorf("EDGES %q: want a number from 1 to %d", getenv("EDGES"), maxEdges))
	}
	first := or(getenv("EDGE_ADDR"), "127.0.0.1:8080")
	if err := local("EDGE_ADDR", first); err != nil {
		wrong = append(wrong, err)
	}
	if len(wrong) > 0 {
		return c, errors.Join(wrong...)
	}
	host, port, _ := net.SplitHostPort(first)
	number, _ := strconv.Atoi(port)
	for i := range n {
		c.edges = append(c.edges, net.JoinHostPort(host, strconv.Itoa(number+i)))
	}
	if c.dir, err = filepath.Abs(c.dir); err != nil {
		return c, err
	}
	return c, nil
}

// local wants an address that only this machine reaches: the demo school's password is known to everybody.
func local(name, address string) error {
	host, port, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	n, bad := strconv.Atoi(port)
	if err != nil || bad != nil || n < 1 || n > 65535-maxEdges || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("%s %q: want a loopback address with a port, like 127.0.0.1:8080: this stack holds a school whose password everybody knows", name, address)
	}
	return nil
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}
