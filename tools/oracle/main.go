// Oracle says whether anything that was acknowledged is missing. It reads only what clients wrote down and what lies in the
// folder, and shares no code with the product: the hash is computed from docs/events.md, the tables are read by plain SQL.
//
//	oracle -data DIR -acks FILE[,FILE…]    one verdict; exits 1 if something is wrong
//	oracle -serve                          a request per line in, a verdict per line out
//
// A request is {"data": folder, "acks": [files], "count": lines of the last one that count, -1 for all,
// "pending": [keys of commands that got no answer]}.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
)

type request struct {
	Data    string   `json:"data"`
	Acks    []string `json:"acks"`
	Count   int      `json:"count"`
	Pending []string `json:"pending"`
}

func main() {
	data := flag.String("data", "", "data folder of an edge, which must not be running")
	acks := flag.String("acks", "", "acknowledgement files, separated by commas")
	serve := flag.Bool("serve", false, "answer requests from standard input")
	flag.Parse()
	out := json.NewEncoder(os.Stdout)
	if *serve {
		in := bufio.NewScanner(os.Stdin)
		in.Buffer(nil, 1<<20)
		for in.Scan() {
			var r request
			v := verdict{}
			if err := json.Unmarshal(in.Bytes(), &r); err != nil {
				v.Error = fmt.Sprintf("request: %v", err)
			} else {
				v = answer(r)
			}
			if err := out.Encode(v); err != nil {
				os.Exit(2)
			}
		}
		return
	}
	r := request{Data: *data, Count: -1}
	if *acks != "" {
		r.Acks = strings.Split(*acks, ",")
	}
	v := answer(r)
	out.SetIndent("", "  ")
	if err := out.Encode(v); err != nil || !v.clean() {
		os.Exit(1)
	}
}

func answer(r request) verdict {
	acks, err := readAcks(r.Acks, r.Count)
	if err != nil {
		return verdict{Error: err.Error()}
	}
	return judge(r.Data, acks, r.Pending)
}
