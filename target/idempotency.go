package target

import (
	"hash/maphash"
	"net/http"
	"sync"
)

const (
	// KeyHeader names the request header that makes a POST safe to repeat
	// (draft-ietf-httpapi-idempotency-key-header).
	KeyHeader = "Idempotency-Key"
	// ReplayedHeader is on an answer that was given before.
	ReplayedHeader = "Idempotency-Replayed"

	// maxKey is the longest key accepted, in bytes.
	maxKey = 255
)

// claim is one use of an idempotency key.
type claim struct {
	key    string
	print  uint64        // of the request that made it
	done   chan struct{} // closed once the request has been answered
	kept   bool          // answer is there to be replayed; read after done
	answer Answer
}

// keyring remembers the newest claims, at most as many as its ring is long.
type keyring struct {
	seed maphash.Seed

	mu    sync.Mutex
	byKey map[string]*claim
	order []*claim // ring, oldest at next
	next  int
}

func newKeyring(size int) *keyring {
	return &keyring{
		seed:  maphash.MakeSeed(),
		byKey: make(map[string]*claim),
		order: make([]*claim, size),
	}
}

// claim returns the claim to key, and whether the caller is its owner, who has
// to answer it. The owner's request has the fingerprint print.
func (k *keyring) claim(key string, print uint64) (c *claim, owner bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if c, ok := k.byKey[key]; ok {
		return c, false
	}
	c = &claim{key: key, print: print, done: make(chan struct{})}
	if oldest := k.order[k.next]; oldest != nil && k.byKey[oldest.key] == oldest {
		delete(k.byKey, oldest.key)
	}
	k.order[k.next] = c
	k.next = (k.next + 1) % len(k.order)
	k.byKey[key] = c
	return c, true
}

// settle lets the others that hold c go on: to replay its answer if that was
// kept, else to make a claim of their own.
func (k *keyring) settle(c *claim) {
	if !c.kept {
		k.mu.Lock()
		if k.byKey[c.key] == c {
			delete(k.byKey, c.key)
		}
		k.mu.Unlock()
	}
	close(c.done)
}

// fingerprint tells requests apart. Among the claims kept, two different
// requests with one key and one fingerprint are a matter of 1 in 2^64.
func (k *keyring) fingerprint(x *Exchange) uint64 {
	var h maphash.Hash
	h.SetSeed(k.seed)
	h.Write(x.ctx.Method())
	h.WriteByte(' ')
	h.Write(x.ctx.Path())
	h.WriteByte(' ')
	h.Write(x.body())
	return h.Sum64()
}

// once answers a request so that one with an idempotency key takes effect one
// time only. A request that comes while the first is being answered waits. Only
// answers to requests that took effect are kept, success and refused card; after
// any other the key is free again.
func (s *Server) once(x *Exchange) (Answer, error) {
	key := x.Header(KeyHeader)
	if key == "" {
		return x.route.Serve(x)
	}
	if len(key) > maxKey {
		return Answer{}, BadRequest.Because("the idempotency key is longer than %d bytes", maxKey)
	}
	if x.caller.ID != "" {
		key = x.caller.ID + "\x00" + key
	}
	print := s.keys.fingerprint(x)
	for {
		c, owner := s.keys.claim(key, print)
		if owner {
			return s.serveClaim(x, c)
		}
		if c.print != print {
			return Answer{}, KeyReused.Because("the idempotency key came with a different request before")
		}
		select {
		case <-c.done:
		case <-s.cut:
			return Answer{}, Unavailable.Because("the server ends while the first request is being answered")
		}
		if c.kept {
			return c.answer.With(ReplayedHeader, "true"), nil
		}
	}
}

// serveClaim answers a request that owns its key. The claim ends in any case,
// also with a panic.
func (s *Server) serveClaim(x *Exchange, c *claim) (Answer, error) {
	defer s.keys.settle(c)
	a, err := x.route.Serve(x)
	if err != nil {
		a = s.answerForError(x, err)
	}
	c.kept = a.status < 300 || a.status == http.StatusPaymentRequired
	if c.kept {
		c.answer = a
	}
	return a, nil
}
