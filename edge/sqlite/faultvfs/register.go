package faultvfs

import (
	"errors"

	"multistream/edge/sqlite/layer"
)

func init() {
	err := layer.Register(Name, "", func(path string, _ int32) (layer.File, error) { return &file{path}, nil })
	if err != nil {
		panic(err)
	}
}

type file struct{ path string }

// do asks the hook, then does it.
func (f *file) do(kind Kind, offset int64, size int, next layer.Next) int32 {
	if err := ask(f.path, kind, offset, size); err != nil {
		if errors.Is(err, ErrFull) {
			err = layer.ErrFull // what the system's layer makes of ENOSPC
		}
		return layer.Code(string(kind), err)
	}
	return next()
}

func (f *file) Read(_ []byte, _ int64, next layer.Next) int32 { return next() }
func (f *file) Close(next layer.Next) int32                   { return next() }
func (f *file) Sync(next layer.Next) int32                    { return f.do(Sync, 0, 0, next) }
func (f *file) Truncate(size int64, next layer.Next) int32    { return f.do(Truncate, size, 0, next) }
func (f *file) Write(b []byte, offset int64, next layer.Next) int32 {
	return f.do(Write, offset, len(b), next)
}
