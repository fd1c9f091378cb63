package pagesum

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"slices"
	"sync"
	"syscall"

	"multistream/edge/sqlite/layer"
)

// The file of checksums: a header of 16 bytes, then 8 bytes a page: the CRC-32C of the page, and that of these 4 bytes and
// the page's number, so that a damaged checksum is not taken for a damaged page. All big-endian.
const (
	header    = "ms1-pagesums4096"
	entrySize = 8
)

// sums are the checksums of one database, shared by all its connections in this process.
type sums struct {
	path string
	out  *os.File
	uses int // guarded by open

	mu    sync.RWMutex
	known []uint32 // by page; 0: none
	dirty map[int]bool
}

var (
	open   sync.Mutex
	opened = map[string]*sums{}
)

func acquire(path string) (*sums, error) {
	open.Lock()
	defer open.Unlock()
	if s := opened[path]; s != nil {
		s.uses++
		return s, nil
	}
	out, err := os.OpenFile(path+"-sums", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	s := &sums{path: path, out: out, uses: 1, dirty: map[int]bool{}}
	if err := s.load(); err != nil {
		return nil, errors.Join(err, out.Close())
	}
	opened[path] = s
	return s, nil
}

func (s *sums) release() {
	open.Lock()
	defer open.Unlock()
	if s.uses--; s.uses == 0 {
		delete(opened, s.path)
		_ = s.out.Close() // what is not synced belongs to pages that are still in the write-ahead log
	}
}

// load reads what is known. A file that is not ours, or was torn before its first sync, is begun anew.
func (s *sums) load() error {
	b, err := io.ReadAll(s.out)
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(b, []byte(header)) {
		return errors.Join(s.out.Truncate(0), writeAt(s.out, []byte(header), 0))
	}
	for n, b := 0, b[len(header):]; len(b) >= entrySize; n, b = n+1, b[entrySize:] {
		sum := binary.BigEndian.Uint32(b)
		if binary.BigEndian.Uint32(b[4:]) != check(n, sum) {
			sum = 0
		}
		s.known = append(s.known, sum)
	}
	return nil
}

func check(n int, sum uint32) uint32 {
	var b [12]byte
	binary.BigEndian.PutUint64(b[:], uint64(n))
	binary.BigEndian.PutUint32(b[8:], sum)
	return crc32.Checksum(b[:], castagnoli)
}

func (s *sums) matches(n int, page []byte) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return n >= len(s.known) || s.known[n] == 0 || s.known[n] == sumOf(page)
}

func (s *sums) set(n int, sum uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n >= len(s.known) {
		s.known = append(s.known, 0)
	}
	s.known[n] = sum
	s.dirty[n] = true
}

// cut forgets the pages from the given one on.
func (s *sums) cut(pages int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := pages; n < len(s.known); n++ {
		s.known[n] = 0
		s.dirty[n] = true
	}
}

// nearby is how many unchanged checksums are written again to save a system call.
const nearby = 64

// sync makes what changed durable. It names the operation that failed; what changed is then still to be written.
func (s *sums) sync() (operation string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.dirty) == 0 {
		return "", nil
	}
	pages := make([]int, 0, len(s.dirty))
	for n := range s.dirty {
		pages = append(pages, n)
	}
	slices.Sort(pages)
	for len(pages) > 0 {
		n := 1
		for n < len(pages) && pages[n]-pages[n-1] < nearby {
			n++
		}
		var b []byte
		for p := pages[0]; p <= pages[n-1]; p++ {
			b = binary.BigEndian.AppendUint32(b, s.known[p])
			b = binary.BigEndian.AppendUint32(b, check(p, s.known[p]))
		}
		if err := writeAt(s.out, b, int64(len(header)+entrySize*pages[0])); err != nil {
			return "write", err
		}
		pages = pages[n:]
	}
	if err := s.out.Sync(); err != nil {
		return "sync", err
	}
	clear(s.dirty)
	return "", nil
}

func writeAt(f *os.File, b []byte, offset int64) error {
	_, err := f.WriteAt(b, offset)
	if errors.Is(err, syscall.ENOSPC) {
		return errors.Join(layer.ErrFull, err)
	}
	return err
}
