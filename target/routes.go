package target

import (
	"errors"
	"net/http"
	"slices"
	"strings"
)

// endpoint computes the answer to one method of one resource. It writes
// nothing itself, so that answers can be logged, stored and replayed in one
// place. An error that is a *problem becomes that problem, any other a 500.
type endpoint func(*exchange) (answer, error)

// methods are the endpoints of a resource by HTTP method. GET implies HEAD.
type methods map[string]endpoint

// routes is the whole surface of the service.
func (s *Server) routes() *http.ServeMux {
	site := newSite()
	surface := map[string]methods{
		"/{$}":                                 {"GET": site.landing},
		"/static/{name}":                       {"GET": site.asset},
		"/healthz":                             {"GET": s.health},
		"/merchants":                           {"GET": s.listMerchants},
		"/merchants/{id}":                      {"GET": s.getMerchant},
		"/payments":                            {"GET": s.listPayments, "POST": s.once(s.createPayment)},
		"/payments/{id}":                       {"GET": s.getPayment, "PATCH": s.patchPayment},
		"/payment_intents":                     {"POST": s.once(s.createIntent)},
		"/payment_intents/{id}":                {"GET": s.getIntent},
		"/payment_intents/{id}/payment_method": {"POST": s.once(s.attachMethod)},
		"/payment_intents/{id}/confirm":        {"POST": s.once(s.confirmIntent)},
		"/payment_intents/{id}/receipt":        {"GET": s.getReceipt},
	}
	mux := http.NewServeMux()
	for pattern, m := range surface {
		mux.Handle(pattern, s.resource(m))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		x := w.(*exchange)
		x.write(x.answerFor(notFound.because("nothing is served at %s", r.URL.Path)))
	})
	return mux
}

// resource dispatches on the method. The mux would do that too, but its 405 is
// plain text. The mux is only ever called by ServeHTTP, with an exchange.
func (s *Server) resource(m methods) http.HandlerFunc {
	if get, ok := m["GET"]; ok {
		m["HEAD"] = get
	}
	allow := allowed(m)
	return func(w http.ResponseWriter, r *http.Request) {
		x := w.(*exchange)
		serve, ok := m[r.Method]
		if !ok {
			a := x.answerFor(methodNotAllowed.because("%s allows %s, not %s", r.URL.Path, allow, r.Method))
			x.write(a.with("Allow", allow))
			return
		}
		a, err := serve(x)
		if err != nil {
			a = s.answerForError(x, err)
		}
		x.write(a)
	}
}

// allowed is the value of the Allow header.
func allowed(m methods) string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// answerForError is the answer to an endpoint's error.
func (s *Server) answerForError(x *exchange, err error) answer {
	if p, ok := errors.AsType[*problem](err); ok {
		return x.answerFor(p)
	}
	s.logger.Error("request failed", "method", x.r.Method, "path", x.r.URL.Path, "error", err)
	return x.answerFor(internal.because("the server failed to answer"))
}

// health says that the process answers; there is nothing else it depends on.
func (s *Server) health(*exchange) (answer, error) {
	return ok([]byte(`{"status":"ok"}`)), nil
}
