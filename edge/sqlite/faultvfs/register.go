package faultvfs

import (
	"errors"
	"sync"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// The library is C compiled to Go: structures are addresses, functions take them. This file is the border to it.

var (
	system  uintptr  // the system's own layer
	files   sync.Map // address of an open file → *file
	methods sync.Map // address of the system's method table → address of ours
)

type file struct {
	path string
	own  *lib.Tsqlite3_io_methods // the system's
}

var register = sync.OnceFunc(func() {
	tls := libc.NewTLS()
	system = lib.Xsqlite3_vfs_find(tls, 0)
	ours := allocate(tls, unsafe.Sizeof(lib.Tsqlite3_vfs{}))
	v := at[lib.Tsqlite3_vfs](ours)
	*v = *at[lib.Tsqlite3_vfs](system)
	name, err := libc.CString(Name)
	if err != nil {
		panic(err)
	}
	v.FzName, v.FpNext, v.FxOpen = name, 0, pointer(open)
	if rc := lib.Xsqlite3_vfs_register(tls, ours, 0); rc != lib.SQLITE_OK {
		panic("faultvfs: not registered")
	}
})

func init() { register() }

func open(tls *libc.TLS, _, name, f uintptr, flags int32, out uintptr) int32 {
	rc := function[func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32](at[lib.Tsqlite3_vfs](system).FxOpen)(tls, system, name, f, flags, out)
	methodsOf := at[uintptr](f)
	if rc != lib.SQLITE_OK || *methodsOf == 0 || name == 0 {
		return rc
	}
	files.Store(f, &file{path: libc.GoString(name), own: at[lib.Tsqlite3_io_methods](*methodsOf)})
	ours, known := methods.Load(*methodsOf)
	if !known {
		p := allocate(tls, unsafe.Sizeof(lib.Tsqlite3_io_methods{}))
		m := at[lib.Tsqlite3_io_methods](p)
		*m = *at[lib.Tsqlite3_io_methods](*methodsOf)
		m.FxClose, m.FxWrite, m.FxSync, m.FxTruncate = pointer(closeFile), pointer(write), pointer(syncFile), pointer(truncate)
		ours, _ = methods.LoadOrStore(*methodsOf, p)
	}
	*methodsOf = ours.(uintptr)
	return rc
}

func closeFile(tls *libc.TLS, f uintptr) int32 {
	v, _ := files.LoadAndDelete(f)
	return function[func(*libc.TLS, uintptr) int32](v.(*file).own.FxClose)(tls, f)
}

func write(tls *libc.TLS, f, from uintptr, size int32, offset int64) int32 {
	v := of(f)
	if err := ask(v.path, Write, offset, int(size)); err != nil {
		return code(err, lib.SQLITE_IOERR_WRITE)
	}
	return function[func(*libc.TLS, uintptr, uintptr, int32, int64) int32](v.own.FxWrite)(tls, f, from, size, offset)
}

func syncFile(tls *libc.TLS, f uintptr, flags int32) int32 {
	v := of(f)
	if err := ask(v.path, Sync, 0, 0); err != nil {
		return code(err, lib.SQLITE_IOERR_FSYNC)
	}
	return function[func(*libc.TLS, uintptr, int32) int32](v.own.FxSync)(tls, f, flags)
}

func truncate(tls *libc.TLS, f uintptr, size int64) int32 {
	v := of(f)
	if err := ask(v.path, Truncate, size, 0); err != nil {
		return code(err, lib.SQLITE_IOERR_TRUNCATE)
	}
	return function[func(*libc.TLS, uintptr, int64) int32](v.own.FxTruncate)(tls, f, size)
}

func of(f uintptr) *file {
	v, _ := files.Load(f)
	return v.(*file)
}

func code(err error, otherwise int32) int32 {
	if errors.Is(err, ErrFull) && otherwise == lib.SQLITE_IOERR_WRITE {
		return lib.SQLITE_FULL // what the system's layer makes of ENOSPC at a write
	}
	return otherwise
}

func allocate(tls *libc.TLS, size uintptr) uintptr {
	p := libc.Xcalloc(tls, 1, libc.Tsize_t(size))
	if p == 0 {
		panic("faultvfs: no memory")
	}
	return p
}

// at looks at an address of the library's memory, which the garbage collector does not move.
func at[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }

// pointer and function go between Go functions and what the library keeps of them.
func pointer[F any](f F) uintptr { return *(*uintptr)(unsafe.Pointer(&f)) }

func function[F any](p uintptr) F { return *(*F)(unsafe.Pointer(&p)) }
