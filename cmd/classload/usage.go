package main

import (
	"context"
	"io"
)

// loads are the subcommands. Each prints one line and tells whether nothing was lost, doubled, out of order or refused.
var loads = map[string]func(ctx context.Context, name string, args []string, out io.Writer) (fine bool, err error){
	"fanout": fanout,
}

const usage = `classload LOAD [flags]: load over the public API, one JSON line a run

loads
  fanout      students of one class get events, paced or as fast as they can be sent

where
  --address HOST:PORT   the server, on loopback only
  --accounts FILE       people who may sign in (go run ./bench/fill writes it); not needed with --protocol centrifuge or plain
  --edge BIN --data DIR start this edge in this data folder, and stop it at the end
  --pid N               a server that runs already: whose processor time and memory are counted
  --protocol P          multistream (default), centrifuge or plain: the servers of bench/peer speak the others

fanout
  --students N          [1000]
  --rate R              events a second [10]; 0: as fast as --senders can, each after its own answer
  --bytes B             size of one event's JSON [300]
  --seconds S           measured, after --warm seconds [60, 3]
  --patience S          how long to wait for what has not come at the end [10]
  --senders N           [1 for each 10 events/s; 50 when unpaced]

times in the line: from the answer to the sender ("ack") to each student, and to the last of them; "sent": from sending.
exit code: 0 nothing was lost, doubled or out of order; 1 something was; 2 it could not be measured
`
