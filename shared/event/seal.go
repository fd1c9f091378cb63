package event

import (
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
)

// ErrTampered says that a sealed field does not open with its key at its place: it was changed or moved.
var ErrTampered = errors.New("sealed field does not open at this place: it was changed or moved")

// Context is where a value with personal fields belongs. All of it but Actor goes into the AAD of each field.
type Context struct {
	TenantID  ID
	SessionID ID
	Document  string // the 16 raw bytes of an event's id, or a text: see SnapshotContext
	Actor     ID     // the person of fields tagged `personal:"actor"`; absent for the system
}

// Context is where the payload of e belongs.
func (e *Event) Context() Context {
	return Context{TenantID: e.TenantID, SessionID: e.SessionID, Document: string(e.ID[:]), Actor: e.ActorID}
}

// SnapshotContext is where the stored state of a session at a position belongs.
func SnapshotContext(tenant, session ID, at Position) Context {
	document := "snapshot:" + strconv.FormatInt(at.Epoch, 10) + "." + strconv.FormatInt(at.Sequence, 10)
	return Context{TenantID: tenant, SessionID: session, Document: document}
}

// Seal encrypts in place every personal field of v (a pointer), each under the newest key of its person: the one that
// its tag names, else the actor (or who an enclosing `personalActor` names), else the tenant itself. Empty and erased
// fields stay as they are. It returns ErrErased if a person was erased, and an error if a field is sealed already or holds text
// that isn't UTF-8; v is then partly sealed and of no use.
func Seal(v any, ctx Context, keys KeyRing) error {
	_, err := sealing{ctx: ctx, keys: keys, random: rand.Reader}.run(v, false)
	return err
}

// SealCopy is Seal on a copy: v and all that it points to stay open. The copy has v's type and shares what is not personal.
func SealCopy(v any, ctx Context, keys KeyRing) (any, error) {
	return sealing{ctx: ctx, keys: keys, random: rand.Reader}.run(v, true)
}

type sealing struct {
	ctx    Context
	keys   KeyRing
	random io.Reader
}

func (s sealing) run(v any, copying bool) (any, error) {
	root, p, err := rootOf(v)
	if err != nil {
		return nil, err
	}
	var opened keyCache
	w := newWalker(s.ctx, copying)
	w.visit = func(f personalField, value reflect.Value, person ID, aad []byte) error {
		if sealed, erased := f.condition(); sealed != nil {
			return fmt.Errorf("seal %s: it is sealed already", w.path())
		} else if erased || f.IsZero() {
			return nil
		}
		if err := CheckText(value.Field(0).Interface()); err != nil {
			return fmt.Errorf("seal %s: %w", w.path(), err)
		}
		plain, err := f.plaintext()
		if err != nil {
			return fmt.Errorf("seal %s: %w", w.path(), err)
		}
		if person.IsZero() {
			person = s.ctx.TenantID
		}
		key, err := opened.get(person, func() (PersonKey, error) { return s.keys.Current(s.ctx.TenantID, person) })
		if err != nil {
			return fmt.Errorf("seal %s: %w", w.path(), err)
		}
		nonce := make([]byte, nonceSize, nonceSize+len(plain)+tagSize)
		if _, err := io.ReadFull(s.random, nonce); err != nil {
			return fmt.Errorf("seal %s: %w", w.path(), err)
		}
		sealed := key.aead.Seal(nonce[nonceSize:], nonce, plain, aad)
		f.setSealed(&Sealed{KeyID: key.id, Nonce: nonce[:nonceSize:nonceSize], Ciphertext: sealed})
		return nil
	}
	if copying {
		copied := reflect.New(root.Type())
		copied.Elem().Set(root)
		root = copied.Elem()
	}
	return root.Addr().Interface(), w.walk(root, p, s.ctx.Actor)
}

// Open decrypts in place every sealed field of v (a pointer). A field whose key was destroyed becomes Erased, which is no
// error. A field whose key isn't known here stays sealed, and the error wraps ErrNoKey; one that doesn't open stays
// sealed, and the error wraps ErrTampered and names its path. All other fields are opened all the same.
func Open(v any, ctx Context, keys KeyRing) error {
	var opened keyCache
	return open(v, ctx, keys, &opened)
}

func open(v any, ctx Context, keys KeyRing, opened *keyCache) error {
	root, p, err := rootOf(v)
	if err != nil {
		return err
	}
	var failed []error
	w := newWalker(ctx, false)
	w.visit = func(f personalField, _ reflect.Value, _ ID, aad []byte) error {
		sealed, _ := f.condition()
		if sealed == nil {
			return nil
		}
		err := openField(f, sealed, aad, ctx.TenantID, keys, opened)
		if err != nil && len(failed) < maxFailures {
			failed = append(failed, fmt.Errorf("open %s: %w", w.path(), err))
		}
		return nil
	}
	if err := w.walk(root, p, ID{}); err != nil {
		return err
	}
	return errors.Join(failed...)
}

func openField(f personalField, sealed *Sealed, aad []byte, tenant ID, keys KeyRing, opened *keyCache) error {
	key, err := opened.get(sealed.KeyID, func() (PersonKey, error) { return keys.Get(tenant, sealed.KeyID) })
	switch {
	case errors.Is(err, ErrErased):
		f.setErased()
		return nil
	case err != nil:
		return err
	case len(sealed.Nonce) != nonceSize:
		return ErrTampered
	}
	plain, err := key.aead.Open(nil, sealed.Nonce, sealed.Ciphertext, aad)
	if err != nil {
		return ErrTampered
	}
	return f.setPlaintext(plain)
}

const (
	nonceSize   = 12
	tagSize     = 16
	maxFailures = 8 // of one Open that are named
)

func newWalker(ctx Context, copying bool) *walker {
	aad := make([]byte, 0, 96+len(ctx.Document))
	aad = append(aad, ctx.TenantID[:]...)
	aad = append(aad, ctx.SessionID[:]...)
	aad = append(aad, ctx.Document...)
	return &walker{aad: aad, prefix: len(aad), copying: copying}
}

func rootOf(v any) (reflect.Value, *plan, error) {
	pointer := reflect.ValueOf(v)
	if pointer.Kind() != reflect.Pointer || pointer.IsNil() {
		return reflect.Value{}, nil, fmt.Errorf("personal fields of a %T: want a pointer that is not nil", v)
	}
	p, err := planOf(pointer.Type().Elem())
	return pointer.Elem(), p, err
}

// keyCache keeps the keys of one call, so that a person's key is asked for and made ready once. It must not live longer:
// a destroyed key would live on in it.
type keyCache struct {
	last    ID
	current readyKey
	others  map[ID]readyKey
}

type readyKey struct {
	id   ID
	aead cipher.AEAD
	err  error
}

func (c *keyCache) get(by ID, find func() (PersonKey, error)) (readyKey, error) {
	if !c.last.IsZero() && c.last == by {
		return c.current, c.current.err
	}
	ready, known := c.others[by]
	if !known {
		ready = ready.from(find())
	}
	if !c.last.IsZero() {
		if c.others == nil {
			c.others = map[ID]readyKey{}
		}
		c.others[c.last], c.others[by] = c.current, ready
	}
	c.last, c.current = by, ready
	return ready, ready.err
}

func (readyKey) from(key PersonKey, err error) readyKey {
	if err != nil {
		return readyKey{err: err}
	}
	return readyKey{id: key.ID, aead: key.cipher()}
}
