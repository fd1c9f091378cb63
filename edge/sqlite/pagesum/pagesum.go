// Package pagesum finds damaged pages of a database: it keeps a checksum of every page beside the file, in memory and in
// <database>-sums, and refuses to give SQLite a page that is not what SQLite wrote. Without it a flipped bit in an index
// would be an answer that looks right.
//
// A database in WAL mode changes only by checkpoints, and SQLite lets go of the write-ahead log only after the database
// was synced; the checksums are synced with it. So after any crash each page is either in the write-ahead log, or matches
// its checksum. A page without a checksum is not checked; removing <database>-sums is safe, and needed after the database
// was changed by another program or put back from a backup.
package pagesum

import (
	"hash/crc32"
	"sync"

	"multistream/edge/sqlite/layer"
)

// PageSize is that of the databases that are checked; SQLite's default.
const PageSize = 4096

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sumOf is never 0, which says that a page has none.
func sumOf(page []byte) uint32 {
	return max(1, crc32.Checksum(page, castagnoli))
}

var (
	registering sync.Mutex
	names       = map[string]string{}
)

// Over gives the name of a file layer that checks pages above the one named beneath; "" is the system's own.
func Over(beneath string) (name string, err error) {
	registering.Lock()
	defer registering.Unlock()
	if name, ok := names[beneath]; ok {
		return name, nil
	}
	name = "pagesum"
	if beneath != "" {
		name += "-" + beneath
	}
	err = layer.Register(name, beneath, func(path string, kind int32) (layer.File, error) {
		if kind != layer.MainDB {
			return nil, nil
		}
		s, err := acquire(path)
		if err != nil {
			return nil, err
		}
		return &file{s}, nil
	})
	if err == nil {
		names[beneath] = name
	}
	return name, err
}

// A file is a connection's view of a database.
type file struct{ sums *sums }

// page tells whether an operation is one on a whole page, and on which; pages are numbered from 0.
func page(b []byte, offset int64) (int, bool) {
	return int(offset / PageSize), len(b) == PageSize && offset%PageSize == 0
}

func (f *file) Read(b []byte, offset int64, next layer.Next) int32 {
	rc := next()
	if n, whole := page(b, offset); rc == layer.OK && whole && !f.sums.matches(n, b) {
		return layer.Code("read", layer.ErrDamaged)
	}
	return rc
}

func (f *file) Write(b []byte, offset int64, next layer.Next) int32 {
	rc := next()
	if n, whole := page(b, offset); rc == layer.OK && whole {
		f.sums.set(n, sumOf(b))
	}
	return rc
}

func (f *file) Sync(next layer.Next) int32 {
	if operation, err := f.sums.sync(); err != nil {
		return layer.Code(operation, err)
	}
	return next()
}

func (f *file) Truncate(size int64, next layer.Next) int32 {
	rc := next()
	if rc == layer.OK {
		f.sums.cut(int((size + PageSize - 1) / PageSize))
	}
	return rc
}

func (f *file) Close(next layer.Next) int32 {
	f.sums.release()
	return next()
}
