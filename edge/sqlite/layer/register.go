package layer

import (
	"fmt"
	"sync"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// The library is C compiled to Go: structures are addresses, functions take them. This file is the border to it.

// An Open gives the File for a file that was opened (by absolute path; kind is MainDB, WAL or another of SQLite's flags),
// nil to leave that file alone, or an error to refuse it.
type Open func(path string, kind int32) (File, error)

// Register makes a layer over the one named beneath ("" is the system's own), to be named in a database's URI. It is there
// for as long as the process.
func Register(name, beneath string, open Open) error {
	registering.Lock()
	defer registering.Unlock()
	tls := libc.NewTLS()
	var parentName uintptr
	if beneath != "" {
		parentName = text(beneath)
	}
	parent := lib.Xsqlite3_vfs_find(tls, parentName)
	if parent == 0 {
		return fmt.Errorf("no file layer is named %q", beneath)
	}
	l := &registered{open: open, parent: parent, methods: map[uintptr]uintptr{}}
	kept = append(kept, l)
	vfs := allocate(tls, unsafe.Sizeof(lib.Tsqlite3_vfs{}))
	v := at[lib.Tsqlite3_vfs](vfs)
	*v = *at[lib.Tsqlite3_vfs](parent)
	v.FzName, v.FpNext, v.FxOpen = text(name), 0, keep(l.xOpen)
	if rc := lib.Xsqlite3_vfs_register(tls, vfs, 0); rc != lib.SQLITE_OK {
		return fmt.Errorf("file layer %q is not registered: %d", name, rc)
	}
	return nil
}

// kept is what only the library points to: the garbage collector must find it here.
var (
	registering sync.Mutex
	kept        []any
)

type registered struct {
	open    Open
	parent  uintptr
	files   sync.Map // address of an open file → *opened
	mu      sync.Mutex
	methods map[uintptr]uintptr // table of the layer beneath → ours
}

type opened struct {
	file File
	own  *lib.Tsqlite3_io_methods // of the layer beneath
}

func (l *registered) xOpen(tls *libc.TLS, _, name, f uintptr, flags int32, out uintptr) int32 {
	beneath := function[func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32](at[lib.Tsqlite3_vfs](l.parent).FxOpen)
	rc := beneath(tls, l.parent, name, f, flags, out)
	table := at[uintptr](f)
	if rc != lib.SQLITE_OK || *table == 0 || name == 0 {
		return rc
	}
	own := at[lib.Tsqlite3_io_methods](*table)
	file, err := l.open(libc.GoString(name), flags&(lib.SQLITE_OPEN_MAIN_DB|lib.SQLITE_OPEN_WAL))
	if err != nil {
		function[func(*libc.TLS, uintptr) int32](own.FxClose)(tls, f)
		*table = 0
		return lib.SQLITE_CANTOPEN
	}
	if file != nil {
		l.files.Store(f, &opened{file, own})
		*table = l.over(tls, *table)
	}
	return rc
}

// over gives the table of methods that goes through us, over one of the layer beneath.
func (l *registered) over(tls *libc.TLS, table uintptr) uintptr {
	registering.Lock()
	defer registering.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if ours, ok := l.methods[table]; ok {
		return ours
	}
	ours := allocate(tls, unsafe.Sizeof(lib.Tsqlite3_io_methods{}))
	m := at[lib.Tsqlite3_io_methods](ours)
	*m = *at[lib.Tsqlite3_io_methods](table)
	// Version 2 has no memory-mapped pages, which would go past us.
	m.FiVersion = min(m.FiVersion, 2)
	m.FxClose, m.FxRead, m.FxWrite = keep(l.xClose), keep(l.xRead), keep(l.xWrite)
	m.FxSync, m.FxTruncate = keep(l.xSync), keep(l.xTruncate)
	l.methods[table] = ours
	return ours
}

func (l *registered) of(f uintptr) *opened {
	v, _ := l.files.Load(f)
	return v.(*opened)
}

func (l *registered) xClose(tls *libc.TLS, f uintptr) int32 {
	v, _ := l.files.LoadAndDelete(f)
	o := v.(*opened)
	return o.file.Close(func() int32 { return function[func(*libc.TLS, uintptr) int32](o.own.FxClose)(tls, f) })
}

func (l *registered) xRead(tls *libc.TLS, f, to uintptr, size int32, offset int64) int32 {
	o := l.of(f)
	return o.file.Read(bytesAt(to, size), offset, func() int32 {
		return function[func(*libc.TLS, uintptr, uintptr, int32, int64) int32](o.own.FxRead)(tls, f, to, size, offset)
	})
}

func (l *registered) xWrite(tls *libc.TLS, f, from uintptr, size int32, offset int64) int32 {
	o := l.of(f)
	return o.file.Write(bytesAt(from, size), offset, func() int32 {
		return function[func(*libc.TLS, uintptr, uintptr, int32, int64) int32](o.own.FxWrite)(tls, f, from, size, offset)
	})
}

func (l *registered) xSync(tls *libc.TLS, f uintptr, flags int32) int32 {
	o := l.of(f)
	return o.file.Sync(func() int32 { return function[func(*libc.TLS, uintptr, int32) int32](o.own.FxSync)(tls, f, flags) })
}

func (l *registered) xTruncate(tls *libc.TLS, f uintptr, size int64) int32 {
	o := l.of(f)
	return o.file.Truncate(size, func() int32 {
		return function[func(*libc.TLS, uintptr, int64) int32](o.own.FxTruncate)(tls, f, size)
	})
}

func text(s string) uintptr {
	p, err := libc.CString(s)
	if err != nil {
		panic("layer: " + err.Error())
	}
	return p
}

func allocate(tls *libc.TLS, size uintptr) uintptr {
	p := libc.Xcalloc(tls, 1, libc.Tsize_t(size))
	if p == 0 {
		panic("layer: no memory")
	}
	return p
}

// at looks at an address of the library's memory, which the garbage collector neither moves nor frees.
func at[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }

func bytesAt(address uintptr, n int32) []byte { return unsafe.Slice(at[byte](address), n) }

// keep makes a Go function into what the library calls; function is its inverse for what the library has.
func keep[F any](f F) uintptr {
	kept = append(kept, f)
	return *(*uintptr)(unsafe.Pointer(&f))
}

func function[F any](p uintptr) F { return *(*F)(unsafe.Pointer(&p)) }
