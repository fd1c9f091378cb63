package archtest

import "strings"

// An owner is the one folder that speaks to something outside, so that its types do not leak and it can be replaced.
type owner struct {
	outside string // module or package, with all below it
	folder  string
	except  map[string]string // other folders, each with its reason
}

var owners = []owner{
	{outside: "modernc.org/sqlite", folder: "edge/sqlite/...", except: map[string]string{
		"bench/...":          "measures the raw driver beside our use of it, in the same run",
		"edge/faulttest/...": "its oracle reads the database without the product's code",
		"tools/oracle/...":   "the oracle: judges a database after a crash without any of the product's code",
	}},
	{outside: "github.com/jackc/pgx", folder: "hub/postgres/..."},
	{outside: "rsc.io/qr", folder: "edge/gateway/..."},
	{outside: "github.com/nats-io", folder: "edge/bus/...", except: map[string]string{
		"edge/uplink/...": "the link to the hub is a server of its own, so that its failure is not the bus's",
		"hub/bus/...":     "the hub's end of the links",
	}},
}

func checkOutside(f file) []string {
	var broken []string
	for _, imported := range f.imports {
		for _, o := range owners {
			if imported != o.outside && !strings.HasPrefix(imported, o.outside+"/") {
				continue
			}
			if !under(f.dir, o.folder) && !o.excepts(f.dir) {
				rule := "only " + strings.TrimSuffix(o.folder, "/...") + " speaks to it"
				broken = append(broken, sentence(f, rule, "imports %s", imported))
			}
		}
	}
	return broken
}

func (o owner) excepts(dir string) bool {
	for pattern := range o.except {
		if under(dir, pattern) {
			return true
		}
	}
	return false
}
