// Package target serves small services to run load against, on fasthttp.
//
// It owns what such services share: routes, who may call them, RFC 9457
// problems, reading of bodies and queries, idempotency keys, rate limits, the
// knobs that make a service slow, faulty or short of capacity, an OpenAPI
// document made of the routes, static files, and an access log that shows what
// really arrived. What is served is a Service (package target/payment has one);
// what a service keeps is package target/state's. It owns neither storage nor
// TLS, and it is never imported outside app and tests.
//
// It is honest in what it answers: what it cannot understand it refuses rather
// than ignores. And it is cheap: a request costs less than half of what it costs
// the worker that sends it (docs/performance.md).
//
//	service := payment.New(payment.Options{People: everybody})
//	srv, err := target.New(service.Service(), target.Options{AccessLog: os.Stdout})
//	…
//	return srv.Serve(ctx, listener) // until ctx ends
package target
