package main

import (
	"context"
	"io"
)

// loads are the subcommands. Each prints one line and tells whether nothing was lost, doubled, out of order or refused.
var loads = map[string]func(ctx context.Context, name string, args []string, out io.Writer) (fine bool, err error){
	"fanout": fanout, "join": join, "signin": signin, "reconnect": reconnect, "school": day, "flood": flood,
}

const usage = `classload LOAD [flags]: load over the public API, one JSON line a run

loads
  fanout      students of one class get events, paced or as fast as they can be sent
  school      lessons of many classes with a bell between them, then an assembly of everybody
  join        people who are signed in join a class with a history, within some seconds
  reconnect   everybody is cut off, misses events, the edge is killed and started; all come back at once (needs --edge)
  signin      everybody signs in at the bell; a live class changes its scene meanwhile
  flood       chat is offered to one class beyond all limits: windows without (A) and with it (B), in turns

where
  --address HOST:PORT   the server, on loopback only
  --accounts FILE       people who may sign in (go run ./bench/fill writes it); not needed with --protocol centrifuge or plain
  --edge BIN --data DIR start this edge in this data folder, and stop it at the end
  --tls FILE            speak TLS, and believe this authority (PEM; DATA_DIR/certificate/authority.crt of an edge with EDGE_TLS=own)
  --pid N               a server that runs already: whose processor time and memory are counted

fanout
  --students N          [1000]
  --rate R              events a second [10]; 0: as fast as --senders can, each after its own answer
  --bytes B             size of one event's JSON [300]
  --seconds S           measured, after --warm seconds [60, 3]
  --patience S          how long to wait for what has not come at the end [10]
  --senders N           [1 for each 10 events/s; 50 when unpaced]
  --protocol P          multistream (default), centrifuge or plain: the servers of bench/peer speak the others

school
  --classes N --size N  [30 of 35]      --lessons N --seconds S  each [2 of 60]
  --speed X             traffic, as a multiple of what people do [1]
  --assembly S          seconds of the assembly [10]; 0: none

join, signin, reconnect
  --students N          [1000]
  --over S              they come within so many seconds [5; signin and reconnect: all at once]
  --events N            join: that the class has had [20000]; reconnect: that each has missed [100]

flood
  --classes N --size N  [30 of 35]      --pairs N --seconds S    of each window [5 of 10]
  --offered N           messages a second to the first class [5000]
  --speed X             as for school

times in the line: from the answer to the sender ("ack") to each student, and to the last of them; "sent": from sending.
exit code: 0 nothing was lost, doubled or out of order; 1 something was; 2 it could not be measured
`
