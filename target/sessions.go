package target

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"swell/target/state"
)

// tokenPrefix begins a token; the session's number and its secret follow.
const tokenPrefix state.Prefix = "tok_"

// sessions are the newest log-ins, at most as many as there are slots.
type sessions struct {
	lifetime time.Duration
	rate     int // requests a second of one session, 0: any
	slots    []atomic.Pointer[session]
	next     atomic.Uint64
}

// session is one log-in.
type session struct {
	number  uint64
	secret  string
	caller  *Caller
	expires time.Time

	mu      sync.Mutex
	buckets map[*resource]*bucket // nil as key: all requests
}

func newSessions(size int, lifetime time.Duration, rate int) *sessions {
	return &sessions{lifetime: lifetime, rate: rate, slots: make([]atomic.Pointer[session], size)}
}

func (s *sessions) slot(number uint64) *atomic.Pointer[session] {
	return &s.slots[number%uint64(len(s.slots))]
}

// LogIn begins a session of c, nil if nobody has the name that was given, and
// returns its token and how long it is good. Another password than c's is
// [BadCredentials].
func (x *Exchange) LogIn(c *Caller, password, given string) (token string, lifetime time.Duration, err error) {
	if c == nil || subtle.ConstantTimeCompare([]byte(password), []byte(given)) == 0 {
		return "", 0, BadCredentials.Because("email and password do not belong together")
	}
	s := x.server.sessions
	var secret [16]byte
	_, _ = rand.Read(secret[:]) // never fails
	fresh := &session{number: s.next.Add(1) - 1, secret: hex.EncodeToString(secret[:]), caller: c, expires: x.arrived.Add(s.lifetime)}
	s.slot(fresh.number).Store(fresh)
	return tokenPrefix.ID(fresh.number) + fresh.secret, s.lifetime, nil
}

// LogOut ends the request's own session.
func (x *Exchange) LogOut() {
	x.server.sessions.slot(x.session.number).CompareAndSwap(x.session, nil)
}

// find is the session of a token.
func (s *sessions) find(token string, now time.Time) (*session, *Problem) {
	const idLength = len(tokenPrefix) + state.IDDigits
	unknown := Unauthenticated.Because("the token is unknown: log in again")
	if len(token) <= idLength {
		return nil, unknown
	}
	number, valid := tokenPrefix.Number(token[:idLength])
	if !valid {
		return nil, unknown
	}
	found := s.slot(number).Load()
	if found == nil || found.number != number || subtle.ConstantTimeCompare([]byte(found.secret), []byte(token[idLength:])) == 0 {
		return nil, unknown
	}
	if now.After(found.expires) {
		return nil, TokenExpired.Because("the token has expired: log in again")
	}
	return found, nil
}

// admit finds out who calls, and says why they may not.
func (s *Server) admit(x *Exchange) *Problem {
	if x.route.Permission == Open {
		return nil
	}
	if p := s.identify(x); p != nil {
		return p
	}
	if need := x.route.Permission; need != AnyToken && !x.caller.Rights[need] {
		return Forbidden.Because("%s %s needs the permission %s", x.route.Method, x.route.Path, need)
	}
	if x.session == nil {
		return nil
	}
	if wait := x.session.spend(x.route, s.sessions.rate, x.arrived); wait > 0 {
		return RateLimited.Because("too many requests: the next is answered in %d s", wait).with("Retry-After", strconv.Itoa(wait))
	}
	return nil
}

// challenge is the WWW-Authenticate of a 401, RFC 6750 section 3.
func (p *Problem) challenge() string {
	if p.Title == TokenExpired.Title {
		return `Bearer realm="swell", error="invalid_token"`
	}
	return `Bearer realm="swell"`
}

// identify reads the Authorization header.
func (s *Server) identify(x *Exchange) *Problem {
	header := x.Header("Authorization")
	if header == "" {
		guest := s.service.Guest
		if guest == nil || x.route.Permission == AnyToken || !guest.Rights[x.route.Permission] {
			return Unauthenticated.Because("%s %s needs a token: log in", x.route.Method, x.route.Path)
		}
		x.caller = guest
		return nil
	}
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return Unauthenticated.Because("the scheme of Authorization must be Bearer (got %q)", fmt.Sprintf("%.20s", scheme))
	}
	found, p := s.sessions.find(strings.TrimSpace(token), x.arrived)
	if p != nil {
		return p
	}
	x.session, x.caller = found, found.caller
	return nil
}

// bucket is a token bucket: it fills at a steady rate up to its size, and each
// request takes one.
type bucket struct {
	left float64
	seen time.Time
}

// take takes one at a moment, or returns the seconds until there is one.
func (b *bucket) take(size, perSecond float64, now time.Time) (wait int) {
	if d := now.Sub(b.seen).Seconds(); d > 0 {
		b.left, b.seen = min(size, b.left+d*perSecond), now
	}
	if b.left < 1 {
		return int(math.Ceil((1 - b.left) / perSecond))
	}
	b.left--
	return 0
}

// spend takes one request from the session's buckets; more than 0 are the
// seconds until it may come again.
func (s *session) spend(route *resource, rate int, now time.Time) (wait int) {
	if rate == 0 && route.Burst == 0 {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if route.Burst > 0 {
		wait = s.bucket(route, route.Burst, now).take(float64(route.Burst), 1, now)
	}
	if wait == 0 && rate > 0 {
		wait = s.bucket(nil, rate, now).take(float64(rate), float64(rate), now)
	}
	return wait
}

// bucket is the session's bucket of a route, full at first.
func (s *session) bucket(route *resource, size int, now time.Time) *bucket {
	if s.buckets == nil {
		s.buckets = map[*resource]*bucket{}
	}
	if s.buckets[route] == nil {
		s.buckets[route] = &bucket{left: float64(size), seen: now}
	}
	return s.buckets[route]
}
