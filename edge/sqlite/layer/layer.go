// Package layer puts Go code between SQLite and its files: a file layer that hands chosen operations to a File of ours,
// which may check, change, refuse or delay them, and does everything else as the layer beneath it does.
package layer

import (
	"errors"

	lib "modernc.org/sqlite/lib"
)

// Errors that a File may answer; SQLite sees the code that the system would have given. Any other error is ErrIO.
var (
	ErrFull    = errors.New("no space left on device")
	ErrIO      = errors.New("input/output error")
	ErrDamaged = errors.New("what was read is not what was written")
)

// A Next does an operation as the layer beneath does it. It gives SQLite's result code, which a File passes on.
type Next func() int32

// A File stands between SQLite and one open file. Each function calls next, once or not at all, and answers a result code:
// next's own, or Code of an error. The bytes belong to SQLite and must not be kept.
type File interface {
	Read(b []byte, offset int64, next Next) int32
	Write(b []byte, offset int64, next Next) int32
	Sync(next Next) int32
	Truncate(size int64, next Next) int32
	Close(next Next) int32
}

// Code is what SQLite is told of an error in a Read, Write, Sync or Truncate.
func Code(operation string, err error) int32 {
	switch {
	case errors.Is(err, ErrDamaged):
		return lib.SQLITE_IOERR_DATA
	case operation == "read":
		return lib.SQLITE_IOERR_READ
	case operation == "write" && errors.Is(err, ErrFull):
		return lib.SQLITE_FULL
	case operation == "write":
		return lib.SQLITE_IOERR_WRITE
	case operation == "truncate":
		return lib.SQLITE_IOERR_TRUNCATE
	}
	return lib.SQLITE_IOERR_FSYNC
}

// OK is the result code of success.
const OK = lib.SQLITE_OK

// Whether a file is a main database or a write-ahead log.
const (
	MainDB = lib.SQLITE_OPEN_MAIN_DB
	WAL    = lib.SQLITE_OPEN_WAL
)
